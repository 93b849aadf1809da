"""The training loop of every model: resume, optimiser, learning rate, evaluations, checkpoints.

What a training draws by chance it draws from the seed, the epoch and a number, never from a
generator that lives on. So a run that was killed ends, once resumed, with the weights of one that
was not, to the bit.
"""

import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ocr_tasks import storage
from ocr_tasks.archive.ahead import iterate_ahead
from ocr_tasks.errors import TrainingError
from ocr_tasks.training.checkpoints import (
    LATEST,
    E,
    Evaluation,
    Progress,
    Tensors,
    read_checkpoint,
    write_checkpoint,
)
from ocr_tasks.training.crew import Crew, Learner, Shared
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.optimiser import Optimiser, learning_rate
from ocr_tasks.training.outputs import write_settings
from ocr_tasks.training.pace import Pace
from ocr_tasks.training.spec import TrainSpec

AHEAD = 2  # batches that are made while another is learnt

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What a listener hears after each step; ``evaluation`` is the last one."""

    step: int
    steps: int
    loss: float
    evaluation: Evaluation
    seconds_left: float


Listener = Callable[[Step], None]


P = TypeVar("P", bound=Progress[Any])


class Running(ABC, Generic[P, E]):
    """A training on its way.

    Who says what is learnt and how it is judged fills in the four methods below ``run``, which
    ends with the student as its last step left it and its best weights in ``_best``.
    """

    evaluations_after = 0  # its last epoch's, which are foreseen in the time that is left

    def __init__(
        self,
        student: Learner,
        progress: P,
        output: str,
        spec: TrainSpec | DetectorSpec,
        hear: Listener,
        crew: Crew,
    ) -> None:
        """``progress`` is that of the beginning; ``output`` is where checkpoints go."""
        self._student, self._progress, self._spec = student, progress, spec
        self._hear, self._crew = hear, crew
        self._optimiser = Optimiser(student.parameters(), spec.weight_decay, spec.clip)
        self._steps_an_epoch = len(self._batches_of(0))
        self._steps = spec.epochs * self._steps_an_epoch
        self._best = student.state()
        self._output, self._uri = output, storage.join(output, LATEST)
        self._started, self._pace = time.monotonic(), Pace()

    def run(self) -> None:
        """Trains, or goes on where a checkpoint is.

        Raises:
            TrainingError: the loss is no number.
            PlanConflictError: the checkpoint is of another course.
            StorageError: the store did not answer.
        """
        self._begin()
        if self._crew.is_first:
            write_settings(self._output, self._spec)  # of no training that was refused
        self._crew.meet()
        if not self._crew.agreed(self._is_over()):
            self._go_on()

    @abstractmethod
    def _batches_of(self, epoch: int) -> Sequence[Any]:
        """The plans of all batches of an epoch."""

    @abstractmethod
    def _prepared(self, plan: Any) -> Shared:
        """This process's share of a batch, made by another thread than the one that learns."""

    @abstractmethod
    def _measured(self) -> E:
        """What the student is worth as it is."""

    @abstractmethod
    def _is_better(self, evaluation: E, best: E) -> bool:
        """Whether the weights of ``evaluation`` are better than the best so far."""

    def _begin(self) -> None:
        blank = self._progress
        found = read_checkpoint(self._uri, blank.fingerprint, type(blank))
        if found is None:
            if self._crew.is_first:
                self._evaluate()
            return
        self._progress, tensors = found
        self._student.set_state(_below("student", tensors))
        self._optimiser.set_state(_below("optimiser", tensors))
        self._best = _below("best", tensors)
        self._started -= self._progress.seconds
        log.info("resumed at step %d of %d", self._progress.step, self._steps)

    def _go_on(self) -> None:
        for shared in iterate_ahead(self._batches_left(), AHEAD):
            self._step(shared)
            epochs, within = divmod(self._progress.step, self._steps_an_epoch)
            is_last = self._progress.step == self._steps
            is_due = within == 0 and self._crew.is_first
            if is_due and (epochs % self._spec.eval_interval == 0 or is_last):
                self._evaluate()
            if is_due and (epochs % self._spec.save_interval == 0 or is_last):
                self._save()
            if within == 0:
                self._crew.meet()
            if self._crew.agreed(self._is_over()):
                break
        if self._crew.is_first and self._progress.evaluations[-1].step != self._progress.step:
            self._evaluate()  # time is up in the midst of an epoch
            self._save()
        self._crew.meet()

    def _batches_left(self) -> Iterator[Shared]:
        epoch, place = divmod(self._progress.step, self._steps_an_epoch)
        for number in range(epoch, self._spec.epochs):
            for plan in self._batches_of(number)[place:]:
                yield self._prepared(plan)
            place = 0

    def _is_over(self) -> bool:
        progress, spec = self._progress, self._spec
        if progress.without_gain >= spec.patience:
            log.info("stopped: %d evaluations without gain", progress.without_gain)
            return True
        if spec.max_minutes and progress.seconds >= 60 * spec.max_minutes:
            log.info("stopped after %.1f minutes", progress.seconds / 60)
            return True
        return bool(progress.step == self._steps)

    def _step(self, shared: Shared) -> None:
        progress = self._progress
        value = self._crew.learn(self._student, shared, self._student.parameters().values())
        if not math.isfinite(value):
            raise TrainingError(f"the loss is {value} at step {progress.step + 1}")
        self._optimiser.step(self._rate())
        progress.step += 1
        progress.loss_sum += value
        progress.loss_steps += 1
        progress.seconds = time.monotonic() - self._started
        self._pace.stepped()
        if self._crew.is_first:
            left = self._seconds_left()
            self._hear(Step(progress.step, self._steps, value, progress.evaluations[-1], left))

    def _rate(self) -> float:
        spec = self._spec
        return learning_rate(self._progress.step, self._steps, spec.learning_rate, spec.warm_up)

    def _seconds_left(self) -> float:
        steps = self._steps - self._progress.step
        evaluations = -(-steps // (self._steps_an_epoch * self._spec.eval_interval))
        return self._pace.seconds_left(steps, evaluations + self.evaluations_after)

    def _evaluate(self) -> None:
        progress = self._progress
        evaluation = self._measured()
        self._pace.evaluated()
        progress.loss_sum, progress.loss_steps = 0.0, 0
        progress.evaluations.append(evaluation)
        log.info("%s", evaluation)
        if progress.best is None or self._is_better(evaluation, progress.best):
            progress.best, progress.without_gain = evaluation, 0
            self._best = self._student.state()
        else:
            progress.without_gain += 1

    def _now(self) -> tuple[int, float, float, float, float]:
        """The first values of an Evaluation that was made until now."""
        progress = self._progress
        progress.seconds = time.monotonic() - self._started
        epoch, loss = progress.step / self._steps_an_epoch, progress.loss_sum
        mean = loss / max(1, progress.loss_steps)
        return progress.step, epoch, progress.seconds / 60, self._rate(), mean

    def _save(self) -> None:
        parts = {
            "student": self._student.state(),
            "optimiser": self._optimiser.state(),
            "best": self._best,
        }
        tensors = {f"{part}/{name}": a for part, held in parts.items() for name, a in held.items()}
        write_checkpoint(self._uri, self._progress, tensors)


def _below(part: str, tensors: Tensors) -> Tensors:
    prefix = f"{part}/"
    return {n.removeprefix(prefix): a for n, a in tensors.items() if n.startswith(prefix)}
