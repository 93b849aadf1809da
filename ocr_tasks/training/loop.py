"""The training loop: settings, data, model, resume, optimiser, evaluation, learning rate, loop.

All that is left to chance is drawn from the seed, the epoch and the line's number, never from a
generator that lives on. So a run that was killed ends, once resumed, with the weights of one that
was not, to the bit.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ocr_tasks import storage
from ocr_tasks.archive.ahead import iterate_ahead
from ocr_tasks.errors import TrainingError
from ocr_tasks.training.batches import Draw, Source, batch_of, padded_width, plan_epoch
from ocr_tasks.training.blend import blended, keeping, walked
from ocr_tasks.training.checkpoints import (
    Evaluation,
    Progress,
    Tensors,
    read_checkpoint,
    write_checkpoint,
)
from ocr_tasks.training.crew import ALONE, Crew, Shared
from ocr_tasks.training.lines import Lines
from ocr_tasks.training.optimiser import Optimiser, learning_rate
from ocr_tasks.training.pace import Pace
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.student import Student
from ocr_tasks.training.validation import score

LATEST = "latest/latest.safetensors"  # below the output
USUAL_BLENDS = 3  # evaluations at the end, foreseen in the time that is left
AHEAD = 2  # batches that are made while another is learnt

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Course:
    """What is learnt, what is watched, and where checkpoints go.

    ``retention`` are lines of print. ``fingerprint`` names data, weights and settings.
    """

    sources: Sequence[Source]
    val: Lines
    retention: Lines
    output: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a listener hears after each step; ``evaluation`` is the last one."""

    step: int
    steps: int
    loss: float
    evaluation: Evaluation
    seconds_left: float


Listener = Callable[[Step], None]


def fine_tune(
    student: Student,
    course: Course,
    spec: TrainSpec,
    hear: Listener = lambda _: None,
    crew: Crew = ALONE,
) -> Progress:
    """Trains ``student``, or goes on where a checkpoint is; leaves it with the weights to keep.

    Those of the evaluation with the fewest errors on ``course.val`` are blended with the ones it
    began with. Kept is what has the fewest errors of all blends that have not forgotten more print
    than ``spec.forgetting``; the weights it began with are one of them.
    Of a ``crew`` the first process alone knows them, and writes the checkpoints.

    Raises:
        TrainingError: the loss is no number.
        PlanConflictError: the checkpoint is of another course.
        StorageError: the store did not answer.
    """
    return _Training(student, course, spec, hear, crew).run()


class _Training:
    """A training on its way."""

    def __init__(
        self, student: Student, course: Course, spec: TrainSpec, hear: Listener, crew: Crew
    ) -> None:
        self._crew = crew
        self._student, self._course, self._spec, self._hear = student, course, spec, hear
        self._optimiser = Optimiser(student.parameters(), spec.weight_decay, spec.clip)
        self._steps_an_epoch = len(self._batches_of(0))
        self._steps = spec.epochs * self._steps_an_epoch
        self._progress = Progress(course.fingerprint)
        self._begun = self._best = student.state()
        self._uri = storage.join(course.output, LATEST)
        self._started, self._pace = time.monotonic(), Pace()

    def run(self) -> Progress:
        self._begin()
        self._crew.meet()
        if not self._crew.agreed(self._is_over()):
            self._progress.kept = None  # before any checkpoint: what is kept has to be chosen anew
            self._go_on()
        if self._crew.is_first:
            self._keep()
        return self._progress

    def _keep(self) -> None:
        """Gives the student the weights to keep, which are looked for if they are not known."""
        progress = self._progress
        if progress.kept is None or progress.forgetting != self._spec.forgetting:
            self._blend()
        assert progress.kept is not None
        self._student.set_state(blended(self._begun, self._best, progress.kept.share))

    def _begin(self) -> None:
        found = read_checkpoint(self._uri, self._course.fingerprint)
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
        for shared in iterate_ahead(self._prepared(), AHEAD):
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
        self._crew.meet()

    def _prepared(self) -> Iterator[Shared]:
        """This process's share of all batches that are left."""
        epoch, place = divmod(self._progress.step, self._steps_an_epoch)
        for number in range(epoch, self._spec.epochs):
            for draws in self._batches_of(number)[place:]:
                yield self._shared(draws)
            place = 0

    def _shared(self, draws: list[Draw]) -> Shared:
        share = self._crew.share(draws)
        if not share:
            return Shared(None, 0.0)
        spec, width = self._spec.augmentation, padded_width(draws)
        batch = batch_of(share, self._course.sources, spec, width)
        prepared = self._student.prepared(batch, comes_again=self._spec.guises > 0)
        return Shared(prepared, len(share) / len(draws))

    def _batches_of(self, epoch: int) -> list[list[Draw]]:
        spec = self._spec
        lines, changes = spec.batch * self._crew.size, spec.augmentation
        return plan_epoch(self._course.sources, lines, changes, spec.seed, epoch, spec.guises)

    def _is_over(self) -> bool:
        progress, spec = self._progress, self._spec
        if progress.without_gain >= spec.patience:
            log.info("stopped: %d evaluations without gain", progress.without_gain)
            return True
        if spec.max_minutes and progress.seconds >= 60 * spec.max_minutes:
            log.info("stopped after %.1f minutes", progress.seconds / 60)
            return True
        return progress.step == self._steps

    def _rate(self) -> float:
        spec = self._spec
        return learning_rate(self._progress.step, self._steps, spec.learning_rate, spec.warm_up)

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

    def _seconds_left(self) -> float:
        steps = self._steps - self._progress.step
        evaluations = -(-steps // (self._steps_an_epoch * self._spec.eval_interval))
        return self._pace.seconds_left(steps, evaluations + USUAL_BLENDS)

    def _evaluate(self) -> None:
        progress = self._progress
        evaluation = self._measured(share=1.0 if progress.step else 0.0)
        self._pace.evaluated()
        progress.loss_sum, progress.loss_steps = 0.0, 0
        progress.evaluations.append(evaluation)
        log.info("%s", evaluation)
        if progress.best is None or evaluation.cer < progress.best.cer:
            progress.best, progress.without_gain = evaluation, 0
            self._best = self._student.state()
        else:
            progress.without_gain += 1

    def _measured(self, share: float) -> Evaluation:
        """What the student is worth as it is, with weights at ``share`` of their way."""
        progress = self._progress
        val = score(self._student, self._course.val)
        retention = score(self._student, self._course.retention)
        progress.seconds = time.monotonic() - self._started
        return Evaluation(
            step=progress.step,
            epoch=progress.step / self._steps_an_epoch,
            minutes=progress.seconds / 60,
            rate=self._rate(),
            loss=progress.loss_sum / max(1, progress.loss_steps),
            exact=val.accuracy,
            cer=val.cer,
            retention_cer=retention.cer,
            share=share,
        )

    def _blend(self) -> None:
        """Chooses how far to go from the first weights to the best, and keeps that in mind."""
        progress, base = self._progress, self._progress.evaluations[0]
        assert progress.best is not None
        last, most = self._student.state(), base.retention_cer + self._spec.forgetting
        progress.blends, progress.forgetting = [], self._spec.forgetting
        if progress.best.step:
            progress.blends = walked(progress.best, most, self._blended)[1:]
        progress.kept = min(
            keeping([base, progress.best, *progress.blends], most), key=lambda each: each.cer
        )
        log.info("kept: %s", progress.kept)
        self._student.set_state(last)
        self._save()

    def _blended(self, share: float) -> Evaluation:
        assert self._progress.best is not None
        self._student.set_state(blended(self._begun, self._best, share))
        found = self._measured(share)
        best = self._progress.best
        evaluation = replace(
            found, step=best.step, epoch=best.epoch, rate=best.rate, loss=best.loss
        )
        log.info("%s", evaluation)
        return evaluation

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
