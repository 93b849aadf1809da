"""Editors' marks, and what only looks like one."""

import pytest

from ocr_tasks.text.marks import editors_marks


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("the >old< house", [">old<"]),
        ("the >very old< house", [">very old<"]),
        (">a<", [">a<"]),
        ("⟦gone⟧", ["⟦", "⟧"]),
        ("M^r Smith", ["^"]),
        ("in ~~~ time", ["~~~"]),
        (">a< and >b<", [">a<", ">b<"]),
        ("a > b and c < d", []),
        ("5 > 3 < 4", []),
        ("<= and =>", []),
        ("~5 or ~~ 6", []),
        ("plain [text] (here) *", []),
    ],
)
def test_marks_are_found_and_arithmetic_is_none(text, marks):
    assert editors_marks(text) == marks
