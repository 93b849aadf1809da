"""From the best class of every step to text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.text.ctc import decode_best_path, steps_needed

CHARSET = ("", "a", "b", "é", " ")


@pytest.mark.parametrize(
    ("classes", "text"),
    [
        pytest.param([1, 2, 3], "abé", id="one step a character"),
        pytest.param([1, 1, 1, 2, 2], "ab", id="a run is one character"),
        pytest.param([1, 0, 1], "aa", id="a blank parts two of a kind"),
        pytest.param([0, 0, 1, 0, 0], "a", id="blanks around"),
        pytest.param([1, 4, 2], "a b", id="a space"),
        pytest.param([0, 0, 0], "", id="nothing but blanks"),
        pytest.param([], "", id="no steps"),
    ],
)
def test_the_text_is_the_runs_without_blanks(classes: list[int], text: str) -> None:
    decoded, _ = decode_best_path(np.array(classes, np.int64), np.ones(len(classes)), CHARSET)
    assert decoded == text


def test_a_character_is_scored_at_its_first_step_and_blanks_are_not_scored() -> None:
    classes = np.array([0, 1, 1, 0, 2])
    scores = np.array([0.1, 0.8, 0.2, 0.1, 0.4], np.float32)
    _, confidence = decode_best_path(classes, scores, CHARSET)
    assert confidence == pytest.approx((0.8 + 0.4) / 2)


def test_a_line_without_characters_has_score_zero() -> None:
    assert decode_best_path(np.zeros(5, np.int64), np.ones(5), CHARSET) == ("", 0.0)


@given(
    characters=st.lists(st.integers(1, 4), max_size=30),
    data=st.data(),
)
def test_any_text_can_be_spelt_with_runs_and_blanks(
    characters: list[int], data: st.DataObject
) -> None:
    steps: list[int] = []
    for character in characters:
        needs_blank = bool(steps) and steps[-1] == character
        steps += [0] * data.draw(st.integers(int(needs_blank), 3))
        steps += [character] * data.draw(st.integers(1, 4))
    scores = np.full(len(steps), 0.5)
    text, confidence = decode_best_path(np.array(steps, np.int64), scores, CHARSET)
    assert text == "".join(CHARSET[character] for character in characters)
    assert confidence == (0.5 if characters else 0.0)


@given(st.text("ab", max_size=12))
def test_a_text_can_be_emitted_in_the_steps_it_needs_and_in_no_fewer(text: str) -> None:
    shortest: list[int] = []
    for character in text:
        index = CHARSET.index(character)
        shortest += [0, index] if shortest and shortest[-1] == index else [index]
    ones = np.ones(len(shortest))
    assert decode_best_path(np.array(shortest, np.int64), ones, CHARSET)[0] == text
    assert steps_needed(text) == len(shortest)
    for left_out in range(len(shortest)):
        fewer = np.array(shortest[:left_out] + shortest[left_out + 1 :], np.int64)
        assert decode_best_path(fewer, ones[1:], CHARSET)[0] != text
