"""Archives made to harm: they unpack to more than they may, or to what no honest one holds."""

import bz2
import gzip
import io
import struct
import tarfile
import zipfile

import pytest

from ocr_tasks.archive.media import HEAD_BYTES, sniff
from ocr_tasks.archive.members import RATIO_FREE_BYTES, OpenArchive
from ocr_tasks.archive.raster import ArchiveSpec
from ocr_tasks.errors import (
    ArchiveBombError,
    ArchivePathError,
    BadArchiveError,
    UnsupportedError,
)
from tests import makers

SPEC = ArchiveSpec(max_members=10, max_unpacked_gb=1e-3)  # 1 MB
MB = 1_000_000
END = bytes(2 * tarfile.BLOCKSIZE)


def opened(data, spec=SPEC):
    return OpenArchive(io.BytesIO(data), sniff(data[:HEAD_BYTES]), len(data), spec)


def header(name="x", size=0, kind=tarfile.REGTYPE, **fields):
    """A tar's header with fields as no packer writes them, by their offset in it."""
    block = bytearray(makers.tar_entry(name, 0, kind).tobuf(tarfile.GNU_FORMAT))
    block[124:136] = (0x80 if size >= 0 else 0xFF).to_bytes(1) + size.to_bytes(12, signed=True)[1:]
    for at, value in fields.items():
        offset = int(at.removeprefix("at"))
        block[offset : offset + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def overlapping_zip(count, data=bytes(100_000)):
    """A zip in whose list one member stands many times."""
    whole = makers.zip_of([("a", data)])
    first, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    listing = whole[first:end] * count
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(listing), first, 0)
    return whole[:first] + listing + tail


def lying_zip(size, data=bytes(100_000)):
    """A zip whose one member is said to have ``size`` bytes."""
    whole = bytearray(makers.zip_of([("a", data)]))
    struct.pack_into("<L", whole, whole.index(b"PK\x01\x02") + 24, size)
    return bytes(whole)


SPARSE = {"at483": b"\x80" + (5 << 40).to_bytes(11)}  # 5 TB of holes


@pytest.mark.parametrize(
    ("data", "listed"),
    [
        pytest.param(makers.zip_of([("a", bytes(1_000)), ("b", bytes(MB))]), 1, id="zip"),
        pytest.param(makers.tar([("a", bytes(1_000)), ("b", bytes(MB))], "gz"), 1, id="tar.gz"),
        pytest.param(makers.tar([("a", bytes(600_000))] * 2, "xz"), 1, id="tar.xz, in two parts"),
        pytest.param(overlapping_zip(11), 10, id="zip of one member eleven times"),
        pytest.param(lying_zip(0xFFFFFFFE), 0, id="zip that claims 4 GB"),
        pytest.param(header(size=1 << 62) + END, 0, id="tar that claims 4 EB"),
        pytest.param(
            header(kind=tarfile.GNUTYPE_SPARSE, **SPARSE) + END, 0, id="tar of a file of holes"
        ),
        pytest.param(gzip.compress(header(size=3 * MB) + bytes(9)), 0, id="tar.gz cut short"),
        pytest.param(makers.tar([(f"{n}", b"") for n in range(11)]), 10, id="too many members"),
        pytest.param(makers.zip_of([(f"{n}", b"") for n in range(11)]), 10, id="too many in a zip"),
        pytest.param(
            gzip.compress(header() + bytes(3 * MB)), 1, id="tar.gz with zeros without end"
        ),
        pytest.param(bz2.compress(header() + bytes(9 * MB)), 1, id="tar.bz2 of the kind"),
    ],
)
def test_a_bomb_is_refused_as_soon_as_it_shows(data, listed):
    members = opened(data).members()
    assert len([next(members) for _ in range(listed)]) == listed
    with pytest.raises(ArchiveBombError):
        next(members)


@pytest.mark.parametrize(
    ("unpacked", "ratio", "is_bomb"),
    [
        pytest.param(RATIO_FREE_BYTES, 2.0, False, id="little, however well packed"),
        pytest.param(RATIO_FREE_BYTES + 1, 2.0, True, id="much, packed too well"),
        pytest.param(RATIO_FREE_BYTES + 1, 1e9, False, id="much, packed well enough"),
    ],
)
def test_what_is_packed_too_well_is_a_bomb_if_it_is_much(unpacked, ratio, is_bomb):
    data = lying_zip(int(unpacked))
    members = opened(data, ArchiveSpec(max_ratio=ratio)).members()
    if is_bomb:
        with pytest.raises(ArchiveBombError):
            next(members)
    else:
        assert next(members).size == int(unpacked)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE, b"Z"])
@pytest.mark.parametrize("size", [-1, -512, -1024, -(1 << 40)])
def test_a_negative_size_does_not_lead_back_to_where_it_was_read(kind, size):
    """CVE-2025-8194; a member of no known kind would be listed for ever."""
    with pytest.raises(BadArchiveError):
        list(opened(header("a") + header(size=size, kind=kind) + END).members())


def test_a_member_that_is_cut_short_says_so_and_has_no_range():
    whole = makers.tar([("a", bytes(700)), ("b", bytes(90_000))])
    members = opened(whole[:20_000]).members()
    assert next(members).fault is None
    cut = next(members)
    assert isinstance(cut.fault, BadArchiveError)
    assert cut.offset is None
    with pytest.raises(BadArchiveError):
        next(members)


def test_no_more_is_read_of_a_member_than_its_entry_says():
    archive = opened(lying_zip(100))
    (member,) = archive.members()
    taken = []
    with pytest.raises(BadArchiveError), archive.open(member.index) as file:
        taken.extend(iter(lambda: file.read(30), b""))
    assert sum(map(len, taken)) <= 100


HOSTILE_NAMES = [
    "a b.png",
    "two\nlines.png",
    "tab\there.png",
    "$(touch x);`id`|&.png",
    "-rf",
    "'\"\\.png",
    "caf\udce9.png",
    "\u202egnp.a",
    "x" * 300 + ".png",
]


def test_names_of_a_tar_are_only_names():
    members = list(opened(makers.tar([(name, b"x") for name in HOSTILE_NAMES])).members())
    assert [member.fault for member in members] == [None] * len(HOSTILE_NAMES)
    expected = [name.replace("\udce9", r"\xe9") for name in HOSTILE_NAMES]
    assert [member.name for member in members] == expected


def test_names_of_a_zip_are_only_names():
    names = [name for name in HOSTILE_NAMES if name.isprintable() or "\n" in name]
    members = list(opened(makers.zip_of([(name, b"x") for name in names])).members())
    assert [(member.name, member.fault) for member in members] == [(name, None) for name in names]


@pytest.mark.parametrize(
    "kind",
    [0o010000, 0o020000, 0o060000, 0o120000, 0o140000],
    ids=["pipe", "char", "block", "link", "socket"],
)
def test_what_is_no_file_in_a_zip_is_named_and_not_read(kind):
    entry = zipfile.ZipInfo("x")
    entry.external_attr = (kind | 0o644) << 16
    (member,) = opened(makers.zip_of([(entry, b"/etc/passwd")])).members()
    assert isinstance(member.fault, UnsupportedError)


def test_a_folder_of_a_zip_that_has_bytes_is_a_file_and_none_without():
    """Only its name says that it is a folder, and no name is believed."""
    archive = opened(makers.zip_of([("sub/", b""), ("hidden.png/", b"bytes"), ("a", b"")]))
    first, second = archive.members()
    assert (first.name, first.size, first.fault) == ("hidden.png/", 5, None)
    with archive.open(first.index) as file:
        assert file.read() == b"bytes"
    assert second.name == "a"


def test_a_folder_of_a_zip_that_lies_of_its_size_is_listed():
    whole = bytearray(makers.zip_of([("hidden.png/", b"bytes")]))
    struct.pack_into("<L", whole, whole.index(b"PK\x01\x02") + 24, 0)
    (member,) = opened(bytes(whole)).members()
    assert (member.name, member.size) == ("hidden.png/", 0)


def test_a_link_that_leads_out_of_its_archive_is_hostile_first():
    entry = makers.tar_entry("../x", kind=tarfile.SYMTYPE, target="/etc/passwd")
    (member,) = opened(makers.tar_of([(entry, b"")])).members()
    assert isinstance(member.fault, ArchivePathError)


def test_an_archive_of_nothing_but_folders_holds_nothing():
    folders = [(makers.tar_entry(f"{n}", kind=tarfile.DIRTYPE), b"") for n in range(50)]
    assert list(opened(makers.tar_of(folders)).members()) == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(header(size=5 * MB, kind=tarfile.XHDTYPE) + bytes(MB), id="a pax header"),
        pytest.param(header(size=5 * MB, kind=tarfile.GNUTYPE_LONGNAME) + bytes(MB), id="a name"),
        pytest.param(header(size=-5, kind=tarfile.XHDTYPE) + END, id="a negative pax header"),
    ],
)
def test_a_header_longer_than_the_archive_is_damage(data):
    with pytest.raises(BadArchiveError):
        list(opened(data).members())
