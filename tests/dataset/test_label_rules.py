"""The labels of lines."""

import pytest

from ocr_tasks.dataset.image_rules import LimitSpec, size_findings
from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.label_rules import label_findings, steps_of
from ocr_tasks.dataset.rules import Place
from ocr_tasks.dataset.samples import LINES, PAGES, Sample

PLACE = Place("train", "train.txt", 1, "line.jpg")
LETTERS = frozenset("abcdefgh ^>é")


def label(text):
    return Sample(PLACE, text)


def facts(width, height):
    return ImageFacts(width, height, "a", b"", "")


def found(text, size=(480, 48), limits=None):
    known = facts(*size) if size else None
    each = label_findings(label(text), LETTERS, limits or LimitSpec(), known)
    return [(finding.rule.code, finding.message) for finding in each]


def codes(text, size=(480, 48)):
    return [code for code, _ in found(text, size)]


@pytest.mark.parametrize(
    ("width", "height", "steps"),
    [(320, 48, 40), (48, 48, 6), (47, 48, 5), (640, 96, 40), (100, 30, 20), (10_000, 48, 400)],
)
def test_a_line_has_a_step_for_eight_pixels_at_the_recognisers_height(width, height, steps):
    assert steps_of(width, height) == steps


@pytest.mark.parametrize(
    ("text", "width", "fits"),
    [
        ("abcdef", 48, True),
        ("abcdefg", 48, False),
        ("abcdd", 48, True),  # five characters and a blank
        ("abcddd", 48, False),
        ("aaa", 48, True),
        ("aaaa", 48, False),
    ],
)
def test_equal_neighbours_need_a_blank_between_them(text, width, fits):
    assert codes(text, (width, 48)) == ([] if fits else ["LABEL_LONGER_THAN_STEPS"])


def test_a_label_is_checked_without_its_image_too():
    assert codes("abz", None) == ["LABEL_OUTSIDE_DICT"]


def test_characters_outside_the_dictionary_are_named_with_their_number():
    ((code, message),) = found("axbxc€")
    assert code == "LABEL_OUTSIDE_DICT"
    assert message == "x (U+0078) 2 times, € (U+20AC) 1 times"


def test_a_character_that_nobody_sees_is_escaped_in_the_message():
    assert found("a\u200bb") == [("LABEL_OUTSIDE_DICT", "\\u200b (U+200B) 1 times")]


@pytest.mark.parametrize("text", ["", " ", "\u00a0\u3000"])
def test_spaces_alone_are_no_label(text):
    assert codes(text) == ["LABEL_EMPTY"]


def test_a_label_longer_than_the_limit_is_told():
    limits = LimitSpec(max_text_length=4)
    assert [code for code, _ in found("abcd", limits=limits)] == []
    assert [code for code, _ in found("abcde", limits=limits)] == ["LABEL_TOO_LONG"]


@pytest.mark.parametrize(
    ("width", "height", "text", "expected"),
    [
        (400, 48, "ab", []),
        (11, 48, "a", ["IMAGE_SMALL"]),
        (400, 11, "ab", ["IMAGE_SMALL"]),
        (48 * 66, 48, "ab", []),
        (48 * 67, 48, "ab", ["IMAGE_SHAPE"]),
        (48, 72, "ab", ["IMAGE_SHAPE"]),
        (48, 72, "1", []),
        (48, 71, "ab", []),
    ],
)
def test_lines_have_the_size_and_shape_of_lines(width, height, text, expected):
    each = size_findings(label(text), facts(width, height), LINES, LimitSpec())
    assert [finding.rule.code for finding in each] == expected


def test_pages_may_have_any_shape():
    assert list(size_findings(label("[]"), facts(400, 9_000), PAGES, LimitSpec())) == []
