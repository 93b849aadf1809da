"""How far a recogniser's confidence can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocr_tasks.evaluation.report import ReadLine

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The lines whose confidence lies between two bounds: how many, how sure, how often right."""

    low: float
    high: float
    lines: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The reliability diagram of some lines, and its expected calibration error.

    ``error`` is the mean distance between confidence and accuracy, each bin by its lines: 0 where
    of the lines read with confidence 0.8 eight in ten are right (Guo et al. 2017).
    """

    bins: tuple[Bin, ...]
    error: float


def calibration_of(lines: Sequence[ReadLine]) -> Calibration:
    """The calibration of the confidence that a line is right to the letter.

    Bins without a line are left out.
    """
    confidence = np.array([line.confidence for line in lines], float)
    right = np.array([line.label == line.read for line in lines], float)
    place = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
    bins = []
    for number in range(BINS):
        here = place == number
        if here.any():
            sure, often = float(confidence[here].mean()), float(right[here].mean())
            bounds = number / BINS, (number + 1) / BINS
            bins.append(Bin(*bounds, int(here.sum()), sure, often))
    error = sum(each.lines * abs(each.confidence - each.accuracy) for each in bins)
    return Calibration(tuple(bins), error / max(1, len(lines)))
