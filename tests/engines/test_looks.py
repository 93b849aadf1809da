"""How often, and how wide, the lines of a page are read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.engines.looks import CHARACTER_WIDTH, NARROWEST, reading_of
from ocr_tasks.engines.votes import MOST_VOTERS, VOTERS
from ocr_tasks.records import LineText

HEAD, TAIL = 200, 50  # the grey of a strip's two ends, by which the crops tell how they are turned


def strip(width, upside_down=False):
    image = np.full((48, width, 3), HEAD, np.uint8)
    image[:, width // 2 :] = TAIL
    return np.ascontiguousarray(image[::-1, ::-1]) if upside_down else image


def stands_upright(crop):
    return crop[24, 2, 0] > (HEAD + TAIL) / 2


def read_through(strips, answer):
    """What a reading comes to, and every crop it asked for: (line, width, whether upright)."""
    reading = reading_of(strips)
    asked = []
    try:
        crops = next(reading)
        while True:
            assert crops, "it asked for nothing"
            assert all(crop.shape[1] % 32 == 0 for crop in crops.values())
            asked += [(line, crop.shape[1], stands_upright(crop)) for line, crop in crops.items()]
            crops = reading.send({line: answer(line, crop) for line, crop in crops.items()})
    except StopIteration as end:
        return end.value, asked


def surely(characters, confidence=0.99):
    """A recogniser that reads so many characters in what stands upright, and rubbish elsewhere."""

    def answer(line, crop):
        if stands_upright(crop):
            return LineText("x" * characters, confidence)
        return LineText("?", 0.5)

    return answer


def test_a_page_without_lines_asks_for_nothing():
    read, asked = read_through([], surely(10))
    assert (read.texts, read.upside_down, read.turned, asked) == ({}, False, frozenset(), [])


@given(st.lists(st.integers(1, 900), max_size=12))
def test_every_line_of_an_easy_page_is_read_once(widths):
    read, asked = read_through([strip(max(width, 40)) for width in widths], surely(5))
    assert sorted(line for line, *_ in asked) == list(range(len(widths)))
    assert read.texts.keys() == set(range(len(widths)))


def test_the_longest_lines_are_read_first_and_whole_and_the_others_as_wide_as_they_need():
    widths = [640, 320, 960, 800, 480]
    read, asked = read_through([strip(width) for width in widths], surely(36))
    assert [line for line, *_ in asked[:VOTERS]] == [2, 3, 0]
    assert [width for _, width, _ in asked[:VOTERS]] == [960, 800, 640]
    share = CHARACTER_WIDTH * 36 * VOTERS / (960 + 800 + 640)
    assert NARROWEST < share < 1
    squeezed = {line: width for line, width, _ in asked[VOTERS:]}
    assert squeezed == {4: -(-round(480 * share) // 32) * 32, 1: -(-round(320 * share) // 32) * 32}
    assert not read.upside_down


@pytest.mark.parametrize(
    ("characters", "confidence", "width"),
    [
        pytest.param(1, 0.99, 352, id="never further than the limit"),
        pytest.param(64, 0.99, 640, id="not where characters are narrow"),
        pytest.param(20, 0.85, 640, id="not where they cannot be counted"),
    ],
)
def test_how_far_lines_are_squeezed(characters, confidence, width):
    def answer(line, crop):
        return LineText("x" * characters, confidence)

    _, asked = read_through([strip(640)] * 4, answer)
    assert asked[3][:2] == (3, width)


@pytest.mark.parametrize(
    ("squeezed", "whole", "kept"),
    [(0.7, 0.95, "whole"), (0.9, 0.6, "squeezed"), (0.95, 0.99, "squeezed")],
    ids=["better whole", "worse whole", "no doubt"],
)
def test_what_is_read_with_doubt_when_squeezed_is_read_whole_and_the_surer_one_kept(
    squeezed, whole, kept
):
    def answer(line, crop):
        if line < VOTERS:
            return LineText("x" * 20, 0.99)
        if crop.shape[1] < 640:
            return LineText("squeezed", squeezed)
        return LineText("whole", whole)

    read, asked = read_through([strip(640)] * 4, answer)
    assert read.texts[3].text == kept
    assert len(asked) == (4 if squeezed > 0.92 else 5)


def test_a_page_that_reads_better_upside_down_is_turned_and_all_its_lines_with_it():
    read, asked = read_through([strip(640, upside_down=True)] * 5, surely(20))
    assert read.upside_down
    assert {text.text for text in read.texts.values()} == {"x" * 20}
    assert all(upright for *_, upright in asked[VOTERS:])
    assert len(asked) == 2 * VOTERS + 2
    assert read.turned == frozenset()


@pytest.mark.parametrize("confidence", [0.52, 0.6, 0.79])
def test_a_page_that_reads_badly_either_way_is_left_as_it_lies(confidence):
    read, _ = read_through([strip(640)] * 5, surely(20, confidence))
    assert not read.upside_down
    assert read.texts[4].confidence == confidence


@pytest.mark.parametrize(("others", "upside_down"), [(0.46, True), (0.36, False)])
def test_more_lines_of_a_hard_hand_are_asked_before_the_page_is_turned(others, upside_down):
    def answer(line, crop):
        turned = others if line >= VOTERS else 0.4
        return LineText("x", 0.4 if stands_upright(crop) else turned)

    read, asked = read_through([strip(640)] * 20, answer)
    assert read.upside_down == upside_down
    assert len(asked) == 20 + MOST_VOTERS
    assert sorted({line for line, *_ in asked}) == list(range(20))


@pytest.mark.parametrize("line", [0, 4], ids=["a voter", "another line"])
def test_a_line_upside_down_on_an_upright_page_is_turned_alone(line):
    strips = [strip(640 - number) for number in range(5)]
    strips[line] = strip(640 - line, upside_down=True)
    read, _ = read_through(strips, surely(20))
    assert (read.upside_down, read.turned) == (False, {line})
    assert read.texts[line].text == "x" * 20


def test_a_line_that_reads_badly_both_ways_keeps_what_it_read_first():
    def answer(line, crop):
        if line < 4:
            return LineText("x" * 20, 0.99)
        return LineText("as it lies", 0.5) if stands_upright(crop) else LineText("turned", 0.79)

    read, _ = read_through([strip(640)] * 5, answer)
    assert read.turned == frozenset()
    assert read.texts[4].text == "as it lies"


@given(st.permutations(range(6)), st.integers(5, 40))
def test_what_a_line_reads_does_not_depend_on_the_order_of_equal_lines(order, characters):
    widths = [640, 600, 560, 320, 200, 90]
    _, asked = read_through([strip(widths[place]) for place in order], surely(characters))
    by_width = sorted((widths[order[line]], width) for line, width, _ in asked)
    _, plain_asked = read_through([strip(width) for width in widths], surely(characters))
    assert by_width == sorted((widths[line], width) for line, width, _ in plain_asked)
