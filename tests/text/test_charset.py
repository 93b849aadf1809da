"""The alphabet of a model, in the order of its classes."""

import pytest

from ocr_tasks.text.charset import BLANK, charset_of, charset_sha256


def test_class_zero_is_the_blank_and_the_last_class_the_space() -> None:
    assert charset_of("a\nb\nc") == (BLANK, "a", "b", "c", " ")


@pytest.mark.parametrize(
    ("characters", "between"),
    [
        pytest.param("a\nb\n", ("a", "b"), id="newline at the end"),
        pytest.param("a\n\u2028\nb", ("a", "\u2028", "b"), id="a line separator is a character"),
        pytest.param("\x85\n\x0b", ("\x85", "\x0b"), id="so are other controls that split lines"),
        pytest.param("a\n \nb", ("a", " ", "b"), id="a space within keeps its place"),
        pytest.param("\u3000\n漢", ("\u3000", "漢"), id="a wide space is not stripped"),
        pytest.param("a\n\nb", ("a", "", "b"), id="an empty line within keeps its class"),
        pytest.param("", (), id="no dictionary"),
    ],
)
def test_only_newlines_part_the_dictionary(characters: str, between: tuple[str, ...]) -> None:
    assert charset_of(characters)[1:-1] == between


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("", "b", "a", " "), id="another order"),
        pytest.param(("", "a", "b"), id="a class less"),
        pytest.param(("", "ab", " "), id="two characters in one class"),
        pytest.param(("", "a", "", "b", " "), id="an empty class more"),
    ],
)
def test_another_alphabet_has_another_digest(other: tuple[str, ...]) -> None:
    assert charset_sha256(other) != charset_sha256(("", "a", "b", " "))


def test_equal_alphabets_have_equal_digests_in_every_release() -> None:
    # A digest stands in every row and manifest that was ever written, so it must not move.
    expected = "c3054f918a0de9fef48764a7949035b38b995f2c1c4155aef4af0e6597323565"
    assert charset_sha256(["", "a", "b", " "]) == expected
