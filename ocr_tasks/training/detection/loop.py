"""A detector's training: batches of crops, evaluations on whole pages."""

from dataclasses import dataclass

import numpy as np

from ocr_tasks.engines.contract import Detector
from ocr_tasks.engines.ppocr import PpocrDetector
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.imaging.matching import DetectionScore, score_of_page, total
from ocr_tasks.training.crew import ALONE, Shared
from ocr_tasks.training.detection.crops import CropDraw, crops_of, plan_crops
from ocr_tasks.training.detection.network import DetectorBase, network_as_served
from ocr_tasks.training.detection.pages import Pages
from ocr_tasks.training.detection.progress import PageEvaluation, PageProgress
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.detection.student import DetectorStudent
from ocr_tasks.training.running import Listener, Running
from ocr_tasks.workers import cores


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


def found_in(detector: Detector, pages: Pages) -> DetectionScore:
    """The score of what ``detector`` finds on whole pages."""
    scores = []
    for page in pages.pages:
        found = detector.detect(pages.pictures.array(page.picture)).polygons.astype(np.float64)
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
    training = _Training(student, course, spec, hear)
    training.run()
    return training.kept()


class _Training(Running[PageProgress, PageEvaluation]):
    """A detector's training on its way."""

    _student: DetectorStudent
    _spec: DetectorSpec

    def __init__(
        self, student: DetectorStudent, course: PageCourse, spec: DetectorSpec, hear: Listener
    ) -> None:
        self._course = course
        progress = PageProgress(course.fingerprint)
        super().__init__(student, progress, course.output, spec, hear, ALONE)

    def kept(self) -> PageProgress:
        """Gives the student its best weights."""
        self._student.set_state(self._best)
        return self._progress

    def _batches_of(self, epoch: int) -> list[list[CropDraw]]:
        return plan_crops(self._course.pages, self._spec, epoch)

    def _prepared(self, plan: list[CropDraw]) -> Shared:
        crops = crops_of(plan, self._course.pages, self._spec, self._course.serving)
        return Shared(self._student.prepared(crops), 1.0)

    def _measured(self) -> PageEvaluation:
        """How well the student finds the text of whole pages, looked at as they are served."""
        course, spec = self._course, self._spec
        look = network_as_served(course.base, spec.device, spec.threads or cores())
        score = found_in(PpocrDetector(look, course.serving), course.val)
        return PageEvaluation(*self._now(), score.precision, score.recall, score.hmean)

    def _is_better(self, evaluation: PageEvaluation, best: PageEvaluation) -> bool:
        return evaluation.hmean > best.hmean
