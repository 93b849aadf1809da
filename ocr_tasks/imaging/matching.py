"""How well polygons that were found agree with those that are labelled: precision, recall, Hmean.

The protocol is that of ICDAR 2015's challenge on incidental scene text (Karatzas et al. 2015), as
PaddleOCR and MMOCR have it too: a find is right if it and a label that nobody else has claimed
overlap by more than half of their union.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

import pyclipper

from ocr_tasks.imaging.polygons import Corners

LEAST_OVERLAP = 0.5  # intersection over union, to be exceeded
IGNORED_SHARE = 0.5  # of what was found, in a region that does not count, to be exceeded
STEPS = 256  # that a pixel is divided into, as clipping counts in whole numbers

Path = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """Labelled regions that were ``expected``, regions ``found``, and how many agree.

    The score of two sets of pages is the sum of their scores.
    """

    expected: int = 0
    found: int = 0
    matched: int = 0

    def __add__(self, other: "DetectionScore") -> "DetectionScore":
        """The score of both sets of pages."""
        return total([self, other])

    @property
    def precision(self) -> float:
        """The share of what was found that is right; of nothing, 1 if nothing was expected."""
        return self.matched / self.found if self.found else float(self.expected == 0)

    @property
    def recall(self) -> float:
        """The share of what was expected that was found; of nothing it is 1."""
        return self.matched / self.expected if self.expected else 1.0

    @property
    def hmean(self) -> float:
        """The harmonic mean of both: 2 matched / (expected + found)."""
        return 1 - self.errors / self.size if self.size else 1.0

    @property
    def errors(self) -> int:
        """Labels and finds that nothing agrees with. Over ``size`` it is 1 - Hmean."""
        return self.size - 2 * self.matched

    @property
    def size(self) -> int:
        """Labels and finds."""
        return self.expected + self.found

    def rates(self) -> dict[str, float]:
        """The rates, by the names that reports have for them."""
        return {"precision": self.precision, "recall": self.recall, "hmean": self.hmean}


_SUMS = attrgetter(*(field.name for field in fields(DetectionScore)))


def total(scores: Sequence[DetectionScore]) -> DetectionScore:
    """The sum of scores; of none of them it is that of no page."""
    return DetectionScore(*map(sum, zip(*map(_SUMS, scores), strict=True)))


def score_of_page(
    labels: Sequence[Corners], ignored: Sequence[Corners], found: Sequence[Corners]
) -> DetectionScore:
    """The score of a page; what was ``found`` mostly in an ``ignored`` region does not count."""
    counted = [each for each in found if not _is_ignored(each, ignored)]
    return DetectionScore(len(labels), len(counted), len(matches(labels, counted)))


def matches(labels: Sequence[Corners], found: Sequence[Corners]) -> list[tuple[int, int]]:
    """Which of the labels and of what was found agree, one to one: in the order of both."""
    free = dict(enumerate(found))
    pairs = []
    for label, corners in enumerate(labels):
        fits = (find for find, other in free.items() if _agree(corners, other))
        find = next(fits, None)
        if find is not None:
            pairs.append((label, find))
            del free[find]
    return pairs


def _agree(first: Corners, second: Corners) -> bool:
    return overlap(first, second) > LEAST_OVERLAP


def _is_ignored(found: Corners, ignored: Sequence[Corners]) -> bool:
    whole = area_inside(found)
    return any(intersection(found, each) > IGNORED_SHARE * whole for each in ignored)


def overlap(first: Corners, second: Corners) -> float:
    """The intersection of two polygons over their union, 0 to 1."""
    common = intersection(first, second)
    union = area_inside(first) + area_inside(second) - common
    return common / union if union > 0 else 0.0


def area_inside(corners: Corners) -> float:
    """The square pixels inside a polygon, also of one that crosses itself."""
    return _area(pyclipper.SimplifyPolygon(_path(corners), pyclipper.PFT_NONZERO))


def intersection(first: Corners, second: Corners) -> float:
    """The square pixels that two polygons have in common."""
    if (first.max(axis=0) <= second.min(axis=0)).any():
        return 0.0
    if (second.max(axis=0) <= first.min(axis=0)).any():
        return 0.0
    clipper = pyclipper.Pyclipper()
    try:
        clipper.AddPath(_path(first), pyclipper.PT_SUBJECT, True)
        clipper.AddPath(_path(second), pyclipper.PT_CLIP, True)
    except pyclipper.ClipperException:  # one of them has no area
        return 0.0
    nonzero = pyclipper.PFT_NONZERO
    return _area(clipper.Execute(pyclipper.CT_INTERSECTION, nonzero, nonzero))


def _path(corners: Corners) -> Path:
    return [(round(x * STEPS), round(y * STEPS)) for x, y in corners.tolist()]


def _area(paths: Sequence[Path]) -> float:
    return abs(sum(_signed(paths))) / STEPS**2


def _signed(paths: Sequence[Path]) -> Iterator[float]:
    """The areas of outlines, and those of holes, which are negative."""
    return (float(pyclipper.Area(path)) for path in paths)
