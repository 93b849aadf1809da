"""A toy engine: page number and line number are the colour of a line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.records import (
    DetectedLines,
    LineText,
    Page,
    PageFacts,
    PageFailure,
    PageResult,
)
from tests.makers import expected_page

AS_RUN = RecognitionSpec()
ROW = 48


class Striped:
    """Detects the stripes of a page made by ``striped``; throws on pages it cannot bear."""

    def __init__(self, unbearable=(), broken=()):
        self.unbearable = set(unbearable)
        self.broken = set(broken)

    def detect(self, page):
        number, rows = int(page[0, 0, 0]), len(page) // ROW - 1
        if number in self.unbearable:
            raise MemoryError("out of device memory")
        edge = np.nan if number in self.broken else page.shape[1]
        corners = [
            [[0, top], [edge, top], [edge, top + ROW], [0, top + ROW]]
            for top in range(ROW, ROW * (rows + 1), ROW)
        ]
        polygons = np.array(corners, np.float32).reshape(-1, 4, 2)
        return DetectedLines(polygons, np.full(rows, 0.9, np.float32))


class Numbered:
    """Reads page and line from the colour of a stripe; throws on lines it cannot bear."""

    def __init__(self, unbearable=(), answers=None):
        self.unbearable = set(unbearable)
        self.answers = answers or {}

    def recognize(self, crops):
        colours = [(int(crop[24, 4, 0]), int(crop[24, 4, 1])) for crop in crops]
        if self.unbearable & set(colours):
            raise ValueError("bad line")
        return [
            self.answers.get((page, line), LineText(f"page {page} line {line}", 0.99))
            for page, line in colours
        ]


def toy(detector=None, recognizer=None):
    info = load_engine(EngineSpec(kind="fake")).info
    return Engine(info, detector or Striped(), recognizer or Numbered())


def expected(number):
    return expected_page(number, page_id=f"p{number}")


def striped(number, lines, width=64):
    """A page of ``lines`` stripes below a head that bears its number."""
    image = np.zeros((ROW * (lines + 1), width, 3), np.uint8)
    image[:, :, 0] = number
    image[:, :, 1] = (np.arange(len(image)) // ROW - 1).clip(0)[:, np.newaxis]
    facts = PageFacts(width, len(image), "a" * 64, "b" * 64, None, None, 1, 0.0, 0.0)
    return Page(expected(number), facts, image)


def by_page(answers):
    answers = list(answers)
    found = {answer.expected.page_id: answer for answer in answers}
    assert len(found) == len(answers)
    return found


def unread(number):
    return PageFailure(expected(number), "decode", "E_TRUNCATED", "cut short", False)


page_kinds = st.lists(
    st.sampled_from(["none", "one", "several", "unread", "undetected", "nowhere", "unreadable"]),
    max_size=12,
)
specs = st.builds(RecognitionSpec, batch_lines=st.integers(1, 9), open_pages=st.integers(1, 5))


@given(page_kinds, specs, st.integers(0, 2))
def test_every_page_is_answered_once_and_alone_bears_its_fault(kinds, spec, guilty_line):
    lines_of = {"none": 0, "one": 1}
    pages = [
        unread(number) if kind == "unread" else striped(number, lines_of.get(kind, 3))
        for number, kind in enumerate(kinds)
    ]
    of_kind = {name: [n for n, kind in enumerate(kinds) if kind == name] for name in set(kinds)}
    engine = toy(
        Striped(of_kind.get("undetected", ()), broken=of_kind.get("nowhere", ())),
        Numbered((number, guilty_line) for number in of_kind.get("unreadable", ())),
    )
    answers = by_page(recognize_pages(pages, engine, spec))
    assert answers.keys() == {page.expected.page_id for page in pages}
    for number, kind in enumerate(kinds):
        answer = answers[f"p{number}"]
        if kind == "unread":
            assert answer is pages[number]
        elif kind in {"undetected", "nowhere", "unreadable"}:
            assert (answer.error_class, answer.stage) == ("E_INFERENCE", "recognise")
            assert answer.source_sha256 == "a" * 64
        else:
            assert isinstance(answer, PageResult)
            assert [line.text for line in answer.lines] == [
                f"page {number} line {line}" for line in range(lines_of.get(kind, 3))
            ]


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        pytest.param(
            toy(detector=Striped({1})),
            "the detector failed: MemoryError: out of device memory",
            id="detector",
        ),
        pytest.param(
            toy(recognizer=Numbered({(1, 2)})),
            "the recogniser failed: ValueError: bad line",
            id="recogniser",
        ),
    ],
)
def test_a_failure_says_which_part_failed_and_how(engine, message):
    pages = [striped(number, 3) for number in range(3)]
    answers = by_page(recognize_pages(pages, engine, AS_RUN))
    assert answers["p1"].message == message
    assert not isinstance(answers["p0"], PageFailure)
    assert not isinstance(answers["p2"], PageFailure)


@pytest.mark.parametrize("lines", [0, 1, 4])
@pytest.mark.parametrize("open_pages", [1, 3])
def test_never_more_than_open_pages_wait_for_their_answer(open_pages, lines):
    taken = 0

    def coming():
        nonlocal taken
        for number in range(10):
            taken += 1
            yield striped(number, lines)

    spec = RecognitionSpec(batch_lines=100, open_pages=open_pages)
    for answered, _ in enumerate(recognize_pages(coming(), toy(), spec), start=1):
        assert taken - answered < open_pages


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        pytest.param({(0, 1): LineText("a stain", 0.49)}, [0, 2], id="too doubtful"),
        pytest.param({(0, 1): LineText("", 0.0)}, [0, 2], id="no character"),
        pytest.param({(0, 1): LineText(" \u3000", 0.99)}, [0, 2], id="only white space"),
        pytest.param({(0, 1): LineText("faint", 0.5)}, [0, 1, 2], id="just sure enough"),
        pytest.param({(0, n): LineText("?", 0.1) for n in range(3)}, [], id="nothing is left"),
    ],
)
def test_lines_without_a_certain_text_are_dropped_and_the_rest_keep_their_index(answers, kept):
    engine = toy(recognizer=Numbered(answers=answers))
    (page,) = recognize_pages([striped(0, 3)], engine, RecognitionSpec(min_confidence=0.5))
    assert [line.line_index for line in page.lines] == kept
    assert [line.reading_order for line in page.lines] == list(range(len(kept)))


class Overlaid:
    """Detects two lines that begin in one place, of unlike length."""

    def detect(self, page):
        corners = [[[0, 0], [x, 0], [x, ROW], [0, ROW]] for x in (64, 128)]
        return DetectedLines(np.array(corners, np.float32), np.full(2, 0.9, np.float32))


@pytest.mark.parametrize("batch_lines", [1, 8])
def test_lines_in_one_place_keep_their_order_whichever_was_read_first(batch_lines):
    engine, spec = toy(detector=Overlaid()), RecognitionSpec(batch_lines=batch_lines)
    (page,) = recognize_pages([striped(0, 1, width=128)], engine, spec)
    assert [line.line_index for line in page.lines] == [0, 1]


def test_no_pages_have_no_answers():
    assert list(recognize_pages([], toy(), AS_RUN)) == []


def test_an_error_of_the_reader_is_not_taken_for_a_pages_fault():
    def broken():
        yield striped(0, 1)
        raise ConnectionError("the store went away")

    with pytest.raises(ConnectionError):
        list(recognize_pages(broken(), toy(), AS_RUN))
