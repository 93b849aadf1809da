"""The pages of a data set as a detector is trained on them: pixels as served, and regions.

Nothing is dropped in silence: every page that cannot be learnt from is counted by its reason.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.page_labels import PageLabels, page_labels
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.errors import DatasetError
from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.imaging.maps import DetectionSpec, detection_sizes
from ocr_tasks.training.arrays import ArrayStore
from ocr_tasks.training.decoding import decoded_samples

NO_LABEL = "label that is none of a page"


@dataclass(frozen=True, slots=True)
class TrainingPage:
    """A page to learn: its path, its regions in pixels of its picture, and what that was made of.

    ``reduced`` is the pixels of the picture for one of the page, 1 at most.
    """

    path: str
    labels: PageLabels
    picture: int
    reduced: float


@dataclass(slots=True)
class Pages:
    """Pages with their pictures, and how many samples were left out, by the reason."""

    pages: list[TrainingPage] = field(default_factory=list)
    pictures: ArrayStore[np.uint8] = field(default_factory=partial(ArrayStore, np.uint8))
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, path: str, pixels: Pixels, labels: PageLabels, spec: DetectionSpec) -> None:
        """Takes in a page, with no more pixels than the detector ever sees of it.

        What of a polygon lies over the page's edge is moved there.
        """
        height, width = pixels.shape[:2]
        _, closer = detection_sizes(height, width, spec)
        reduced = min(1.0, closer[0] / height)
        if reduced < 1:
            size = (round(width * reduced), round(height * reduced))
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        edge = np.array([width, height], np.float64)
        scaled = PageLabels(
            tuple(np.clip(corners, 0, edge) * reduced for corners in labels.expected),
            tuple(np.clip(corners, 0, edge) * reduced for corners in labels.ignored),
        )
        self.pages.append(TrainingPage(path, scaled, self.pictures.append(pixels), reduced))

    @property
    def regions(self) -> int:
        """How many regions there are to find."""
        return sum(len(page.labels.expected) for page in self.pages)


def pages_of(dataset: Dataset, part: str, spec: DecodeSpec, serving: DetectionSpec) -> Pages:
    """The pages of a part, in the order of its label files.

    Raises:
        DatasetError: none of its samples can be learnt from, or they have no text to find.
        StorageError: the store did not answer.
    """
    pages = Pages()
    for sample, pixels in decoded_samples(dataset, part, spec, pages.left_out):
        try:
            labels = page_labels(sample.label)
        except ValueError:
            pages.left_out[NO_LABEL] += 1
        else:
            pages.add(sample.path, pixels, labels, serving)
    if not pages.regions:
        reasons = ", ".join(f"{count} {reason}" for reason, count in pages.left_out.items())
        found = reasons or f"{len(pages.pages)} pages without text to find"
        raise DatasetError(f"no page of {part} can be learnt: {found}")
    return pages
