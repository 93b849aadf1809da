"""The loss of differentiable binarisation, by hand where that can be."""

import numpy as np
import paddle
import pytest

from ocr_tasks.training.detection import loss as room
from ocr_tasks.training.detection.loss import (
    balanced_cross_entropy,
    db_loss,
    dice_loss,
    masked_l1,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves


def maps(*values):
    return [paddle.to_tensor(np.array(each, np.float32).reshape(1, 1, 1, -1)) for each in values]


def logit(share):
    return np.log(share / (1 - share))


def test_the_worst_of_the_background_counts_and_the_rest_does_not(monkeypatch):
    monkeypatch.setattr(room, "LEAST_BACKGROUND", 0)
    background = [0.9, 0.8, 0.7, 0.1, 0.2]
    logits, text, counts = maps(
        [logit(0.6), *map(logit, background)], [1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]
    )
    wanted = -np.log([0.6, 0.1, 0.2, 0.3]).sum() / 4  # three of the background for one of text
    assert float(balanced_cross_entropy(logits, text, counts)) == pytest.approx(wanted, rel=1e-4)


def test_what_does_not_count_is_neither_text_nor_background():
    logits, text, counts = maps([logit(0.6), 50, -50], [1, 0, 1], [1, 0, 0])
    wanted = -np.log(0.6)
    assert float(balanced_cross_entropy(logits, text, counts)) == pytest.approx(wanted, rel=1e-4)


def test_a_batch_without_text_still_learns_its_background():
    logits, text, counts = maps([logit(0.4)] * 4, [0] * 4, [1] * 4)
    wanted = -np.log(0.6)
    assert float(balanced_cross_entropy(logits, text, counts)) == pytest.approx(wanted, rel=1e-4)


def test_a_batch_in_which_nothing_counts_loses_nothing():
    logits, text, counts = maps([3.0], [0], [0])
    assert float(balanced_cross_entropy(logits, text, counts)) == 0


def test_a_threshold_is_compared_where_it_is_known():
    found, wanted, mask = maps([0.5, 0.5, 0.9], [0.7, 0.4, 0.3], [1, 1, 0])
    assert float(masked_l1(found, wanted, mask)) == pytest.approx(0.15, abs=1e-5)
    (nowhere,) = maps([0, 0, 0])
    assert float(masked_l1(found, wanted, nowhere)) == 0


@pytest.mark.parametrize(
    ("found", "loss"), [([1, 1, 0, 0], 0), ([0, 0, 1, 1], 1), ([1, 0, 0, 0], 1 / 3)]
)
def test_dice_is_the_share_that_is_not_common(found, loss):
    found, wanted, mask = maps(found, [1, 1, 0, 0], [1, 1, 1, 1])
    assert float(dice_loss(found, wanted, mask)) == pytest.approx(loss, abs=1e-5)


def test_a_perfect_answer_loses_next_to_nothing_and_a_wrong_one_much():
    text, counts, wanted, border = maps(
        [1, 1, 0, 0], [1, 1, 1, 1], [0.5, 0.7, 0.7, 0.3], [1, 1, 1, 0]
    )
    right, wrong = maps([20, 20, -20, -20], [-20, -20, 20, 20])
    assert float(db_loss(right, wanted, text, counts, wanted, border)) < 1e-4
    assert float(db_loss(wrong, wanted, text, counts, wanted, border)) > 50


def test_gradients_are_numbers_however_sure_the_network_is():
    text, counts, wanted, border = maps([1, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [1, 1, 1])
    logits, threshold = maps([-300, 300, 0], [0.9, 0.1, 0.5])
    logits.stop_gradient = threshold.stop_gradient = False
    db_loss(logits, threshold, text, counts, wanted, border).backward()
    for each in (logits, threshold):
        assert np.isfinite(each.grad.numpy()).all()
    assert (np.sign(logits.grad.numpy()).ravel()[:2] == [-1, 1]).all()
