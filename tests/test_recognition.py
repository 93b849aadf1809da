from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.records import DetectedLines, EmbeddedText, LineText, PageFailure, PageResult
from tests.toy_engine import (
    AS_RUN,
    ROW,
    Numbered,
    Striped,
    by_page,
    expected,
    striped,
    toy,
)


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


def test_a_page_that_brought_its_text_along_is_not_read():
    corners = np.array([[[5, y], [60, y], [60, y + 8], [5, y + 8]] for y in (40, 10)], np.float32)
    text = EmbeddedText(("second", "first"), corners)
    brought = replace(striped(1, 3), embedded=text)
    engine = toy(Striped({1}))  # which cannot bear that page
    answers = by_page(recognize_pages([striped(0, 1), brought, striped(2, 1)], engine, AS_RUN))
    assert [answers[f"p{number}"].embedded for number in range(3)] == [False, True, False]
    taken = answers["p1"]
    assert [line.text for line in taken.lines] == ["first", "second"]
    assert [line.line_index for line in taken.lines] == [1, 0]
    assert [line.reading_order for line in taken.lines] == [0, 1]
    assert [line.polygon.tolist() for line in taken.lines] == corners[::-1].tolist()
    assert (taken.det_ms, taken.rec_ms, taken.orientation_deg) == (0, 0, 0)
    assert taken.facts == brought.facts
