"""Every expected page gets exactly one answer, in order."""

import shutil

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from ocr_tasks import storage
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.errors import StorageError
from ocr_tasks.records import Page, PageFailure
from tests import makers
from tests.makers import difference

SPEC = DecodeSpec(pdf_dpi=72)
PAGES = [makers.draw_page([word], width=160) for word in ("one", "two", "three")]
PNGS = [makers.png(page) for page in PAGES]
NOISE = makers.draw_noise()
CUT_JPEG = makers.jpeg(NOISE)[:5_000]
MEMBERS = [("a.png", PNGS[0]), ("b.pdf", makers.pdf(PAGES)), ("c.png", PNGS[1])]
MIXED = {
    "1.png": PNGS[0],
    "2.pdf": makers.pdf(PAGES),
    "3.tif": makers.tiff_of([makers.image_of(page) for page in PAGES]),
    "4.tar": makers.tar([*MEMBERS, ("cut.jpg", CUT_JPEG), ("text.txt", b"hello")]),
    "5.tar.gz": makers.tar(MEMBERS, "gz"),
    "6.zip": makers.zip_of(MEMBERS),
    "7.txt": b"no page at all",
    "8.jpg": CUT_JPEG,
    "9.png": b"",
}


def planned(folder, files=MIXED):
    return list(list_pages(makers.fill_folder(folder, files)))


def read(pages, spec=SPEC):
    return list(read_pages(pages, spec))


def told(answers):
    """The answers in short: the pixels' shape, or the error."""
    return [a.error_class if isinstance(a, PageFailure) else a.image.shape for a in answers]


def test_every_expected_page_gets_one_answer_in_order(tmp_path):
    pages = planned(tmp_path)
    answers = read(pages)
    assert [answer.expected for answer in answers] == pages
    assert len(pages) == 1 + 3 + 3 + 7 + 5 + 5 + 3
    failed = {
        a.expected.source_uri[-5:]: a.error_class for a in answers if isinstance(a, PageFailure)
    }
    assert failed == {
        "4.tar": "E_UNSUPPORTED",
        "7.txt": "E_UNSUPPORTED",
        "8.jpg": "E_TRUNCATED",
        "9.png": "E_EMPTY",
    }


def test_every_page_has_its_own_pixels(tmp_path):
    for answer in read(planned(tmp_path)):
        if isinstance(answer, Page):
            member = answer.expected.source_member
            number = {"a.png": 0, "c.png": 1}.get(member, answer.expected.page_index)
            assert difference(answer.image, PAGES[number]) < 4


def test_pixels_are_bgr_of_eight_bits_and_the_facts_describe_them(tmp_path):
    (page,) = read(planned(tmp_path, {"a.png": PNGS[0]}))
    assert page.image.dtype == np.uint8
    assert np.array_equal(page.image, PAGES[0])
    assert (page.facts.height, page.facts.width) == PAGES[0].shape[:2]
    assert page.facts.read_ms >= 0
    assert page.facts.decode_ms > 0


def test_equal_pages_have_equal_pixel_digests_whatever_file_they_came_in(tmp_path):
    same = planned(tmp_path, {"a.png": PNGS[0], "b.bmp": makers.bmp(PAGES[0])})
    other = planned(tmp_path / "other", {"c.png": PNGS[1]})
    first, second, third = read(same + other)
    assert first.facts.image_sha256 == second.facts.image_sha256 != third.facts.image_sha256
    assert first.facts.source_sha256 != second.facts.source_sha256


@pytest.mark.parametrize("first", [1, 5, 12, 20])
def test_a_shard_may_begin_in_the_midst_of_a_document(tmp_path, first):
    pages = planned(tmp_path)
    whole, part = read(pages), read(pages[first:])
    assert told(part) == told(whole[first:])


PAGE_SHAPE = PAGES[0].shape
ARCHIVES = pytest.mark.parametrize(
    "pack",
    [makers.tar, lambda members: makers.tar(members, "gz"), makers.zip_of],
    ids=["tar", "tar.gz", "zip"],
)


@ARCHIVES
def test_a_corrupt_page_does_not_hurt_its_neighbours(tmp_path, pack):
    members = [
        ("1.png", PNGS[0]),
        ("2.png", makers.damaged(makers.png(NOISE), at=9_000)),
        ("3.png", PNGS[1]),
        ("4.jpg", CUT_JPEG),
        ("5.bmp", b"BM" + bytes(12) + b"\x28" + bytes(90)),
        ("6.png", PNGS[2]),
    ]
    assert told(read(planned(tmp_path, {"x": pack(members)}))) == [
        PAGE_SHAPE,
        "E_NOT_IMAGE",
        PAGE_SHAPE,
        "E_TRUNCATED",
        "E_NOT_IMAGE",
        PAGE_SHAPE,
    ]


def test_too_large_a_page_does_not_hurt_its_neighbours(tmp_path):
    frames = [makers.image_of(PAGES[0]), makers.image_of(NOISE), makers.image_of(PAGES[1])]
    limit = PAGE_SHAPE[0] * PAGE_SHAPE[1]
    answers = read(
        planned(tmp_path, {"x.tif": makers.tiff_of(frames)}), DecodeSpec(max_pixels=limit)
    )
    assert told(answers) == [PAGE_SHAPE, "E_TOO_LARGE", PAGE_SHAPE]


def test_a_damaged_member_of_a_zip_does_not_hurt_its_neighbours(tmp_path):
    data = makers.zip_of([("a.png", PNGS[0]), ("b.png", makers.png(NOISE)), ("c.png", PNGS[1])])
    data = makers.damaged(data, at=data.index(b"b.png") + 9_000)
    assert told(read(planned(tmp_path, {"x.zip": data}))) == [
        PAGE_SHAPE,
        "E_BAD_ARCHIVE",
        PAGE_SHAPE,
    ]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: path.unlink(), id="gone"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-9]), id="shorter"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes() + b"more"), id="longer"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[::-1]), id="same length"),
    ],
)
def test_an_object_that_changed_since_planning_is_not_read_as_if_nothing_happened(tmp_path, change):
    pages = planned(tmp_path, {"a.png": PNGS[0], "b.pdf": MIXED["2.pdf"], "c.png": PNGS[1]})
    change(tmp_path / "b.pdf")
    answers = read(pages)
    assert told(answers) == [PAGE_SHAPE, *["E_CHANGED"] * 3, PAGE_SHAPE]
    assert not any(answer.retryable for answer in answers if isinstance(answer, PageFailure))


@ARCHIVES
def test_an_archive_that_is_gone_changes_all_its_pages(tmp_path, pack):
    pages = planned(tmp_path, {"a": pack(MEMBERS), "b.png": PNGS[0]})
    (tmp_path / "a").unlink()
    assert told(read(pages)) == [*["E_CHANGED"] * 5, PAGE_SHAPE]


def test_a_whole_folder_that_is_gone_is_an_answer_for_every_page(tmp_path):
    pages = planned(tmp_path / "in", {"a.png": PNGS[0], "b.png": PNGS[1]})
    shutil.rmtree(tmp_path / "in")
    assert told(read(pages)) == ["E_CHANGED", "E_CHANGED"]


def test_what_planning_could_not_open_is_answered_without_reading_it(tmp_path):
    pages = planned(tmp_path, {"a.pdf": b"%PDF-1.4 broken", "b.txt": b"text"})
    shutil.rmtree(tmp_path)
    answers = read(pages)
    assert [(a.error_class, a.stage, a.message) for a in answers] == [
        (page.error_class, "plan", page.error_message) for page in pages
    ]


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
def faulty():
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
    good = list(list_pages("faulty://in"))
    requests = 10_000 - faulty.answers_left
    assert all(page.error_class is None for page in good)
    for answered in sorted({0, 1 % requests, requests // 2, requests - 1}):
        faulty.answers_left = answered
        with pytest.raises(StorageError):
            list(list_pages("faulty://in"))


@SOURCES
def test_a_request_that_is_lost_while_reading_fails_the_shard_and_no_page(faulty, data):
    storage.write("faulty://in/x", data)
    pages = list(list_pages("faulty://in"))
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
    pages = list(list_pages("faulty://in"))
    faulty.error, faulty.answers_left = PermissionError(number, "no"), 0
    assert told(read(pages)) == ["E_ACCESS"]
    assert [page.error_class for page in list_pages("faulty://in")] == ["E_ACCESS"]


def test_pages_in_s3_are_read_as_those_on_disk(tmp_path, s3_endpoint):
    for name, data in MIXED.items():
        s3_endpoint.put(f"reading/{name}", data)
    remote = read(list(list_pages(s3_endpoint.uri("reading"))))
    assert told(remote) == told(read(planned(tmp_path)))
