"""A file in whose place something else stands once the run is planned."""

import os
import socket

import pytest

from ocr_tasks import storage
from ocr_tasks.archive import documents
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.errors import SourceChangedError
from tests import makers
from tests.archive.reading import MEMBERS, PAGES, PNGS, SPEC, read, told


def to_pipe(path):
    path.unlink()
    os.mkfifo(path)


def to_link(path):
    other = path.parent.parent / "elsewhere"
    path.rename(other)
    path.symlink_to(other)


def to_folder(path):
    path.unlink()
    path.mkdir()


def to_socket(path):
    path.unlink()
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(path))


SWAPS = pytest.mark.parametrize("swap", [to_pipe, to_link, to_folder, to_socket])
SOURCES = pytest.mark.parametrize(
    "data",
    [
        pytest.param(PNGS[0], id="image"),
        pytest.param(makers.tar(MEMBERS), id="tar"),
        pytest.param(makers.zip_of(MEMBERS), id="zip"),
    ],
)


def swapped(folder, swap, data):
    """The pages of a file that was swapped, and has its old time again."""
    url = makers.fill_folder(folder / "in", {"x": data})
    pages = list(list_pages(url, SPEC))
    before = (folder / "in/x").stat()
    swap(folder / "in/x")
    os.utime(folder / "in/x", ns=(before.st_atime_ns, before.st_mtime_ns))
    return pages


@SWAPS
@SOURCES
@pytest.mark.timeout(60)
def test_what_is_no_regular_file_any_more_is_not_read(tmp_path, swap, data):
    pages = swapped(tmp_path, swap, data)
    assert told(read(pages)) == ["E_CHANGED"] * len(pages)


@SWAPS
@pytest.mark.timeout(60)
def test_nor_is_it_read_in_pieces(tmp_path, swap, monkeypatch):
    monkeypatch.setattr(documents, "READ_BYTES", 10)
    assert told(read(swapped(tmp_path, swap, PNGS[0]))) == ["E_CHANGED"]


@SWAPS
@pytest.mark.timeout(60)
def test_nor_is_it_opened_while_the_run_is_planned(tmp_path, swap):
    swapped(tmp_path, swap, PNGS[0])
    uri = f"file://{tmp_path}/in/x"
    with pytest.raises(SourceChangedError):
        storage.read_bytes(uri, 0, 9, as_listed=True)
    with pytest.raises(SourceChangedError), storage.open_seekable(uri, as_listed=True):
        pass


def test_an_input_that_is_named_by_a_link_is_read(tmp_path):
    makers.fill_folder(tmp_path, {"in/x.png": PNGS[0]})
    (tmp_path / "folder").symlink_to(tmp_path / "in")
    (tmp_path / "file").symlink_to(tmp_path / "folder/x.png")
    for name in ("folder", "folder/x.png", "file"):
        assert told(read(list(list_pages(f"file://{tmp_path}/{name}", SPEC)))) == [PAGES[0].shape]


def test_a_link_to_nothing_is_nothing(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    assert not storage.exists(str(tmp_path / "link"))
