"""A local file that the disk cannot give: a row of its own, while the store answers."""

import errno
import os

import pytest

from ocr_tasks import faults
from ocr_tasks.archive import documents
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.errors import StorageError
from ocr_tasks.records import PageFailure
from ocr_tasks.stores import local
from tests import makers
from tests.archive.reading import MEMBERS, PAGES, PNGS, SPEC, read, told

SHAPE = PAGES[0].shape
OWN = pytest.mark.parametrize(
    "number", [errno.EIO, errno.EINVAL, errno.ESTALE, errno.ENODATA, errno.EUCLEAN]
)
SOURCES = pytest.mark.parametrize(
    "data",
    [
        pytest.param(PNGS[0], id="image"),
        pytest.param(makers.pdf(PAGES), id="PDF"),
        pytest.param(makers.tar(MEMBERS), id="tar"),
        pytest.param(makers.tar(MEMBERS, "gz"), id="tar.gz"),
        pytest.param(makers.zip_of(MEMBERS), id="zip"),
    ],
)


class BadFile:
    """A file of which the disk gives the first ``sound`` bytes alone."""

    def __init__(self, file, number, sound):
        self.file, self.number, self.sound = file, number, sound

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def _refuse(self, length):
        if length < 0 or self.file.tell() + length > self.sound:
            raise OSError(self.number, os.strerror(self.number))

    def read(self, length=-1):
        self._refuse(length)
        return self.file.read(length)

    def readinto(self, buffer):
        self._refuse(len(buffer))
        return self.file.readinto(buffer)


@pytest.fixture
def bad(monkeypatch, without_waits):
    """Has every read of files of a name fail, in a way and from a place on."""

    def fail(name, number, sound=0):
        opened = local.open_regular

        def open_bad(path):
            file = opened(path)
            return BadFile(file, number, sound) if path.endswith(name) else file

        monkeypatch.setattr(local, "open_regular", open_bad)
        monkeypatch.setattr(faults, "ATTEMPTS", 3)

    return fail


def fill(folder, data):
    return makers.fill_folder(folder, {"a.png": PNGS[0], "bad": data, "c.png": PNGS[1]})


@OWN
def test_a_file_that_cannot_be_looked_into_is_one_failed_page(tmp_path, bad, number):
    url = fill(tmp_path, PNGS[0])
    bad("bad", number)
    pages = list(list_pages(url, SPEC))
    assert [page.error_class for page in pages] == [None, "E_IO", None]
    answers = read(pages)
    assert told(answers) == [SHAPE, "E_IO", SHAPE]
    assert answers[1].retryable


@SOURCES
def test_a_file_that_breaks_off_while_it_is_looked_into_is_one_row_or_more(tmp_path, bad, data):
    url = fill(tmp_path, data)
    bad("bad", errno.EIO, sound=min(1_024, len(data) - 1))
    pages = list(list_pages(url, SPEC))
    assert "E_IO" in {answer for answer in told(read(pages)) if isinstance(answer, str)}
    assert told(read([pages[0], pages[-1]])) == [SHAPE, SHAPE]


@OWN
@SOURCES
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_cannot_be_read_is_a_row_for_each_of_its_pages(tmp_path, bad, number, data):
    pages = list(list_pages(fill(tmp_path, data), SPEC))
    bad("bad", number)
    answers = read(pages)
    assert told(answers) == [SHAPE, *["E_IO"] * (len(pages) - 2), SHAPE]
    for answer in answers:
        if isinstance(answer, PageFailure):
            assert (answer.stage, answer.retryable) == ("read", True)


def test_of_a_tar_the_members_that_can_be_read_are_read(tmp_path, bad):
    data = makers.tar(MEMBERS)
    pages = list(list_pages(fill(tmp_path, data), SPEC))
    bad("bad", errno.EIO, sound=pages[2].member_offset)
    assert told(read(pages)) == [SHAPE, SHAPE, *["E_IO"] * 4, SHAPE]


def test_an_archive_that_cannot_be_read_is_asked_for_once(tmp_path, bad, monkeypatch):
    pages = list(list_pages(fill(tmp_path, makers.zip_of(MEMBERS)), SPEC))
    bad("bad", errno.EIO)
    fail, opened = local.open_regular, []

    def count(path):
        opened.append(path)
        return fail(path)

    monkeypatch.setattr(local, "open_regular", count)
    read(pages)
    assert sum(path.endswith("bad") for path in opened) <= faults.ATTEMPTS


def test_a_long_file_that_breaks_off_is_a_row(tmp_path, bad, monkeypatch):
    pages = list(list_pages(fill(tmp_path, PNGS[0]), SPEC))
    monkeypatch.setattr(documents, "READ_BYTES", 100)
    bad("bad", errno.EIO, sound=300)
    assert told(read(pages)) == [SHAPE, "E_IO", SHAPE]


@pytest.mark.parametrize("number", [errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN])
def test_a_store_that_does_not_answer_is_no_page_s_fault(tmp_path, bad, number):
    url = fill(tmp_path, PNGS[0])
    pages = list(list_pages(url, SPEC))
    bad("bad", number)
    with pytest.raises(StorageError):
        list(list_pages(url, SPEC))
    with pytest.raises(StorageError):
        read(pages)


def test_nor_is_a_disk_of_which_not_even_the_folder_can_be_read(tmp_path, bad, monkeypatch):
    pages = list(list_pages(fill(tmp_path, PNGS[0]), SPEC))
    bad("bad", errno.EIO)

    def fail(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(StorageError):
        read(pages)


def test_a_file_of_which_the_disk_says_nothing_is_one_failed_page(tmp_path, bad, monkeypatch):
    url = fill(tmp_path, PNGS[0])
    bad("none", errno.EIO)
    looked = os.lstat

    def look(path, **options):
        if str(path).endswith("/bad"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return looked(path, **options)

    monkeypatch.setattr(os, "lstat", look)
    assert [page.error_class for page in list_pages(url, SPEC)] == [None, "E_IO", None]
