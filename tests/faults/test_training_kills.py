"""A training is killed at some of its steps, and ends with the weights of one that was not."""

import hashlib
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dataset.folders import CHARACTERS, drawn_lines, write_lines
from tests.faults.conftest import Report
from tests.faults.hooks import TRAINING_DIES_AT
from tests.faults.processes import KILLED, start
from tests.faults.sizes import FAULTS, KILLS

pytestmark = FAULTS

KILLS_A_TRAINING = 5
EPOCHS = 3
STEPS = 24  # of it
TRAIN = (sys.executable, "-m", "tests.faults.child", "model-finetune", "train")
SETTINGS = {
    "scope": "deep",
    "threads": 1,
    "epochs": EPOCHS,
    "batch": 4,
    "learning_rate": 2e-3,
    "forgetting": 1,
    "replay": {"share": 0.25, "rendered": 8},
}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A few lines to learn, and fewer to watch, labelled in another case: so there is something."""
    folder = tmp_path_factory.mktemp("data") / "lines"
    train, val = (
        [replace(line, label=line.label.upper()) for line in drawn_lines(count, first)]
        for count, first in ((26, 0), (4, 100))
    )
    return write_lines(folder, CHARACTERS, train=train, val=val)


def train(lines: str, folder: Path, die_at: int) -> int:
    """Trains, or goes on, until that step is done; returns the exit code."""
    places = ("--dataset", lines, "--output", str(folder / "tuned"))
    registry = ("--registry", str(folder / "registry"))
    settings = ("-o", f"train={json.dumps(SETTINGS)}")
    command = (*TRAIN, *places, *registry, *settings)
    started = start(command, folder / "logs", {TRAINING_DIES_AT: str(die_at)})
    code = started.wait(600)
    assert code in {0, KILLED}, started.said()
    return code


def digests(folder: Path) -> dict[str, str]:
    """Those of the weights that are kept, and of all that the last checkpoint holds.

    Its head is left out, which tells how long it took.
    """
    best = (folder / "tuned/best_accuracy/best_accuracy.safetensors").read_bytes()
    latest = (folder / "tuned/latest/latest.safetensors").read_bytes()
    held = latest[8 + int.from_bytes(latest[:8], "little") :]
    return {
        "best": hashlib.sha256(best).hexdigest(),
        "latest": hashlib.sha256(held).hexdigest(),
    }


def test_a_training_that_is_killed_at_random_steps_ends_with_the_same_weights(
    lines: str, tmp_path: Path, figures: Report
) -> None:
    assert train(lines, tmp_path / "calm", die_at=0) == 0
    result = json.loads((tmp_path / "calm/tuned/train_result.json").read_text())
    assert result["evaluations"][-1]["step"] == STEPS
    assert result["best"]["step"] > 0, "it has to learn something"
    steps = sorted(random.Random(KILLS).sample(range(1, STEPS), KILLS_A_TRAINING))
    for step in steps:
        assert train(lines, tmp_path / "killed", die_at=step) == KILLED
    assert train(lines, tmp_path / "killed", die_at=0) == 0
    calm = digests(tmp_path / "calm")
    assert digests(tmp_path / "killed") == calm
    figures({"killed at": steps, "of": STEPS, "share": result["best"]["share"], **calm})
