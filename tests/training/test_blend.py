"""How far to go from the first weights to the trained ones."""

import numpy as np
import pytest

from ocr_tasks.training.blend import SHARES, blended, keeping, walked
from ocr_tasks.training.progress import LineEvaluation

MOST = 0.02  # the error rate on print that is borne


def evaluation(cer, retention_cer, share=1.0):
    return LineEvaluation(8, 2.0, 1.0, 1e-4, 0.5, 0.1, cer, retention_cer, share)


CASES = {
    "all keeps print and reads best": ((0.10, 0.02), [(0.11, 0.01)], 1.0),
    "less reads better": ((0.10, 0.02), [(0.09, 0.02), (0.08, 0.01), (0.09, 0.01)], 0.8),
    "as good at less goes on": ((0.10, 0.02), [(0.10, 0.02), (0.11, 0.02)], 1.0),
    "all forgets": ((0.10, 0.05), [(0.11, 0.03), (0.12, 0.02), (0.13, 0.01)], 0.8),
    "a lesser share that forgets does not count": (
        (0.10, 0.05),
        [(0.08, 0.03), (0.12, 0.02), (0.11, 0.02), (0.13, 0.02)],
        0.7,
    ),
    "every share forgets": ((0.10, 0.05), [(0.1, 0.04)] * len(SHARES), None),
}


@pytest.mark.parametrize(("trained", "blends", "kept"), CASES.values(), ids=CASES)
def test_the_way_is_walked_until_nothing_further_can_be_better(trained, blends, kept):
    pending = iter(blends)
    found = walked(evaluation(*trained), MOST, lambda s: evaluation(*next(pending), s))
    assert next(pending, None) is None, "a share more should have been tried"
    held = keeping(found, MOST)
    assert (min(held, key=lambda each: each.cer).share if held else None) == kept


def test_a_blend_lies_on_the_straight_way():
    begun = {"weight": np.array([[1.0, -2.0]], np.float32)}
    trained = {"weight": np.array([[3.0, 2.0]], np.float32)}
    np.testing.assert_array_equal(blended(begun, trained, 0.0)["weight"], begun["weight"])
    np.testing.assert_array_equal(blended(begun, trained, 1.0)["weight"], trained["weight"])
    half = blended(begun, trained, 0.5)["weight"]
    np.testing.assert_array_equal(half, np.array([[2.0, 0.0]], np.float32))
    assert half.dtype == np.float32
