"""An object's version: one and the same from whichever side it is asked for."""

import os

import pytest

from ocr_tasks import storage
from ocr_tasks.archive import documents
from ocr_tasks.archive.listing import list_pages
from tests import makers
from tests.archive.reading import PAGES, PNGS, SPEC, read, told

TIMES = pytest.mark.parametrize("seconds", [0, -1.5, 1_700_000_000.123456789])


@TIMES
def test_a_local_file_has_one_version_whatever_its_time(tmp_path, seconds):
    file = tmp_path / "x"
    file.write_bytes(b"data")
    os.utime(file, (seconds, seconds))
    uri = f"file://{file}"
    (below,), (alone,) = storage.list_objects(str(tmp_path)), storage.list_objects(uri)
    assert below.version == alone.version == storage.version_of(uri) == str(file.stat().st_mtime)
    assert storage.read_whole(uri, 4, below.version) == b"data"


@TIMES
def test_a_file_is_read_whatever_its_time(tmp_path, seconds, monkeypatch):
    url = makers.fill_folder(tmp_path, {"a.png": PNGS[0], "b.pdf": makers.pdf(PAGES)})
    for file in tmp_path.iterdir():
        os.utime(file, (seconds, seconds))
    pages = list(list_pages(url, SPEC))
    for most in (documents.READ_BYTES, 10):
        monkeypatch.setattr(documents, "READ_BYTES", most)
        assert "E_CHANGED" not in told(read(pages))
