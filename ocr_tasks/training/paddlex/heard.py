"""What PaddleOCR's trainer says while it trains: its steps, and what it found on val."""

import math
import re
import time
from dataclasses import dataclass, field
from typing import Any

from ocr_tasks.training.progress import LineEvaluation
from ocr_tasks.training.running import Listener, Step

STEPS = re.compile(r"train dataloader has (\d+) iters")
STEP = re.compile(r"epoch: \[(\d+)/(\d+)\], global_step: (\d+), (.*), eta: (\S+)")
FOUND = re.compile(r"cur metric, (.*)")
VALUE = re.compile(r"(\w+): ([-+.\deE]+|nan|inf)(?=,|$| )")

MEASURES = ("acc", "norm_edit_dis", "precision", "recall", "hmean")
UNKNOWN = float("nan")  # what PaddleOCR does not measure

Json = dict[str, Any]


@dataclass(slots=True)
class Heard:
    """The trainer's lines, understood as they come; ``hear`` is told of every step.

    ``evaluations`` have PaddleOCR's own measures: acc is the share of lines that are right but for
    their spaces, norm_edit_dis 1 less the mean of the edit distances over the longer of two texts.
    """

    hear: Listener
    started: float = field(default_factory=time.monotonic)
    steps_an_epoch: int = 0
    last: dict[str, float] = field(default_factory=dict)
    evaluations: list[Json] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        """Takes note of a line."""
        if found := STEPS.search(line):
            self.steps_an_epoch = int(found[1])
        elif found := STEP.search(line):
            self._step(*found.groups())
        elif found := FOUND.search(line):
            self._evaluated(_values(found[1]))

    def _step(self, epoch: str, epochs: str, step: str, told: str, left: str) -> None:
        self.last = {"epoch": int(epoch), "step": int(step), **_values(told)}
        steps = int(epochs) * self.steps_an_epoch
        loss = self.last.get("loss", UNKNOWN)
        self.hear(Step(int(step), max(steps, int(step)), loss, self._evaluation(), _seconds(left)))

    def _evaluated(self, metrics: dict[str, float]) -> None:
        when = {name: self.last[name] for name in ("epoch", "step", "loss") if name in self.last}
        minutes = (time.monotonic() - self.started) / 60
        measured = {name: metrics[name] for name in MEASURES if name in metrics}
        self.evaluations.append(when | {"minutes": minutes} | measured)

    def _evaluation(self) -> LineEvaluation:
        """The last one, as a listener takes it."""
        last = self.evaluations[-1] if self.evaluations else {}
        return LineEvaluation(
            step=last.get("step", 0),
            epoch=last.get("epoch", 0),
            minutes=last.get("minutes", 0.0),
            rate=self.last.get("lr", UNKNOWN),
            loss=last.get("loss", UNKNOWN),
            exact=score_of(last) if last else UNKNOWN,
            cer=UNKNOWN,
            retention_cer=UNKNOWN,
        )


def score_of(metrics: Json) -> float:
    """The number by which PaddleOCR chooses: acc of a recogniser, hmean of a detector."""
    name = "acc" if "acc" in metrics else "hmean"
    return float(metrics.get(name, 0.0))


def _values(told: str) -> dict[str, float]:
    values = {name: float(value) for name, value in VALUE.findall(told)}
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _seconds(left: str) -> float:
    """The seconds of ``1:02:03``, or of ``2 days, 1:02:03`` without its days; NaN of else."""
    parts = left.split(":")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return UNKNOWN
    hours, minutes, seconds = (int(part) for part in parts)
    return float(3600 * hours + 60 * minutes + seconds)
