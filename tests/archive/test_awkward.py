"""Files that broke other programs: each ends in pages or in a coded error.

The files are no part of the project, so these tests are skipped where they are not at hand.
"""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from ocr_tasks import errors
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.records import Page, PageFailure
from tests.archive.decoding import SPEC

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "awkward"
MANIFEST = FOLDER / "manifest.jsonl"
LINES = MANIFEST.read_text(encoding="utf-8").splitlines() if MANIFEST.exists() else []
FILES = [json.loads(line) for line in LINES]
CODES = {kind.code for kind in vars(errors).values() if isinstance(kind, type)}

pytestmark = [
    pytest.mark.skipif(not FILES, reason=f"there are no awkward files at {FOLDER}"),
    pytest.mark.timeout(60),
]


@cache
def answers_to(name):
    """What planning and reading make of a file."""
    return tuple(read_pages(list(list_pages(str(FOLDER / name), SPEC)), SPEC))


def files_that(wanted):
    """Parametrizes over the files of which ``wanted`` is so."""
    chosen = [entry for entry in FILES if wanted(entry)] or [{"file": "none"}]
    return pytest.mark.parametrize("entry", chosen, ids=lambda entry: entry["file"])


@files_that(lambda entry: True)
def test_every_file_ends_in_pages_or_in_coded_errors(entry):
    answers = answers_to(entry["file"])
    assert answers
    for answer in answers:
        if isinstance(answer, PageFailure):
            assert answer.error_class in CODES - {"E_INTERNAL", "E_PAGE"}
            assert answer.message
        elif answer.embedded is None:
            assert answer.image.shape == (answer.facts.height, answer.facts.width, 3)
        else:
            assert all(text.strip() for text in answer.embedded.texts)


@files_that(lambda entry: entry["expect"] == "clean error")
def test_what_is_broken_is_an_error_and_no_half_picture(entry):
    assert all(isinstance(answer, PageFailure) for answer in answers_to(entry["file"]))


@files_that(lambda entry: re.match(r"\d+ pages", entry["expect"]))
def test_all_pages_come(entry):
    answers = answers_to(entry["file"])
    assert len(answers) == int(entry["expect"].split()[0]) == entry["pages"]
    assert all(isinstance(answer, Page) for answer in answers)


@files_that(lambda entry: re.fullmatch(r"text|.*pages text|rotated|no crash", entry["expect"]))
def test_what_can_be_read_has_dark_and_light_pixels(entry):
    for answer in answers_to(entry["file"]):
        assert isinstance(answer, Page)
        if entry["file"] != "rotation.pdf":  # its pages hold next to nothing
            assert int(answer.image.max()) - int(answer.image.min()) > 100


@files_that(lambda entry: "password" in entry["kind"] and "error" in entry["expect"])
def test_what_wants_a_password_says_so(entry):
    assert [answer.error_class for answer in answers_to(entry["file"])] == ["E_ENCRYPTED"]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param("g4_orientation_6.tif", (88, 590), id="a TIFF is turned once"),
        pytest.param("panorama_24000x1200.png", (1200, 24_000), id="a very wide page is whole"),
    ],
)
def test_pages_have_the_size_a_viewer_shows(name, shape):
    (page,) = answers_to(name)
    assert page.image.shape[:2] == shape


def test_every_frame_of_a_tiff_is_a_page_and_a_loop_of_frames_ends():
    assert len(answers_to("multipage.tiff")) == 3
    assert len(answers_to("multipage_single_frame_loop.tiff")) == 1


def test_a_dark_scan_of_twelve_bits_is_as_light_as_paper():
    (page,) = answers_to("book_16bit_dark.tif")
    assert page.image.mean() > 200


def test_a_huge_page_is_rendered_as_large_as_it_may_be():
    (page,) = answers_to("hugemono.pdf")
    assert (page.facts.degraded, page.facts.dpi, page.facts.attempts) == ("75_dpi", 75, 3)
    assert page.image.shape[0] * page.image.shape[1] <= SPEC.max_pixels
