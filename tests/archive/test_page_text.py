"""What a decoder tells of a page's text is held against what a page can have."""

import math

import numpy as np
import pytest

from ocr_tasks.archive.page_text import (
    MAX_CHARACTERS,
    MAX_LINES,
    heard_text,
    polygons_of,
    told_text,
)
from ocr_tasks.records import EmbeddedText

WIDTH, HEIGHT = 90, 60
BOX = [1.5, 2.25, 80.0, 12.0]


def heard(*lines):
    return heard_text(list(lines), WIDTH, HEIGHT)


def test_what_is_told_is_what_is_heard():
    boxes = np.array([BOX, [0, 20, WIDTH, HEIGHT]], np.float32)
    text = EmbeddedText(("One line, and", "élan ≠ 漢字"), polygons_of(boxes))
    again = heard(*told_text(text))
    assert again.texts == text.texts
    assert (again.polygons == text.polygons).all()


def test_corners_go_clockwise_from_the_top_left():
    (corners,) = polygons_of(np.array([[1, 2, 9, 6]], np.float32)).tolist()
    assert corners == [[1, 2], [9, 2], [9, 6], [1, 6]]


def test_a_page_without_text_says_so():
    assert heard_text(None, WIDTH, HEIGHT) is None


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(["", *BOX], id="nothing"),
        pytest.param([" a", *BOX], id="white space around it"),
        pytest.param(["a\nb", *BOX], id="two lines"),
        pytest.param(["a\tb", *BOX], id="a tab"),
        pytest.param(["a\x00b", *BOX], id="a null"),
        pytest.param(["a\x1b[2Jb", *BOX], id="a terminal's command"),
        pytest.param(["a\u202eb", *BOX], id="a change of direction"),
        pytest.param(["a\ud800b", *BOX], id="half a character"),
        pytest.param(["a\ufffdb", *BOX], id="a replacement"),
        pytest.param(["a\ue000b", *BOX], id="private use"),
        pytest.param(["a\u2028b", *BOX], id="a line separator"),
        pytest.param([5, *BOX], id="a number"),
        pytest.param([["a"], *BOX], id="a list"),
        pytest.param(["a", *BOX[:3]], id="three sides"),
        pytest.param(["a", *BOX, 5], id="five sides"),
        pytest.param(["a"], id="no place"),
        pytest.param([], id="no line"),
        pytest.param("a", id="letters"),
        pytest.param(["a", -1, 2, 80, 12], id="left of the page"),
        pytest.param(["a", 1, 2, WIDTH + 1, 12], id="right of the page"),
        pytest.param(["a", 1, 2, 80, HEIGHT + 1], id="below the page"),
        pytest.param(["a", 80, 2, 1, 12], id="the wrong way round"),
        pytest.param(["a", 1, 12, 80, 12], id="without height"),
        pytest.param(["a", math.nan, 2, 80, 12], id="no number"),
        pytest.param(["a", 1, 2, math.inf, 12], id="endless"),
        pytest.param(["a", "x", 2, 80, 12], id="a side in words"),
    ],
)
def test_a_line_that_cannot_be_on_the_page_is_refused(line):
    with pytest.raises((ValueError, TypeError, LookupError)):
        heard(["fine", *BOX], line)


def test_more_text_than_a_page_may_have_is_refused():
    assert len(heard(*[["a", *BOX]] * MAX_LINES).texts) == MAX_LINES
    with pytest.raises(ValueError, match="lines"):
        heard(*[["a", *BOX]] * (MAX_LINES + 1))
    half = "x" * (MAX_CHARACTERS // 2)
    assert heard([half, *BOX], [half, *BOX]).texts == (half, half)
    with pytest.raises(ValueError, match="characters"):
        heard([half, *BOX], [half, *BOX], ["y", *BOX])
