"""The members of tars and zips: listed, and read again by their place."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from ocr_tasks.archive.media import HEAD_BYTES, sniff
from ocr_tasks.archive.members import OpenArchive
from ocr_tasks.archive.raster import ArchiveSpec
from ocr_tasks.errors import ArchivePathError, BadArchiveError, UnsupportedError
from tests import makers

NAMES_AND_BYTES = [("a.jpg", b"first"), ("sub/b.jpg", b"second!"), ("c d.jpg", b"")]


def opened(data):
    return OpenArchive(io.BytesIO(data), sniff(data[:HEAD_BYTES]), len(data), ArchiveSpec())


def read(archive, index):
    with archive.open(index) as file:
        return file.read()


ARCHIVES = pytest.mark.parametrize(
    "pack",
    [
        pytest.param(makers.tar, id="tar"),
        pytest.param(lambda members: makers.tar(members, "gz"), id="tar.gz"),
        pytest.param(lambda members: makers.tar(members, "bz2"), id="tar.bz2"),
        pytest.param(lambda members: makers.tar(members, "xz"), id="tar.xz"),
        pytest.param(makers.zip_of, id="zip"),
        pytest.param(lambda members: makers.zip_of(members, zipfile.ZIP_STORED), id="stored zip"),
    ],
)


@ARCHIVES
def test_members_come_in_the_archives_order_with_their_bytes(pack):
    archive = opened(pack(NAMES_AND_BYTES))
    listed = list(archive.members())
    assert [(member.name, member.size) for member in listed] == [
        (name, len(data)) for name, data in NAMES_AND_BYTES
    ]
    assert [read(archive, member.index) for member in listed] == [
        data for _, data in NAMES_AND_BYTES
    ]


@ARCHIVES
def test_members_can_be_read_in_any_order_by_someone_who_did_not_list(pack):
    data = pack(NAMES_AND_BYTES)
    places = {member.name: member.index for member in opened(data).members()}
    archive = opened(data)
    for name, content in reversed(NAMES_AND_BYTES):
        assert read(archive, places[name]) == content


@ARCHIVES
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_stay_two(pack):
    archive = opened(pack([("p.jpg", b"one"), ("q.jpg", b"between"), ("p.jpg", b"two")]))
    twins = [member for member in archive.members() if member.name == "p.jpg"]
    assert [read(archive, member.index) for member in twins] == [b"one", b"two"]


@ARCHIVES
def test_a_member_beyond_the_last_is_a_damaged_archive(pack):
    with pytest.raises(BadArchiveError):
        read(opened(pack(NAMES_AND_BYTES)), 99)


def test_a_plain_tars_offset_is_where_a_members_bytes_begin():
    data = makers.tar(NAMES_AND_BYTES)
    for member, (_, content) in zip(opened(data).members(), NAMES_AND_BYTES, strict=True):
        assert data[member.offset : member.offset + member.size] == content


@pytest.mark.parametrize("data", [makers.tar([("a", b"b")], "gz"), makers.zip_of([("a", b"b")])])
def test_what_is_compressed_has_no_offset(data):
    assert [member.offset for member in opened(data).members()] == [None]


def test_folders_are_no_members():
    folder = makers.tar_entry("sub", kind=tarfile.DIRTYPE)
    assert list(opened(makers.tar_of([(folder, b"")])).members()) == []
    assert list(opened(makers.zip_of([("sub/", b"")])).members()) == []


@pytest.mark.parametrize(
    "entry",
    [
        makers.tar_entry("x", kind=tarfile.SYMTYPE, target="/etc/passwd"),
        makers.tar_entry("x", kind=tarfile.LNKTYPE, target="a.jpg"),
        makers.tar_entry("x", kind=tarfile.CHRTYPE),
        makers.tar_entry("x", kind=tarfile.BLKTYPE),
        makers.tar_entry("x", kind=tarfile.FIFOTYPE),
    ],
    ids=["symbolic link", "hard link", "character device", "block device", "pipe"],
)
def test_links_and_devices_in_a_tar_are_named_but_not_read(entry):
    data = makers.tar_of([(makers.tar_entry("a.jpg", 3), b"abc"), (entry, b"")])
    first, second = opened(data).members()
    assert first.fault is None
    assert isinstance(second.fault, UnsupportedError)
    assert "not a regular file" in str(second.fault)
    assert second.offset is None


def test_a_link_in_a_zip_is_named_but_not_read():
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = 0o120777 << 16
    assert [
        "link" in str(member.fault)
        for member in opened(makers.zip_of([(link, b"/etc/passwd")])).members()
    ] == [True]


def test_an_encrypted_member_of_a_zip_is_named_but_not_read():
    archive = opened(makers.zip_with_password("a.jpg", b"secret"))
    assert [str(member.fault) for member in archive.members()] == ["encrypted in the zip"]
    with pytest.raises(BadArchiveError):
        read(archive, 0)


@pytest.mark.parametrize("pack", [makers.tar, makers.zip_of], ids=["tar", "zip"])
@pytest.mark.parametrize(
    ("name", "leads_out"),
    [
        pytest.param("../../etc/cron.d/x", True, id="it climbs"),
        pytest.param("a/../../x.jpg", True, id="it climbs further than it went down"),
        pytest.param("..\\..\\x.jpg", True, id="it climbs in Windows"),
        pytest.param("/../x.jpg", True, id="it climbs from the root"),
        pytest.param("..", True, id="it is the folder above"),
        pytest.param("/abs.jpg", False, id="it is absolute"),
        pytest.param("a/../b.jpg", False, id="it comes back"),
        pytest.param("..a.jpg", False, id="it begins with dots"),
    ],
)
def test_a_name_that_leads_out_of_its_archive_is_a_fault_and_still_a_name(pack, name, leads_out):
    (member,) = opened(pack([(name, b"x")])).members()
    assert member.name == name
    assert isinstance(member.fault, ArchivePathError) == leads_out
    assert (member.fault is None) != leads_out


def test_a_name_that_is_not_utf8_becomes_text_that_can_be_stored():
    for raw in (b"caf\xe9.jpg", b"\xff\xfe.jpg"):
        entry = makers.tar_entry(raw.decode("utf-8", "surrogateescape"), 1)
        (member,) = opened(makers.tar_of([(entry, b"x")])).members()
        assert member.name.encode("utf-8").decode("ascii") == member.name
        assert member.name.endswith(".jpg")


def test_names_of_any_script_are_kept():
    for pack in (makers.tar, makers.zip_of):
        (member,) = opened(pack([("reçu № 7 漢字.jpg", b"x")])).members()
        assert member.name == "reçu № 7 漢字.jpg"


LONG = makers.draw_noise().tobytes()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(makers.tar([("a", b"1"), ("b", LONG)])[:20_000], id="tar cut short"),
        pytest.param(makers.tar([("a", b"1"), ("b", LONG)], "gz")[:20_000], id="tar.gz cut short"),
        pytest.param(makers.tar([("a", b"1"), ("b", LONG)], "xz")[:20_000], id="tar.xz cut short"),
        pytest.param(makers.zip_of([("a", b"1"), ("b", LONG)])[:20_000], id="zip cut short"),
        pytest.param(
            makers.damaged(makers.tar([("a", LONG)], "xz"), at=20_000), id="tar.xz damaged"
        ),
        pytest.param(
            makers.damaged(makers.tar([("a", LONG)], "gz"), at=2, length=8), id="gzip header"
        ),
        pytest.param(b"\x1f\x8b\x08" + bytes(500), id="gzip of nothing"),
        pytest.param(b"PK\x05\x06", id="four bytes of a zip"),
    ],
)
def test_a_damaged_archive_says_so(data):
    with pytest.raises(BadArchiveError):
        list(opened(data).members())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(makers.damaged(makers.zip_of([("a", LONG)]), at=9_000), id="deflated zip"),
        pytest.param(
            makers.damaged(makers.zip_of([("a", LONG)], zipfile.ZIP_STORED), at=9_000),
            id="stored zip",
        ),
        pytest.param(
            makers.damaged(makers.zip_of([("a", LONG)], zipfile.ZIP_LZMA), at=9_000),
            id="LZMA zip",
        ),
        pytest.param(makers.tar([("a", LONG)])[:20_000], id="tar cut short"),
        pytest.param(makers.tar([("a", LONG)], "gz")[:20_000], id="tar.gz cut short"),
    ],
)
def test_a_member_that_is_damaged_says_so_as_it_is_read(data):
    with pytest.raises(BadArchiveError):
        read(opened(data), 0)
    with pytest.raises(BadArchiveError), opened(data).open(0) as file:
        file.read()


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(
    ("content", "what"),
    [(b"just a text" * 200, "text/plain"), (makers.png(makers.draw_corners()), "image/png")],
)
def test_a_compressed_file_that_is_no_tar_is_no_archive(compress, content, what):
    with pytest.raises(UnsupportedError, match=f"compressed {what}"):
        opened(compress(content))


WHOLE = makers.tar([(f"{name}.jpg", name.encode() * 700) for name in "abc"])
SECOND = 512 + 1024  # where the header of the second member begins: 700 bytes fill two blocks


@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress], ids=["", "gz", "xz"])
@pytest.mark.parametrize(
    ("data", "listed"),
    [
        pytest.param(WHOLE[: SECOND + 3] + b"?" + WHOLE[SECOND + 4 :], 1, id="a flipped byte"),
        pytest.param(WHOLE[:SECOND] + bytes(512) + WHOLE[SECOND + 512 :], 1, id="a lost header"),
        pytest.param(WHOLE[: SECOND + 100], 1, id="cut within a header"),
        pytest.param(WHOLE[:SECOND], 1, id="cut before a header"),
        pytest.param(WHOLE + WHOLE, 3, id="joined of two"),
    ],
)
def test_a_tar_that_does_not_end_where_its_listing_does_is_damaged(compress, data, listed):
    members = opened(compress(data)).members()
    assert len([next(members) for _ in range(listed)]) == listed
    with pytest.raises(BadArchiveError):
        next(members)


def test_a_tar_padded_with_zeros_is_whole():
    assert len(list(opened(WHOLE + bytes(100_000)).members())) == 3


def test_a_zip_joined_of_two_says_that_its_first_half_is_not_read():
    members = opened(makers.zip_of([("a", b"1")]) + makers.zip_of([("b", b"2")])).members()
    assert next(members).name == "b"
    with pytest.raises(BadArchiveError, match="joined"):
        next(members)
