"""Local files that a listing can name and not look at."""

import errno
import os

import pytest

from ocr_tasks import storage
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from tests.makers import fill_folder

SPEC = DecodeSpec()
DENIED = pytest.mark.parametrize("number", [errno.EACCES, errno.ENAMETOOLONG])


@pytest.fixture
def deny(monkeypatch):
    """Has the system refuse to tell of files of a name, as root may ask of all."""

    def refuse(name, number):
        looked = os.lstat

        def look(path, **options):
            if str(path).endswith(name):
                raise OSError(number, os.strerror(number), path)
            return looked(path, **options)

        monkeypatch.setattr(os, "lstat", look)

    return refuse


@DENIED
def test_a_file_that_may_not_be_looked_at_is_told_and_the_rest_is_listed(tmp_path, deny, number):
    url = fill_folder(tmp_path, {"a": b"1", "b/hidden": b"2", "c": b"3"})
    deny("hidden", number)
    found = {
        item.uri.rsplit("/", 1)[1]: item.fault is not None for item in storage.list_objects(url)
    }
    assert found == {"a": False, "hidden": True, "c": False}


@DENIED
def test_a_file_that_may_not_be_looked_at_is_one_failed_page(tmp_path, deny, number):
    url = fill_folder(tmp_path, {"a": b"text", "b/hidden": b"2", "c": b""})
    deny("hidden", number)
    told = [(page.error_class, page.skipped) for page in list_pages(url, SPEC)]
    assert told == [("E_UNSUPPORTED", True), ("E_ACCESS", False), ("E_EMPTY", False)]
