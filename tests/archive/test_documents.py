"""The bytes of documents: whole, hashed, and held where a decoder may ask for them."""

import hashlib
import struct
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from ocr_tasks.archive import documents
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.archive.documents import StoredSource, stored_uri
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import BadArchiveError, SourceChangedError, StorageError
from tests import makers

SPEC = DecodeSpec()
NOISE = [makers.png(makers.draw_noise(150, 150, seed)) for seed in range(3)]
MEMBERS = [(f"{number}.png", data) for number, data in enumerate(NOISE)]
PACKED = {
    "a.tar": makers.tar(MEMBERS),
    "b.tar.gz": makers.tar(MEMBERS, "gz"),
    "c.zip": makers.zip_of(MEMBERS),
}


def planned(folder, files):
    return list(list_pages(makers.fill_folder(folder, files), SPEC))


@contextmanager
def source_of(page):
    with POOL.borrowed(SPEC) as decoder, ExitStack() as opened:
        yield StoredSource(stored_uri(page), decoder, opened)


def bytes_of(page):
    with source_of(page) as source, source.document(page) as document:
        data = document.file.seek(0) or document.file.read()
        assert document.size == len(data)
        assert document.sha256 == hashlib.sha256(data).hexdigest()
        return data


@pytest.fixture
def small_pieces(monkeypatch):
    """Has documents read and held in pieces much smaller than these are."""
    monkeypatch.setattr(documents, "READ_BYTES", 10_000)
    monkeypatch.setattr(documents, "IN_MEMORY_BYTES", 20_000)


@pytest.mark.parametrize("where", ["disk", "s3"])
def test_a_document_has_its_bytes_whichever_pieces_they_come_in(
    tmp_path, small_pieces, s3_endpoint, where
):
    files = PACKED | {"d.png": NOISE[0]}
    if where == "s3":
        for name, data in files.items():
            s3_endpoint.put(f"documents/{name}", data)
        pages = list(list_pages(s3_endpoint.uri("documents"), SPEC))
    else:
        pages = planned(tmp_path, files)
    assert [bytes_of(page) for page in pages] == [*NOISE * 3, NOISE[0]]


@pytest.mark.parametrize("name", PACKED)
def test_the_members_of_an_archive_can_be_had_in_any_order(tmp_path, name):
    pages = planned(tmp_path, {name: PACKED[name]})
    with source_of(pages[0]) as source:
        for number in (2, 0, 1, 1):
            with source.document(pages[number]) as document:
                assert document.sha256 == hashlib.sha256(NOISE[number]).hexdigest()


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(lambda path: path.unlink(), SourceChangedError, id="gone"),
        pytest.param(
            lambda path: path.write_bytes(makers.tar(MEMBERS[::-1])), SourceChangedError, id="other"
        ),
    ],
)
def test_an_archive_that_is_not_the_one_that_was_planned_is_not_read(tmp_path, name, change, error):
    pages = planned(tmp_path, {name: PACKED[name]})
    change(tmp_path / name)
    with pytest.raises(error):
        bytes_of(pages[1])


def test_a_member_that_is_damaged_is_an_error_and_its_neighbours_are_whole(tmp_path):
    data = PACKED["c.zip"]
    damaged = makers.damaged(data, at=data.index(b"1.png") + 9_000)
    pages = planned(tmp_path, {"c.zip": damaged})
    with source_of(pages[0]) as source:
        for number in (0, 1, 2):
            if number == 1:
                with pytest.raises(BadArchiveError), source.document(pages[number]):
                    pass
            else:
                with source.document(pages[number]) as document:
                    assert document.sha256 == hashlib.sha256(NOISE[number]).hexdigest()


@pytest.mark.parametrize("said", [100, 10**7])
def test_a_zip_that_lies_of_a_members_size_is_a_bad_archive(tmp_path, said):
    """Nothing has changed since the plan, which had the size from the same zip."""
    lie = bytearray(PACKED["c.zip"])
    struct.pack_into("<L", lie, lie.index(b"PK\x01\x02") + 24, said)
    first, second, _ = planned(tmp_path, {"c.zip": bytes(lie)})
    assert first.source_bytes == said
    with pytest.raises(BadArchiveError):
        bytes_of(first)
    assert bytes_of(second) == NOISE[1]


def test_a_member_that_is_longer_than_was_planned_is_a_change(tmp_path, monkeypatch):
    """Of stores that keep no versions it is all that shows."""
    monkeypatch.setattr(documents.storage, "version_of", lambda uri: "")
    pages = planned(tmp_path, {"c.zip": PACKED["c.zip"]})
    longer = [(name, data + data) for name, data in MEMBERS]
    (tmp_path / "c.zip").write_bytes(makers.zip_of(longer))
    with pytest.raises(SourceChangedError, match="when the run was planned"):
        bytes_of(replace(pages[1], source_version=""))


@pytest.mark.parametrize("name", ["d.png", *PACKED])
def test_no_place_to_hold_a_document_is_a_fault_of_the_moment(
    tmp_path, small_pieces, monkeypatch, name
):
    """As where the disk is full: then Python finds no folder for temporary files at all."""
    pages = planned(tmp_path, PACKED | {"d.png": NOISE[0]})
    (page, *_) = [page for page in pages if page.source_uri.endswith(name)]
    with source_of(page) as source:
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.setattr(tempfile, "_get_default_tempdir", no_folder)
        with pytest.raises(StorageError, match="temporary file"), source.document(page):
            pass
        monkeypatch.undo()
        with source.document(page) as document:
            assert document.sha256 == hashlib.sha256(NOISE[0]).hexdigest()


def no_folder():
    raise FileNotFoundError(2, "No usable temporary directory found")
