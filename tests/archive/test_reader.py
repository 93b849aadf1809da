"""Every expected page gets exactly one answer, in order."""

import shutil

import numpy as np
import pytest

from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.records import Page, PageFailure
from tests import makers
from tests.archive.decoding import CORNERS
from tests.archive.reading import CUT_JPEG, MEMBERS, NOISE, PAGES, PNGS, SPEC, read, told
from tests.archive.test_images_rungs import png_with
from tests.makers import difference

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
    return list(list_pages(makers.fill_folder(folder, files), SPEC))


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


@pytest.mark.parametrize(
    ("data", "spec", "degraded", "shape"),
    [
        pytest.param(
            png_with(b"tEXt", b"Comment\x00x", checksum=1),
            SPEC,
            "second_decoder",
            CORNERS.shape,
            id="only the second decoder reads it",
        ),
        pytest.param(
            makers.jpeg(CORNERS),
            DecodeSpec(max_pixels=700),
            "half_size",
            (20, 32, 3),
            id="large JPEG",
        ),
        pytest.param(
            makers.jpeg(CORNERS),
            DecodeSpec(max_pixels=200),
            "quarter_size",
            (10, 16, 3),
            id="larger",
        ),
        pytest.param(
            makers.blank_pdf([(288, 144)]),
            DecodeSpec(max_pixels=50_000),
            "75_dpi",
            (150, 300, 3),
            id="large PDF",
        ),
    ],
)
def test_a_page_that_fails_in_the_best_way_is_read_in_another(
    tmp_path, data, spec, degraded, shape
):
    (page,) = read(planned(tmp_path, {"x": data}), spec)
    assert page.facts.degraded == degraded
    assert page.facts.attempts > 1
    assert page.image.shape == shape
    frame = shape if degraded == "75_dpi" else CORNERS.shape
    assert (page.facts.height, page.facts.width) == frame[:2]


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


def test_pages_in_s3_are_read_as_those_on_disk(tmp_path, s3_endpoint):
    for name, data in MIXED.items():
        s3_endpoint.put(f"reading/{name}", data)
    remote = read(list(list_pages(s3_endpoint.uri("reading"), SPEC)))
    assert told(remote) == told(read(planned(tmp_path)))
