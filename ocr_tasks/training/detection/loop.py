"""The loop of a detector's training, as that of a recogniser's is; see ``training/loop.py``.

All that is left to chance is drawn from the seed, the epoch and the crop's number, never from a
generator that lives on. So a run that was killed ends, once resumed, with the weights of one that
was not, to the bit.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ocr_tasks import storage
from ocr_tasks.archive.ahead import iterate_ahead
from ocr_tasks.engines.contract import Detector
from ocr_tasks.engines.ppocr import PpocrDetector
from ocr_tasks.errors import TrainingError
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.imaging.matching import DetectionScore, score_of_page, total
from ocr_tasks.training.checkpoints import Tensors
from ocr_tasks.training.detection.crops import crops_of, plan_crops
from ocr_tasks.training.detection.network import DetectorBase, network_as_served
from ocr_tasks.training.detection.pages import Pages
from ocr_tasks.training.detection.progress import (
    PageEvaluation,
    PageProgress,
    read_progress,
    write_progress,
)
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.detection.student import DetectorStudent, PreparedCrops
from ocr_tasks.training.loop import LATEST
from ocr_tasks.training.optimiser import Optimiser, learning_rate
from ocr_tasks.training.pace import Pace
from ocr_tasks.workers import cores

AHEAD = 2  # batches that are made while another is learnt

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PageCourse:
    """What is learnt, what is watched, and where checkpoints go.

    Pages are looked at as ``serving`` says. ``fingerprint`` names data, weights and settings.
    """

    base: DetectorBase
    pages: Pages
    val: Pages
    serving: DetectionSpec
    output: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class PageStep:
    """What a listener hears after each step; ``evaluation`` is the last one."""

    step: int
    steps: int
    loss: float
    evaluation: PageEvaluation
    seconds_left: float


Listener = Callable[[PageStep], None]


def found_in(detector: Detector, pages: Pages) -> DetectionScore:
    """The score of what ``detector`` finds on whole pages."""
    scores = []
    for page in pages.pages:
        found = detector.detect(pages.pictures.picture(page.picture)).polygons.astype(np.float64)
        scores.append(score_of_page(page.labels.expected, page.labels.ignored, list(found)))
    return total(scores)


def fine_tune(
    student: DetectorStudent,
    course: PageCourse,
    spec: DetectorSpec,
    hear: Listener = lambda _: None,
) -> PageProgress:
    """Trains ``student``, or goes on where a checkpoint is; leaves it with its best weights.

    The best are those with the highest Hmean on ``course.val``; the weights it began with are the
    first of them.

    Raises:
        TrainingError: the loss is no number.
        PlanConflictError: the checkpoint is of another course.
        StorageError: the store did not answer.
    """
    return _Training(student, course, spec, hear).run()


class _Training:
    """A training on its way."""

    def __init__(
        self, student: DetectorStudent, course: PageCourse, spec: DetectorSpec, hear: Listener
    ) -> None:
        self._student, self._course, self._spec, self._hear = student, course, spec, hear
        self._optimiser = Optimiser(student.parameters(), spec.weight_decay, spec.clip)
        self._steps_an_epoch = len(plan_crops(course.pages, spec, 0))
        self._steps = spec.epochs * self._steps_an_epoch
        self._progress = PageProgress(course.fingerprint)
        self._best: Tensors = {}
        self._uri = storage.join(course.output, LATEST)
        self._started, self._pace = time.monotonic(), Pace()

    def run(self) -> PageProgress:
        self._begin()
        if not self._is_over():
            self._go_on()
        self._student.set_state(self._best)
        return self._progress

    def _begin(self) -> None:
        found = read_progress(self._uri, self._course.fingerprint)
        if found is None:
            self._evaluate()
            return
        self._progress, tensors = found
        self._student.set_state(_below("student", tensors))
        self._optimiser.set_state(_below("optimiser", tensors))
        self._best = _below("best", tensors)
        self._started -= self._progress.seconds
        log.info("resumed at step %d of %d", self._progress.step, self._steps)

    def _go_on(self) -> None:
        for prepared in iterate_ahead(self._prepared(), AHEAD):
            self._step(prepared)
            epochs, within = divmod(self._progress.step, self._steps_an_epoch)
            is_last = self._progress.step == self._steps
            if within == 0 and (epochs % self._spec.eval_interval == 0 or is_last):
                self._evaluate()
            if within == 0 and (epochs % self._spec.save_interval == 0 or is_last):
                self._save()
            if self._is_over():
                break
        if self._progress.evaluations[-1].step != self._progress.step:
            self._evaluate()  # time is up in the midst of an epoch
            self._save()

    def _prepared(self) -> Iterator[PreparedCrops]:
        """All batches that are left."""
        course, spec = self._course, self._spec
        epoch, place = divmod(self._progress.step, self._steps_an_epoch)
        for number in range(epoch, spec.epochs):
            for draws in plan_crops(course.pages, spec, number)[place:]:
                crops = crops_of(draws, course.pages, spec, course.serving)
                yield self._student.prepared(crops)
            place = 0

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

    def _step(self, prepared: PreparedCrops) -> None:
        progress = self._progress
        loss = self._student.loss(prepared)
        value = float(loss)
        if not math.isfinite(value):
            raise TrainingError(f"the loss is {value} at step {progress.step + 1}")
        loss.backward()
        self._optimiser.step(self._rate())
        progress.step += 1
        progress.loss_sum += value
        progress.loss_steps += 1
        progress.seconds = time.monotonic() - self._started
        self._pace.stepped()
        last, left = progress.evaluations[-1], self._seconds_left()
        self._hear(PageStep(progress.step, self._steps, value, last, left))

    def _seconds_left(self) -> float:
        steps = self._steps - self._progress.step
        evaluations = -(-steps // (self._steps_an_epoch * self._spec.eval_interval))
        return self._pace.seconds_left(steps, evaluations)

    def _evaluate(self) -> None:
        progress = self._progress
        score = self._score()
        self._pace.evaluated()
        progress.seconds = time.monotonic() - self._started
        evaluation = PageEvaluation(
            step=progress.step,
            epoch=progress.step / self._steps_an_epoch,
            minutes=progress.seconds / 60,
            rate=self._rate(),
            loss=progress.loss_sum / max(1, progress.loss_steps),
            precision=score.precision,
            recall=score.recall,
            hmean=score.hmean,
        )
        progress.loss_sum, progress.loss_steps = 0.0, 0
        progress.evaluations.append(evaluation)
        log.info("%s", evaluation)
        if progress.best is None or evaluation.hmean > progress.best.hmean:
            progress.best, progress.without_gain = evaluation, 0
            self._best = self._student.state()
        else:
            progress.without_gain += 1

    def _score(self) -> DetectionScore:
        """How well the student finds the text of whole pages, looked at as they are served."""
        course, spec = self._course, self._spec
        look = network_as_served(course.base, spec.device, spec.threads or cores())
        return found_in(PpocrDetector(look, course.serving), course.val)

    def _save(self) -> None:
        parts = {
            "student": self._student.state(),
            "optimiser": self._optimiser.state(),
            "best": self._best,
        }
        tensors = {f"{part}/{name}": a for part, held in parts.items() for name, a in held.items()}
        write_progress(self._uri, self._progress, tensors)


def _below(part: str, tensors: Tensors) -> Tensors:
    prefix = f"{part}/"
    return {n.removeprefix(prefix): a for n, a in tensors.items() if n.startswith(prefix)}
