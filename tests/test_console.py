"""Progress as it is shown: sets of lines one after the other, and trainings of a sweep."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.progress import Progress

from ocr_tasks import console
from ocr_tasks.console import ReadingProgress, TrainingProgress, finetune_progress


@pytest.fixture
def shown(monkeypatch):
    """What a log gets, or a terminal."""
    text = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=text, width=100))
    return text


def step(number, steps):
    evaluation = SimpleNamespace(on_val="exact 50.0%, CER 0.1000")
    return SimpleNamespace(
        step=number, steps=steps, loss=1.0, evaluation=evaluation, seconds_left=0.0
    )


def test_each_set_is_shown_from_its_first_line_to_its_last(shown):
    with finetune_progress() as (_, reading):
        for total in (3, 2):
            for done in range(1, total + 1):
                reading(done, total)
    lines = shown.getvalue().splitlines()
    assert [line for line in lines if line.startswith(("1 of", "3 of 3", "2 of 2"))] == lines
    assert lines[-1] == "2 of 2 lines"
    assert "3 of 3 lines" in lines


def test_a_terminal_has_a_bar_for_each_set():
    progress = Progress(console=Console(file=io.StringIO()))
    reading = ReadingProgress("lines", progress)
    for done, total in ((1, 8), (8, 8), (1, 4), (4, 4)):
        reading(done, total)
    assert [(task.completed, task.total) for task in progress.tasks] == [(8, 8), (4, 4)]


def test_a_bar_of_training_has_the_steps_of_the_training_that_runs():
    progress = Progress(console=Console(file=io.StringIO()))
    training = TrainingProgress(progress)
    for told in (step(1, 10), step(10, 10), step(2, 20)):
        training(told)
    (task,) = progress.tasks
    assert (task.completed, task.total) == (2, 20)
