"""A store that loses requests or refuses them: what fails a shard, and what a page."""

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from ocr_tasks import storage
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.errors import StorageError
from ocr_tasks.records import Page
from tests import makers
from tests.archive.reading import MEMBERS, NOISE, PNGS, SPEC, read, told


class FaultyFileSystem(MemoryFileSystem):
    """A store in memory of which whole requests can be lost."""

    protocol = "faulty"
    store = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012
    answers_left = None  # requests that are still answered; None: all
    error = OSError(5, "Input/output error")

    @classmethod
    def _strip_protocol(cls, path):
        return MemoryFileSystem._strip_protocol(path.replace("faulty://", "memory://"))

    @classmethod
    def answer(cls):
        if cls.answers_left is not None:
            if cls.answers_left == 0:
                raise cls.error
            cls.answers_left -= 1

    def cat_file(self, path, start=None, end=None, **kwargs):
        self.answer()
        return super().cat_file(path, start=start, end=end, **kwargs)

    def _open(self, path, mode="rb", **kwargs):
        file = super()._open(path, mode, **kwargs)
        return FaultyFile(file.getvalue()) if mode == "rb" else file


class FaultyFile:
    """A file of which every read is a request."""

    def __init__(self, data):
        self.data, self.position = data, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass

    def seek(self, offset, whence=0):
        self.position = offset + {0: 0, 1: self.position, 2: len(self.data)}[whence]
        return self.position

    def tell(self):
        return self.position

    def readinto(self, buffer):
        FaultyFileSystem.answer()
        part = self.data[self.position : self.position + len(buffer)]
        buffer[: len(part)] = part
        self.position += len(part)
        return len(part)


@pytest.fixture
def faulty(without_waits):
    fsspec.register_implementation("faulty", FaultyFileSystem, clobber=True)
    FaultyFileSystem.answers_left = None
    FaultyFileSystem.error = OSError(5, "Input/output error")
    yield FaultyFileSystem
    FaultyFileSystem.answers_left = None
    FaultyFileSystem.store.clear()
    FaultyFileSystem.clear_instance_cache()


SOURCES = pytest.mark.parametrize(
    "data",
    [
        pytest.param(PNGS[0], id="image"),
        pytest.param(makers.tiff(NOISE), id="TIFF"),
        pytest.param(makers.pdf([NOISE, NOISE]), id="PDF"),
        pytest.param(makers.tar(MEMBERS), id="tar"),
        pytest.param(makers.tar(MEMBERS, "gz"), id="tar.gz"),
        pytest.param(makers.tar(MEMBERS, "bz2"), id="tar.bz2"),
        pytest.param(makers.tar(MEMBERS, "xz"), id="tar.xz"),
        pytest.param(makers.zip_of(MEMBERS), id="zip"),
    ],
)


@SOURCES
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_request_that_is_lost_while_planning_fails_the_plan_and_no_page(faulty, data):
    storage.write("faulty://in/x", data)
    faulty.answers_left = 10_000
    good = list(list_pages("faulty://in", SPEC))
    requests = 10_000 - faulty.answers_left
    assert all(page.error_class is None for page in good)
    for answered in sorted({0, 1 % requests, requests // 2, requests - 1}):
        faulty.answers_left = answered
        with pytest.raises(StorageError):
            list(list_pages("faulty://in", SPEC))


@SOURCES
def test_a_request_that_is_lost_while_reading_fails_the_shard_and_no_page(faulty, data):
    storage.write("faulty://in/x", data)
    pages = list(list_pages("faulty://in", SPEC))
    faulty.answers_left = 10_000
    assert all(isinstance(answer, Page) for answer in read(pages))
    requests = 10_000 - faulty.answers_left
    for answered in range(requests):
        faulty.answers_left = answered
        with pytest.raises(StorageError):
            read(pages)


@pytest.mark.parametrize("number", [13, 1], ids=["EACCES", "EPERM"])
def test_an_object_the_store_will_not_give_is_a_row(faulty, number):
    storage.write("faulty://in/x", PNGS[0])
    pages = list(list_pages("faulty://in", SPEC))
    faulty.error, faulty.answers_left = PermissionError(number, "no"), 0
    assert told(read(pages)) == ["E_ACCESS"]
    assert [page.error_class for page in list_pages("faulty://in", SPEC)] == ["E_ACCESS"]
