"""What PaddleOCR says while it trains, in its own words, understood."""

import math

import pytest

from ocr_tasks.training.paddlex.heard import Heard

STARTS = "[2026/11/22 03:39:26] ppocr INFO: train dataloader has 9 iters"
STEP = (
    "[2026/11/22 03:39:31] ppocr INFO: epoch: [{epoch}/3], global_step: {step}, lr: 0.000006, "
    "acc: 0.000000, norm_edit_dis: 0.016134, CTCLoss: 138.614868, NRTRLoss: 4.747280, "
    "loss: {loss}, avg_reader_cost: 0.42699 s, avg_batch_cost: 5.06288 s, avg_samples: 2.0, "
    "ips: 0.39503 samples/s, eta: {eta}"
)
READ = "[2026/11/22 03:40:13] ppocr INFO: cur metric, acc: 0.25, norm_edit_dis: 1.2e-06, fps: 1.7"
BEST = "[2026/11/22 03:40:13] ppocr INFO: best metric, acc: 0.9, norm_edit_dis: 0.9, best_epoch: 1"
FOUND = "ppocr INFO: cur metric, precision: 0.5, recall: 0.25, hmean: 0.333, fps: 9.1"


def heard_in(*lines):
    steps = []
    heard = Heard(steps.append)
    for line in lines:
        heard(line)
    return heard, steps


def test_steps_are_told_with_loss_and_time_left():
    step = STEP.format(epoch=2, step=12, loss="143.36", eta="0:01:40")
    _, (told,) = heard_in(STARTS, "eval model::  50%|####", step)
    assert (told.step, told.steps, told.loss, told.seconds_left) == (12, 27, 143.36, 100)
    assert math.isnan(told.evaluation.exact)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (READ, {"acc": 0.25, "norm_edit_dis": 1.2e-06}),
        (FOUND, {"precision": 0.5, "recall": 0.25, "hmean": 0.333}),
    ],
)
def test_evaluations_have_what_was_measured_and_when(line, wanted):
    step = STEP.format(epoch=2, step=18, loss="2.5", eta="0:00:00")
    heard, _ = heard_in(STARTS, step, line, BEST)
    (evaluation,) = heard.evaluations
    assert evaluation.pop("minutes") >= 0
    assert evaluation == {"epoch": 2, "step": 18, "loss": 2.5} | wanted


@pytest.mark.parametrize("eta", ["1 day, 0:00:10", "unknown"])
def test_a_time_left_that_is_not_understood_is_no_number(eta):
    _, (told,) = heard_in(STARTS, STEP.format(epoch=1, step=1, loss="1.0", eta=eta))
    assert math.isnan(told.seconds_left)


def test_a_loss_that_is_no_number_stays_out_of_the_result():
    step = STEP.format(epoch=1, step=9, loss="nan", eta="0:00:00")
    heard, (told,) = heard_in(STARTS, step, READ)
    assert math.isnan(told.loss)
    assert "loss" not in heard.evaluations[0]
