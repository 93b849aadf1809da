"""Character and word errors, as sums that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.text.metrics import TextScore, score_of, total, wrong_pieces

texts = st.text(st.sampled_from("abc é"), max_size=12)
pairs = st.lists(st.tuples(texts, texts), max_size=6)


@pytest.mark.parametrize(
    ("label", "read", "edits", "word_edits", "exact", "but_spaces"),
    [
        pytest.param("salt", "salt", 0, 0, 1, 1, id="right"),
        pytest.param("salt", "malt", 1, 1, 0, 0, id="a changed character"),
        pytest.param("salt", "sal", 1, 1, 0, 0, id="a lost one"),
        pytest.param("salt", "saltt", 1, 1, 0, 0, id="one too many"),
        pytest.param("a salt", "asalt", 1, 2, 0, 1, id="a lost space"),
        pytest.param("a salt", "a\u00a0salt", 1, 0, 0, 0, id="another kind of space"),
        pytest.param("salt", "", 4, 1, 0, 0, id="nothing read"),
        pytest.param("", "", 0, 0, 1, 1, id="nothing to read"),
        pytest.param("", "salt", 4, 1, 0, 0, id="something where nothing is"),
        pytest.param("été", "e\u0301té", 2, 1, 0, 0, id="another normal form"),
    ],
)
def test_errors_of_a_line(label, read, edits, word_edits, exact, but_spaces):
    score = score_of(label, read)
    assert (score.edits, score.word_edits) == (edits, word_edits)
    assert (score.exact, score.exact_without_spaces) == (exact, but_spaces)
    assert (score.characters, score.words) == (len(label), len(label.split()))


def test_rates_are_of_all_characters_and_not_means_of_lines():
    both = score_of("a" * 10, "a" * 10) + score_of("bb", "")
    assert both.cer == pytest.approx(2 / 12)
    assert both.wer == pytest.approx(1 / 2)
    assert both.accuracy == pytest.approx(1 / 2)


def test_norm_edit_dis_is_paddleocrs():
    # As RecMetric computes it: 0 and 2/3 and 1/4 are the distances over the longer text.
    lines = [score_of("a b", "ab"), score_of("abc", "a"), score_of("abcd", "abc d e")]
    assert total(lines).norm_edit_dis == pytest.approx(1 - (0 + 2 / 3 + 1 / 5) / 3)
    assert total(lines).accuracy_without_spaces == pytest.approx(1 / 3)


def test_of_no_line_nothing_is_wrong_and_nothing_right():
    assert total([]) == TextScore()
    assert total([]).rates() == {
        "exact": 0.0,
        "exact_without_spaces": 0.0,
        "norm_edit_dis": 1.0,
        "cer": 0.0,
        "wer": 0.0,
    }


@given(pairs, pairs)
def test_the_score_of_two_sets_is_the_sum_of_their_scores(first, second):
    def score(lines):
        return total([score_of(*pair) for pair in lines])

    whole, parts = score(first + second), score(first) + score(second)
    assert whole.rates() == pytest.approx(parts.rates())
    assert (whole.edits, whole.words, whole.lines) == (parts.edits, parts.words, parts.lines)


@given(texts, texts)
def test_edits_are_a_distance(label, read):
    there, back = score_of(label, read), score_of(read, label)
    assert there.edits == back.edits
    assert (there.edits == 0) == (label == read)
    assert there.edits <= max(len(label), len(read))


@given(texts, texts)
def test_pieces_are_what_was_read_and_wrong_where_it_differs(label, read):
    pieces = wrong_pieces(label, read)
    assert "".join(piece for piece, _ in pieces) == read
    assert any(wrong for _, wrong in pieces) == (label != read)
    right = "".join(piece for piece, wrong in pieces if not wrong)
    assert len(right) <= len(label)
