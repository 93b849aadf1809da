"""The table and the picture of a sweep."""

import cv2
import numpy as np
import pytest
from rich.console import Console

from ocr_tasks.training.sweep import Outcome, Stage, Trial
from ocr_tasks.training.sweep_report import draw_sweep, sweep_tables

FORGETTING = 0.005


def trial(rate, cer, retention_cer=0.01, lowest_cer=None):
    lowest = cer if lowest_cer is None else lowest_cer
    outcome = Outcome(3.0, 12.34, 1 - 4 * cer, cer, retention_cer, 0.01, lowest)
    return Trial(f"rate-{rate}", {"learning_rate": rate}, outcome)


KEPT, BEST = trial(0.0002, 0.13, lowest_cer=0.11), trial(0.001, 0.1055)
FORGOT = trial(0.002, 0.1, 0.03)
DIVERGED = Trial("rate-1", {"learning_rate": 1.0}, fault="the loss is [nan] at step 12")
RATES = Stage("learning_rate", (KEPT, BEST, FORGOT, DIVERGED), BEST)


def rows_of(stage):
    """The rows of a stage's table, their cells parted by ``|``."""
    console = Console(width=140, color_system=None)
    with console.capture() as shown:
        for table in sweep_tables([stage], FORGETTING):
            console.print(table)
    lines = [line for line in shown.get().splitlines() if line.startswith("│")]
    return ["|".join(cell.strip() for cell in line.strip("│").split("│")) for line in lines]


def test_a_row_says_what_a_trial_came_to_or_why_not():
    assert rows_of(RATES) == [
        "0.0002|0.1300|48.0%|0.0100|3|12.3|0.1100 had forgotten print",
        "0.001|0.1055|57.8%|0.0100|3|12.3|best",
        "0.002|0.1000|60.0%|0.0300|3|12.3|print is forgotten",
        "1.0||||||the loss is [nan] at step 12",
    ]


def test_a_best_of_an_option_before_has_a_row_of_its_own():
    worse = Trial("x", {"learning_rate": 0.001, "epochs": 20}, KEPT.outcome)
    rows = rows_of(Stage("epochs", (worse,), BEST))
    assert rows[-1] == "|0.1055|57.8%|0.0100|3|12.3|still the best: learning_rate=0.001"


@pytest.mark.parametrize(
    "stages",
    [
        pytest.param([RATES], id="one option"),
        pytest.param([RATES, RATES], id="two options"),
        pytest.param([Stage("learning_rate", (DIVERGED,), None)], id="all diverged"),
        pytest.param([Stage("learning_rate", (BEST,), BEST)], id="one trial"),
    ],
)
def test_the_picture_has_a_row_of_panels_for_each_option(stages):
    picture = cv2.imdecode(np.frombuffer(draw_sweep(stages, FORGETTING), np.uint8), 1)
    height, width = picture.shape[:2]
    assert (height // len(stages), width) == (280, 900)


def test_the_picture_shows_which_is_the_best():
    others = [
        draw_sweep([Stage("learning_rate", RATES.trials, best)], FORGETTING)
        for best in (KEPT, BEST, None)
    ]
    assert len(set(others)) == 3
