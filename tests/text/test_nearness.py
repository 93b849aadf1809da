"""Texts that are nearly the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from ocr_tasks.text.nearness import SHORTEST, is_near, near_candidates

few_letters = st.text("ab", min_size=SHORTEST - 2, max_size=SHORTEST + 4)


@given(few_letters, few_letters)
def test_long_texts_are_near_if_and_only_if_they_are_at_most_one_edit_apart(one, other):
    long = min(len(one), len(other)) >= SHORTEST
    assert is_near(one, other) == (long and Levenshtein.distance(one, other) <= 1)


@given(st.lists(few_letters, max_size=8))
def test_any_two_near_texts_stand_in_one_set_of_candidates(texts):
    together = {
        (first, second)
        for indices in near_candidates(texts)
        for first in indices
        for second in indices
        if first < second
    }
    for second, text in enumerate(texts):
        for first in range(second):
            assert not is_near(texts[first], text) or (first, second) in together


@pytest.mark.parametrize("indices", near_candidates(["a long sentence"] * 3 + ["short"] * 3))
def test_candidates_rise_and_short_texts_are_none(indices):
    assert indices == [0, 1, 2]
