import math
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.engines.batching import CropPool
from ocr_tasks.errors import EngineBrokenError, InferenceError
from ocr_tasks.records import LineText


class Notebook:
    """A recogniser that notes its batches and reads the number that was written into a crop."""

    def __init__(self):
        self.batches = []

    def recognize(self, crops):
        self.batches.append(crops.shape)
        return [LineText(str(number_in(crop)), 1.0) for crop in crops]


class Unsure(Notebook):
    """One that gives crops of some numbers this confidence."""

    def __init__(self, confidence, of):
        super().__init__()
        self.confidence = confidence
        self.of = of

    def recognize(self, crops):
        texts = super().recognize(crops)
        return [
            replace(text, confidence=self.confidence) if int(text.text) in self.of else text
            for text in texts
        ]


class Picky(Notebook):
    """One that throws as soon as one of the crops bears a number it cannot bear."""

    def __init__(self, unbearable):
        super().__init__()
        self.unbearable = set(unbearable)

    def recognize(self, crops):
        texts = super().recognize(crops)
        if self.unbearable & {number_in(crop) for crop in crops}:
            raise RuntimeError("kernel failed")
        return texts


class Forgetful(Notebook):
    """One that leaves out the last answer of every batch of several."""

    def recognize(self, crops):
        texts = super().recognize(crops)
        return texts[:-1] if len(texts) > 1 else texts


def crop_of(number, width=32):
    crop = np.zeros((48, width, 3), np.uint8)
    crop[0, 0] = number // 256, number % 256, 0
    return crop


def number_in(crop):
    return int(crop[0, 0, 0]) * 256 + int(crop[0, 0, 1])


def read_all(recognizer, widths, batch_lines):
    """All answers for crops of these widths, numbered as they are added."""
    pool, answers = CropPool(recognizer, batch_lines), []
    for number, width in enumerate(widths):
        pool.put((number // 5, number), crop_of(number, width))
        answers += pool.read_full()
    return [*answers, *pool.read_all()]


widths_of_lines = st.lists(st.sampled_from([32, 64, 96, 3200]), max_size=40)


@given(widths_of_lines, st.integers(1, 9))
def test_every_ticket_is_answered_once_and_with_its_own_crop(widths, batch_lines):
    answers = read_all(Notebook(), widths, batch_lines)
    assert sorted((read.ticket, read.answer.text) for read in answers) == [
        ((number // 5, number), str(number)) for number in range(len(widths))
    ]


@given(widths_of_lines, st.integers(1, 9))
def test_only_crops_of_one_width_share_a_batch_and_none_is_read_twice(widths, batch_lines):
    notebook = Notebook()
    read_all(notebook, widths, batch_lines)
    for width in set(widths):
        sizes = [shape[0] for shape in notebook.batches if shape[2] == width]
        full, rest = divmod(widths.count(width), batch_lines)
        assert sorted(sizes, reverse=True) == [batch_lines] * full + [rest] * (rest > 0)


@given(widths_of_lines, st.integers(1, 9), st.sets(st.integers(0, 39), max_size=6))
def test_only_the_guilty_crop_is_a_fault_and_its_neighbours_are_read(
    widths, batch_lines, unbearable
):
    answers = read_all(Picky(unbearable), widths, batch_lines)
    assert len(answers) == len(widths)
    for read in answers:
        number = read.ticket[1]
        if number in unbearable:
            assert isinstance(read.answer, InferenceError)
            assert "RuntimeError: kernel failed" in str(read.answer)
        else:
            assert read.answer.text == str(number)


def test_a_batch_is_read_as_soon_as_it_is_full_and_not_before():
    notebook = Notebook()
    pool, answered = CropPool(notebook, 3), []
    for number in range(7):
        pool.put((0, number), crop_of(number))
        answered.append(len(list(pool.read_full())))
    assert answered == [0, 0, 3, 0, 0, 3, 0]
    assert len(list(pool.read_all())) == 1
    assert [shape[0] for shape in notebook.batches] == [3, 3, 1]


def test_what_is_put_in_while_answers_come_out_is_read_too():
    pool = CropPool(Notebook(), 2)
    for number in range(3):
        pool.put((0, number), crop_of(number))
    read = []
    for answer in pool.read_all():
        read.append(answer.ticket[1])
        if answer.ticket[1] < 20:
            pool.put((0, answer.ticket[1] + 10), crop_of(answer.ticket[1] + 10))
    assert sorted(read) == [0, 1, 2, 10, 11, 12, 20, 21, 22]


def test_an_empty_pool_has_nothing_to_read():
    pool = CropPool(Notebook(), 3)
    assert list(pool.read_all()) == []
    pool.put((0, 0), crop_of(0))
    assert list(pool.read_full()) == []
    assert len(list(pool.read_all())) == 1
    assert list(pool.read_all()) == []


@pytest.mark.parametrize(
    "confidence",
    [
        pytest.param(math.nan, id="not a number"),
        pytest.param(math.inf, id="infinite"),
        pytest.param(-0.01, id="below zero"),
        pytest.param(1.01, id="above one"),
        pytest.param(np.float32("nan"), id="not a number, from the network"),
    ],
)
def test_a_score_that_is_no_probability_is_the_fault_of_its_line_alone(confidence):
    answers = read_all(Unsure(confidence, of={1}), [32, 32], 2)
    faults = {read.ticket[1]: isinstance(read.answer, InferenceError) for read in answers}
    assert faults == {0: False, 1: True}
    assert "not a probability" in str(answers[1].answer)


def test_tries_count_how_often_a_line_was_read():
    answers = read_all(Picky({2}), [32, 32, 32, 64], 3)
    tries = {read.ticket[1]: read.tries for read in answers}
    assert tries == {0: 2, 1: 2, 2: 2, 3: 1}


def test_a_recogniser_that_cannot_read_a_white_line_either_is_broken():
    class Dead(Notebook):
        def recognize(self, crops):
            raise RuntimeError("no kernel image is available")

    with pytest.raises(EngineBrokenError, match="no kernel image"):
        read_all(Dead(), [32, 32, 32], 2)


@pytest.mark.parametrize("confidence", [0.0, 0.5, 1.0, np.float32(1.0000001)])
def test_a_probability_is_none(confidence):
    (read,) = read_all(Unsure(confidence, of={0}), [32], 1)
    assert read.answer == LineText("0", confidence)


def test_an_answer_too_few_is_the_fault_of_no_line_that_can_be_read_alone():
    answers = read_all(Forgetful(), [32, 32, 32, 32], 4)
    assert sorted(read.answer.text for read in answers) == ["0", "1", "2", "3"]


def test_the_time_of_a_batch_is_shared_out_among_its_lines(monkeypatch):
    clock = count(0.0, 0.006)  # six milliseconds from each look to the next
    monkeypatch.setattr("ocr_tasks.engines.batching.time.perf_counter", lambda: next(clock))
    answers = read_all(Notebook(), [32, 32, 32], 3)
    assert [read.milliseconds for read in answers] == pytest.approx([2.0, 2.0, 2.0])
