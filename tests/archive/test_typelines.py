"""Characters to lines: what stands side by side is one line, and columns are two."""

import numpy as np
import pytest

from ocr_tasks.archive.typelines import GUESSED, Characters, lines_of
from tests.archive.typeset import lines_in, rendered, text, typeset

COLUMNS = [
    [f"{side} column, line {number}, which has some words" for number in range(5)]
    for side in ("left", "right")
]


def characters(*pieces):
    """Characters ten wide and high, from (x, y) on, spaces too; "|" is one that was guessed."""
    placed = []
    for written, x, y in pieces:
        for letter in written:
            placed.append((letter.replace("|", GUESSED), x, y))
            x += 0 if letter == "|" else 10
    boxes = np.array([[x, y, x + 10, y + 10] for _, x, y in placed], np.float32)
    fine = np.ones(len(placed), np.bool_)
    written = "".join(letter for letter, _, _ in placed)
    return Characters(written, boxes.copy(), boxes, fine, fine, np.zeros((0, 4), np.float32))


def texts(*pieces, most=100):
    return sorted(line.text for line in lines_of(characters(*pieces), most))


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        pytest.param([("one", 0, 0), ("two", 0, 12)], ["one", "two"], id="one below the other"),
        pytest.param([("one two", 0, 0)], ["one two"], id="words of one piece"),
        pytest.param([("one| two ", 0, 0)], ["one two"], id="spaces are one"),
        pytest.param([("one\u00a0two", 0, 0)], ["one two"], id="a space that does not break"),
        pytest.param([("two", 32, 0), ("one", 0, 0)], ["one two"], id="parted by white alone"),
        pytest.param([("two", 31, 0), ("one", 0, 0)], ["onetwo"], id="hardly parted"),
        pytest.param([("two", 31, 0), ("one|", 0, 0)], ["one two"], id="parted by a guess alone"),
        pytest.param([("two", 40, 0), ("one", 0, 0)], ["one two"], id="far apart"),
        pytest.param([("two", 41, 0), ("one", 0, 0)], ["one", "two"], id="as far as columns"),
        pytest.param([("one|", 0, 0), ("two", 41, 0)], ["one", "two"], id="columns in order"),
        pytest.param([("one   two", 0, 0)], ["one two"], id="one line of the file, by its spaces"),
        pytest.param([("one ", 0, 0), ("two", 0, 12)], ["one", "two"], id="a space at the end"),
        pytest.param([("c", 20, 0), ("b", 10, 0), ("a", 0, 0)], ["abc"], id="letters out of order"),
        pytest.param([("hyphen-", 0, 0), ("ated", 0, 12)], ["ated", "hyphen-"], id="hyphens stay"),
        pytest.param([("x", 0, 0), ("2", 10, -4)], ["x2"], id="raised"),
        pytest.param([("e\u0301", 0, 0)], ["é"], id="letter and accent are one character"),
        pytest.param([("   ", 0, 0)], [], id="white space alone"),
    ],
)
def test_pieces_become_lines(pieces, lines):
    assert texts(*pieces) == sorted(lines)


def test_a_box_is_around_its_ink_and_half_the_type_at_least():
    found = characters(("...", 0, 0))
    found.ink[:] = [[2, 9, 4, 10], [12, 9, 14, 10], [22, 9, 24, 10]]
    (line,) = lines_of(found, 10)
    assert line.box(found).tolist() == [2, 2.5, 24, 10]


def test_more_pieces_than_there_may_be_are_none():
    pieces = [("a", 0, 20 * number) for number in range(5)]
    assert len(texts(*pieces, most=5)) == 5
    assert lines_of(characters(*pieces), 4) is None


@pytest.mark.parametrize("by_rows", [True, False], ids=["row by row", "column by column"])
def test_two_columns_are_read_one_after_the_other_however_the_file_has_them(by_rows):
    left, right = COLUMNS
    if by_rows:
        rows = zip(left, right, strict=True)
        content = b"".join(
            text([one], 20, 250 - 14 * number, 8) + text([other], 210, 250 - 14 * number, 8)
            for number, (one, other) in enumerate(rows)
        )
    else:
        content = text(left, 20, 250, 8, 14) + text(right, 210, 250, 8, 14)
    assert lines_in(typeset(content)) == left + right


def test_a_hyphen_that_ends_a_line_is_kept_and_the_word_not_joined():
    lines = ["Words may be hyphen-", "ated at the end of a line, as the well-", "known ones are."]
    assert lines_in(typeset(text(lines))) == lines


def test_words_of_a_line_that_are_set_one_by_one_are_parted_as_they_are_shown():
    content = text(["set one by one,"], 112) + text(["Words that are"], 30) + text(["far"], 330)
    found = rendered(typeset(content + text(["and more"], top=100))).embedded
    assert found.texts == ("Words that are set one by one,", "and more", "far")
