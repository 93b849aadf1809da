"""Whose fault it is when an engine fails: nobody's, one page's, or the engine's own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.errors import EngineBrokenError
from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.records import DetectedLines, LineText, PageFailure, PageResult
from tests.toy_engine import AS_RUN, Numbered, Striped, by_page, striped, toy

FOREVER = 10**6


class Faulty:
    """A detector or recogniser that does ``harm`` to its answers in the calls ``at``, from 1."""

    def __init__(self, part, harm, at):
        self.part, self.harm, self.at = part, harm, at
        self.calls = 0

    def detect(self, page):
        return self._perhaps_harmed(self.part.detect(page))

    def recognize(self, crops):
        return self._perhaps_harmed(self.part.recognize(crops))

    def _perhaps_harmed(self, answer):
        self.calls += 1
        return self.harm(answer) if self.calls in self.at else answer


def no_memory(answer):
    raise MemoryError("cannot allocate")


def lost_device(answer):
    raise RuntimeError("CUDA failure 719: unspecified launch failure")


def nan_scores(found):
    return DetectedLines(found.polygons, found.scores * np.nan)


def nan_corners(found):
    return DetectedLines(found.polygons * np.nan, found.scores)


def score_too_few(found):
    return DetectedLines(found.polygons, found.scores[:-1])


def nan_confidence(texts):
    return [replace(text, confidence=float("nan")) for text in texts]


def text_too_few(texts):
    return texts[:-1]


HARMS = [
    *(("detector", harm) for harm in (no_memory, lost_device, nan_scores, nan_corners)),
    ("detector", score_too_few),
    *(("recogniser", harm) for harm in (no_memory, lost_device, nan_confidence, text_too_few)),
]
every_harm = pytest.mark.parametrize(
    ("part", "harm"), HARMS, ids=[f"{part}-{harm.__name__}" for part, harm in HARMS]
)


def faulty(part, harm, at):
    if part == "detector":
        return toy(detector=Faulty(Striped(), harm, at))
    return toy(recognizer=Faulty(Numbered(), harm, at))


def pages(count=6):
    return [striped(number, 3) for number in range(count)]


def texts(answers):
    return {
        name: [line.text for line in page.lines]
        for name, page in answers.items()
        if isinstance(page, PageResult)
    }


UNDISTURBED = texts(by_page(recognize_pages(pages(), toy(), AS_RUN)))


@every_harm
def test_an_engine_that_fails_once_costs_no_page_and_the_row_tells_of_the_second_try(part, harm):
    answers = by_page(recognize_pages(pages(), faulty(part, harm, at={2}), AS_RUN))
    assert texts(answers) == UNDISTURBED
    assert {answer.attempts for answer in answers.values()} == {1, 2}


@every_harm
@given(first=st.integers(1, 4), batch_lines=st.integers(1, 5))
def test_an_engine_that_fails_from_some_call_on_blames_no_page(part, harm, first, batch_lines):
    engine = faulty(part, harm, at=range(first, FOREVER))
    before = []
    with pytest.raises(EngineBrokenError) as broken:
        before.extend(recognize_pages(pages(), engine, RecognitionSpec(batch_lines=batch_lines)))
    assert broken.value.retryable
    assert not any(isinstance(answer, PageFailure) for answer in before)


@every_harm
def test_an_engine_that_never_works_blames_no_page(part, harm):
    with pytest.raises(EngineBrokenError):
        list(recognize_pages(pages(), faulty(part, harm, at=range(1, FOREVER)), AS_RUN))


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(toy(detector=Striped({3})), id="detector throws"),
        pytest.param(toy(detector=Striped(broken={3})), id="detector finds no number"),
        pytest.param(toy(recognizer=Numbered({(3, 1)})), id="recogniser throws"),
        pytest.param(
            toy(recognizer=Numbered(answers={(3, 1): LineText("?", float("nan"))})),
            id="recogniser is NaN-sure",
        ),
    ],
)
@pytest.mark.parametrize("batch_lines", [1, 4])
def test_a_page_that_fails_twice_is_blamed_and_its_neighbours_are_read(engine, batch_lines):
    answers = by_page(recognize_pages(pages(), engine, RecognitionSpec(batch_lines=batch_lines)))
    guilty = answers.pop("p3")
    assert isinstance(guilty, PageFailure)
    assert (guilty.error_class, guilty.stage, guilty.attempts) == ("E_INFERENCE", "recognise", 2)
    assert texts(answers) == {name: text for name, text in UNDISTURBED.items() if name != "p3"}


def test_the_message_of_a_broken_engine_says_how_it_failed_on_the_page_and_on_ours():
    engine = faulty("recogniser", lost_device, at=range(1, FOREVER))
    with pytest.raises(EngineBrokenError, match=r"CUDA failure 719.*; .*CUDA failure 719"):
        list(recognize_pages(pages(), engine, AS_RUN))


def test_an_engine_without_a_fault_reads_nothing_twice():
    detector = Faulty(Striped(), no_memory, at=())
    recognizer = Faulty(Numbered(), no_memory, at=())
    engine = toy(detector, recognizer)
    answers = list(recognize_pages(pages(4), engine, RecognitionSpec(batch_lines=3)))
    assert {answer.attempts for answer in answers} == {1}
    assert (detector.calls, recognizer.calls) == (4, 4)


class Hungry:
    """A detector that has memory for small pages alone."""

    def detect(self, page):
        if page.shape[0] * page.shape[1] > 1_000_000:
            raise MemoryError("cannot allocate")
        return Striped().detect(page)


def test_a_machine_without_memory_for_a_page_of_usual_size_is_broken_and_blames_no_page():
    large = striped(7, 30, width=1000)
    with pytest.raises(EngineBrokenError):
        list(recognize_pages([striped(0, 3), large], toy(detector=Hungry()), AS_RUN))
