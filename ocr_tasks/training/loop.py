"""A recogniser's training: batches of lines, evaluations on val and print, a blend at the end."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr_tasks.training.batches import Draw, Source, batch_of, padded_width, plan_epoch
from ocr_tasks.training.blend import blended, keeping, walked
from ocr_tasks.training.crew import ALONE, Crew, Shared
from ocr_tasks.training.lines import Lines
from ocr_tasks.training.progress import LineEvaluation, LineProgress
from ocr_tasks.training.running import Listener, Running
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.student import Student
from ocr_tasks.training.validation import score

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


def fine_tune(
    student: Student,
    course: Course,
    spec: TrainSpec,
    hear: Listener = lambda _: None,
    crew: Crew = ALONE,
) -> LineProgress:
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
    training = _Training(student, course, spec, hear, crew)
    training.run()
    return training.blended()


class _Training(Running[LineProgress, LineEvaluation]):
    """A recogniser's training on its way."""

    _student: Student
    _spec: TrainSpec
    evaluations_after = 3  # blends, as a rule

    def __init__(
        self, student: Student, course: Course, spec: TrainSpec, hear: Listener, crew: Crew
    ) -> None:
        self._course = course
        self._begun = student.state()
        progress = LineProgress(course.fingerprint)
        super().__init__(student, progress, course.output, spec, hear, crew)

    def _batches_of(self, epoch: int) -> list[list[Draw]]:
        spec = self._spec
        lines, changes = spec.batch * self._crew.size, spec.augmentation
        return plan_epoch(self._course.sources, lines, changes, spec.seed, epoch, spec.guises)

    def _prepared(self, plan: list[Draw]) -> Shared:
        share = self._crew.share(plan)
        if not share:
            return Shared(None, 0.0)
        spec, width = self._spec.augmentation, padded_width(plan)
        batch = batch_of(share, self._course.sources, spec, width)
        prepared = self._student.prepared(batch, comes_again=self._spec.guises > 0)
        return Shared(prepared, len(share) / len(plan))

    def _go_on(self) -> None:
        self._progress.kept = None  # before any checkpoint: what is kept has to be chosen anew
        super()._go_on()

    def _measured(self) -> LineEvaluation:
        return self._measured_at(1.0 if self._progress.step else 0.0)

    def _measured_at(self, share: float) -> LineEvaluation:
        """What the student is worth, its weights being at ``share`` of their way."""
        val = score(self._student, self._course.val)
        print_ = score(self._student, self._course.retention)
        return LineEvaluation(*self._now(), val.accuracy, val.cer, print_.cer, share)

    def _is_better(self, evaluation: LineEvaluation, best: LineEvaluation) -> bool:
        return evaluation.cer < best.cer

    def blended(self) -> LineProgress:
        """Gives the first process's student the weights to keep, which it looks for if need be."""
        progress = self._progress
        if self._crew.is_first:
            if progress.kept is None or progress.forgetting != self._spec.forgetting:
                self._blend()
            assert progress.kept is not None
            self._student.set_state(blended(self._begun, self._best, progress.kept.share))
        return progress

    def _blend(self) -> None:
        """Chooses how far to go from the first weights to the best, and keeps that in mind."""
        progress, base = self._progress, self._progress.evaluations[0]
        assert progress.best is not None
        last, most = self._student.state(), base.retention_cer + self._spec.forgetting
        progress.blends, progress.forgetting = [], self._spec.forgetting
        if progress.best.step:
            progress.blends = walked(progress.best, most, self._blended_at)[1:]
        progress.kept = min(
            keeping([base, progress.best, *progress.blends], most), key=lambda each: each.cer
        )
        log.info("kept: %s", progress.kept)
        self._student.set_state(last)
        self._save()

    def _blended_at(self, share: float) -> LineEvaluation:
        best = self._progress.best
        assert best is not None
        self._student.set_state(blended(self._begun, self._best, share))
        found = self._measured_at(share)
        evaluation = replace(
            found, step=best.step, epoch=best.epoch, rate=best.rate, loss=best.loss
        )
        log.info("%s", evaluation)
        return evaluation
