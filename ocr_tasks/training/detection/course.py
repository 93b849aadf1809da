"""What a detector learns: crops of pages in batches, watched on whole pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ocr_tasks.engines.contract import Detector
from ocr_tasks.engines.ppocr import PpocrDetector
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.imaging.matching import DetectionScore, score_of_page, total
from ocr_tasks.training.checkpoints import Moment
from ocr_tasks.training.detection.crops import CropDraw, crops_of, plan_crops
from ocr_tasks.training.detection.network import DetectorBase, network_as_served
from ocr_tasks.training.detection.pages import Pages
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.detection.student import DetectorStudent, PreparedCrops
from ocr_tasks.workers import cores


@dataclass(frozen=True, slots=True)
class PageEvaluation(Moment):
    """What a detector was worth at a moment, on the pages to watch."""

    precision: float
    recall: float
    hmean: float

    @property
    def score(self) -> float:
        """The Hmean."""
        return self.hmean

    @property
    def found(self) -> str:
        """What was measured, in words."""
        return f"Hmean {self.hmean:.4f}, precision {self.precision:.4f}, recall {self.recall:.4f}"


@dataclass(frozen=True, slots=True)
class PageCourse:
    """The course of a ``student``, which trains the network of ``base``; see course.Course.

    Pages are looked at as ``serving`` says.

    The best weights are those with the highest Hmean on ``val``.
    """

    student: DetectorStudent
    base: DetectorBase
    pages: Pages
    val: Pages
    serving: DetectionSpec
    spec: DetectorSpec
    output: str
    fingerprint: str

    @property
    def kind(self) -> type[PageEvaluation]:
        """What ``evaluation`` returns."""
        return PageEvaluation

    def batches(self, epoch: int) -> list[list[CropDraw]]:
        """The crops of each batch of an epoch."""
        return plan_crops(self.pages, self.spec, epoch)

    def prepared(self, plan: Sequence[CropDraw]) -> PreparedCrops:
        """The changed crops of a batch, and what is to be found in them."""
        return self.student.prepared(crops_of(plan, self.pages, self.spec, self.serving))

    def evaluation(self, when: Mapping[str, Any]) -> PageEvaluation:
        """How well the student finds the text of whole pages, looked at as they are served."""
        spec = self.spec
        look = network_as_served(self.base, spec.device, spec.threads or cores())
        score = found_in(PpocrDetector(look, self.serving), self.val)
        rates: Mapping[str, Any] = score.rates()
        return PageEvaluation(**when, **rates)

    def is_better(
        self, evaluation: PageEvaluation, best: PageEvaluation, first: PageEvaluation
    ) -> bool:
        """Whether it finds more than the best so far."""
        del first
        return evaluation.hmean > best.hmean


def found_in(detector: Detector, pages: Pages) -> DetectionScore:
    """The score of what ``detector`` finds on whole pages."""
    scores = []
    for page in pages.pages:
        found = detector.detect(pages.pictures.picture(page.picture)).polygons.astype(np.float64)
        scores.append(score_of_page(page.labels.expected, page.labels.ignored, list(found)))
    return total(scores)
