"""What lies in an archive: every object ends as at least one expected page."""

import os
import tarfile

import pytest

from ocr_tasks import storage
from ocr_tasks.archive import media
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.archive.shards import Manifest, ShardSpec, plan_shards
from ocr_tasks.errors import SettingsError
from ocr_tasks.storage import StoredObject
from tests import makers
from tests.archive.decoding import SPEC

PAGE = makers.draw_page(width=160)
OTHER = makers.draw_page(["other"], width=160)
PICTURE = makers.jpeg(PAGE)
THREE_PAGES = makers.pdf([PAGE, OTHER, PAGE])
TWO_FRAMES = makers.tiff_of([makers.image_of(PAGE), makers.image_of(OTHER)])


def listed(folder, **files):
    """The pages of a folder that holds just these files."""
    return list(list_pages(makers.fill_folder(folder, files), SPEC))


def one(folder, data, name="object"):
    """The single page that an object of these bytes is."""
    (page,) = listed(folder, **{name: data})
    return page


def test_folders_are_listed_to_their_depths_in_the_order_of_uris(tmp_path):
    names = ["b.jpg", "a/z.jpg", "a/b/c/d.jpg", "a b.jpg", "a-b.jpg", "Ä.jpg"]
    url = makers.fill_folder(tmp_path, dict.fromkeys(names, PICTURE))
    uris = [page.source_uri for page in list_pages(url, SPEC)]
    assert uris == sorted(f"{url}/{name}" for name in names)


def test_pages_come_in_the_order_of_object_member_and_page(tmp_path):
    pages = listed(
        tmp_path,
        **{
            "a.tar": makers.tar([("z.pdf", THREE_PAGES), ("b.jpg", PICTURE)]),
            "b.tif": TWO_FRAMES,
        },
    )
    assert [
        (page.source_uri[-5:], page.source_member, page.page_index, page.page_count)
        for page in pages
    ] == [
        ("a.tar", "z.pdf", 0, 3),
        ("a.tar", "z.pdf", 1, 3),
        ("a.tar", "z.pdf", 2, 3),
        ("a.tar", "b.jpg", 0, 1),
        ("b.tif", None, 0, 2),
        ("b.tif", None, 1, 2),
    ]


@pytest.mark.parametrize(
    ("name", "data", "media_type", "pages"),
    [
        pytest.param("scan.jpg", THREE_PAGES, media.PDF, 3, id="PDF named .jpg"),
        pytest.param("scan.png", PICTURE, media.JPEG, 1, id="JPEG named .png"),
        pytest.param("scan", TWO_FRAMES, media.TIFF, 2, id="TIFF without an extension"),
        pytest.param("scan.txt", makers.png(PAGE), media.PNG, 1, id="PNG named .txt"),
        pytest.param("scan.pdf", makers.tar([("a", PICTURE)]), media.JPEG, 1, id="tar named .pdf"),
        pytest.param("BM.dat", makers.tar([("BM.jpg", PICTURE)]), media.JPEG, 1, id="tar of BM"),
    ],
)
def test_content_decides_not_the_extension(tmp_path, name, data, media_type, pages):
    found = listed(tmp_path, **{name: data})
    assert [(page.media_type, page.page_count, page.error_class) for page in found] == [
        (media_type, pages, None)
    ] * pages


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"name;page\nx;1\n", "text/plain", id="text"),
        pytest.param(b"GIF89a" + bytes(20), "image/gif", id="GIF"),
        pytest.param(b"\x00\x01\x02\x03" * 9, "octet-stream", id="unknown bytes"),
        pytest.param(
            makers.zip_of([("[Content_Types].xml", b"<x/>"), ("word/media/a.jpg", PICTURE)]),
            "office",
            id="docx with a picture in it",
        ),
    ],
)
def test_what_is_no_scan_is_skipped_with_a_reason(tmp_path, data, reason):
    page = one(tmp_path, data)
    assert page.skipped
    assert page.error_class == "E_UNSUPPORTED"
    assert reason in page.error_message


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"", "E_EMPTY", id="no bytes"),
        pytest.param(bytes(10_240), "E_EMPTY", id="zeros, or a tar without members"),
        pytest.param(makers.tar([("a.jpg", bytes(5_000))]), "E_EMPTY", id="zeros in a tar"),
        pytest.param(b"%PDF-1.7 and nothing more", "E_BAD_PDF", id="broken PDF"),
        pytest.param(makers.drawn_pdf(user_password=True), "E_ENCRYPTED", id="encrypted PDF"),
        pytest.param(b"II*\x00" + b"\xff" * 200, "E_TRUNCATED", id="broken TIFF"),
        pytest.param(b"PK\x03\x04" + bytes(500), "E_BAD_ARCHIVE", id="broken zip"),
        pytest.param(b"\x1f\x8b" + bytes(500), "E_BAD_ARCHIVE", id="broken gzip"),
        pytest.param(makers.tar([("a", b"x")])[:300], "E_BAD_ARCHIVE", id="tar cut short"),
    ],
)
def test_what_cannot_be_opened_is_one_page_with_its_error(tmp_path, data, error):
    page = one(tmp_path, data)
    assert not page.skipped
    assert page.error_class == error
    assert page.error_message
    assert (page.page_index, page.page_count) == (0, 1)


def test_links_and_pipes_are_skipped_and_never_opened(tmp_path):
    url = makers.fill_folder(tmp_path, {"a.jpg": PICTURE})
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "nowhere.jpg").symlink_to(tmp_path / "no such file")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.jpg")
    pages = {page.source_uri.removeprefix(url + "/"): page for page in list_pages(url, SPEC)}
    assert sorted(pages) == ["a.jpg", "link.jpg", "loop", "nowhere.jpg", "pipe.jpg"]
    assert pages.pop("a.jpg").error_class is None
    for page in pages.values():
        assert page.skipped
        assert "not a regular file" in page.error_message


def test_a_name_that_is_not_utf8_is_stored_shown_and_read(tmp_path):
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.jpg"), "wb") as file:  # noqa: PTH118, PTH123
        file.write(PICTURE)
    (tmp_path / "café.jpg").write_bytes(PICTURE)
    pages = list(list_pages(str(tmp_path), SPEC))
    assert Manifest(plan_shards(pages, ShardSpec(), 1).read_all()).expected() == pages
    shown = {page.source_uri.rsplit("/", 1)[1]: page.raw_uri is None for page in pages}
    assert shown == {r"caf\xe9.jpg": False, "café.jpg": True}
    assert [page.image.shape for page in read_pages(pages, SPEC)] == [PAGE.shape] * 2


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(makers.tar([("a.jpg", PICTURE)]), id="tar"),
        pytest.param(makers.tar([("a.jpg", PICTURE)], "gz"), id="tar.gz"),
        pytest.param(makers.zip_of([("a.jpg", PICTURE)]), id="zip"),
    ],
)
def test_an_archive_within_an_archive_is_skipped(tmp_path, inner):
    pages = listed(tmp_path, outer=makers.zip_of([("inner", inner), ("b.jpg", PICTURE)]))
    assert [(page.source_member, page.skipped, page.error_class) for page in pages] == [
        ("inner", True, "E_UNSUPPORTED"),
        ("b.jpg", False, None),
    ]


def test_every_kind_of_member_has_its_row(tmp_path):
    entry = makers.tar_entry
    members = [
        (entry("a.jpg", len(PICTURE)), PICTURE),
        (entry("empty.jpg"), b""),
        (entry("folder", kind=tarfile.DIRTYPE), b""),
        (entry("link.jpg", kind=tarfile.SYMTYPE, target="a.jpg"), b""),
        (entry("device", kind=tarfile.CHRTYPE), b""),
        (entry("notes.txt", 5), b"hello"),
        (entry("bad.pdf", 9), b"%PDF-1.7\n"),
        (entry("doc.pdf", len(THREE_PAGES)), THREE_PAGES),
    ]
    pages = listed(tmp_path, **{"x.tar": makers.tar_of(members)})
    assert [(page.source_member, page.error_class, page.skipped) for page in pages] == [
        ("a.jpg", None, False),
        ("empty.jpg", "E_EMPTY", False),
        ("link.jpg", "E_UNSUPPORTED", True),
        ("device", "E_UNSUPPORTED", True),
        ("notes.txt", "E_UNSUPPORTED", True),
        ("bad.pdf", "E_BAD_PDF", False),
        *[("doc.pdf", None, False)] * 3,
    ]


def test_an_encrypted_member_is_named(tmp_path):
    (page,) = listed(tmp_path, **{"x.zip": makers.zip_with_password("a.jpg", PICTURE)})
    assert (page.source_member, page.error_class) == ("a.jpg", "E_UNSUPPORTED")
    assert "encrypted" in page.error_message


NOISE = makers.tiff(makers.draw_noise())
MEMBERS = [("a.jpg", PICTURE), ("b.tif", NOISE), ("c.jpg", PICTURE)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(makers.tar(MEMBERS)[: len(PICTURE) + 20_000], id="tar"),
        pytest.param(makers.tar(MEMBERS, "gz")[:20_000], id="tar.gz"),
    ],
)
def test_the_members_before_the_damage_are_listed_and_the_damage_has_a_row(tmp_path, data):
    pages = listed(tmp_path, archive=data)
    assert pages[0].source_member == "a.jpg"
    assert pages[0].error_class is None
    assert pages[-1].source_member is None
    assert pages[-1].error_class == "E_BAD_ARCHIVE"


def test_a_damaged_member_of_a_zip_does_not_hide_the_others(tmp_path):
    data = makers.zip_of(MEMBERS)
    pages = listed(tmp_path, archive=makers.damaged(data, at=data.index(b"b.tif") + 9_000))
    assert [(page.source_member, page.error_class) for page in pages] == [
        ("a.jpg", None),
        ("b.tif", "E_BAD_ARCHIVE"),
        ("c.jpg", None),
    ]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_content_at_two_places_is_two_pages(tmp_path):
    pages = listed(
        tmp_path,
        **{
            "a.jpg": PICTURE,
            "b/a.jpg": PICTURE,
            "c.tar": makers.tar([("a.jpg", PICTURE), ("a.jpg", PICTURE)]),
            "d.zip": makers.zip_of([("a.jpg", PICTURE), ("a.jpg", PICTURE)]),
            "e.pdf": THREE_PAGES,
        },
    )
    assert len(pages) == 2 + 2 + 2 + 3
    assert len({page.page_id for page in pages}) == len(pages)
    assert len({page.source_id for page in pages}) == len(pages) - 2


def test_ids_stay_the_same_from_one_listing_to_the_next(tmp_path):
    url = makers.fill_folder(tmp_path, {"a.tar": makers.tar(MEMBERS), "b.pdf": THREE_PAGES})
    assert [page.page_id for page in list_pages(url, SPEC)] == [
        page.page_id for page in list_pages(url, SPEC)
    ]


def test_a_single_object_is_an_input(tmp_path):
    url = makers.fill_folder(tmp_path, {"a.pdf": THREE_PAGES, "b.pdf": THREE_PAGES})
    assert {page.source_uri for page in list_pages(f"{url}/a.pdf", SPEC)} == {f"{url}/a.pdf"}


def test_nothing_at_all_is_refused(tmp_path):
    with pytest.raises(SettingsError):
        list(list_pages(str(tmp_path / "no such folder"), SPEC))


def test_thousands_of_objects_are_all_listed(tmp_path):
    url = makers.fill_folder(tmp_path, {f"{number:05d}.txt": b"x" for number in range(1_200)})
    assert len({page.page_id for page in list_pages(url, SPEC)}) == 1_200


def test_an_archive_in_s3_is_listed_as_it_is_on_disk(tmp_path, s3_endpoint):
    files = {"a.tar": makers.tar(MEMBERS), "b/c.tar.gz": makers.tar(MEMBERS, "gz")}
    files |= {"d.zip": makers.zip_of(MEMBERS), "e.pdf": THREE_PAGES, "f.tif": TWO_FRAMES}
    for name, data in files.items():
        s3_endpoint.put(f"listing/{name}", data)

    def told(url):
        return [
            (page.source_uri.removeprefix(url), page.source_member, page.page_index)
            for page in list_pages(url, SPEC)
        ]

    here = makers.fill_folder(tmp_path, files)
    assert told(s3_endpoint.uri("listing")) == told(here)
    assert storage.absolute(s3_endpoint.uri("listing")) == s3_endpoint.uri("listing")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(makers.tar({}), id="tar"),
        pytest.param(makers.tar({}, "gz"), id="compressed tar"),
        pytest.param(makers.zip_of({}), id="zip"),
    ],
)
def test_an_archive_without_files_is_a_row_of_its_own(tmp_path, data):
    (tmp_path / "empty").write_bytes(data)
    (page,) = list_pages(str(tmp_path), SPEC)
    assert page.error_class in {"E_EMPTY", "E_UNSUPPORTED"}  # an empty tar is 10 kB of zeros


def test_a_folder_that_may_not_be_listed_is_a_row_of_its_own(tmp_path, monkeypatch):
    closed = StoredObject(f"file://{tmp_path}/closed", 0, "", False, is_closed=True)
    monkeypatch.setattr(storage, "list_objects", lambda url: iter([closed]))
    (page,) = list_pages(str(tmp_path), SPEC)
    assert (page.error_class, page.skipped) == ("E_ACCESS", False)
