"""Pages that lie on their side: found by the shape of their lines, turned as reads better."""

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.engines.answers import texts_of
from ocr_tasks.engines.contract import Recognizer
from ocr_tasks.imaging.crops import ON_END, Pixels, by_half_a_turn, crop_line
from ocr_tasks.records import DetectedLines, LineText

Polygons = NDArray[np.float32]  # (lines, 4, 2), pixels, clockwise from the line's top left

VOTERS = 3  # lines that are read both ways
MOSTLY = 0.6  # of the length of all lines
READABLE = 0.6  # mean confidence of text that is the right way up
BETTER = 0.1  # and how far it is above that of the same text upside down


def turns_to_upright(page: Pixels, detected: DetectedLines, recognizer: Recognizer) -> int:
    """How many quarter turns counter-clockwise bring the page's text upright: 0, 1 or 3.

    A page whose lines are mostly taller than wide lies on its side, or is written in columns; its
    longest lines are read from either end, and it is turned only if one of the ways reads well.
    """
    widths, heights = _sides(detected.polygons)
    on_end = heights >= ON_END * widths
    lengths = np.maximum(widths, heights)
    if on_end.sum() < 2 or lengths[on_end].sum() < MOSTLY * lengths.sum():
        return 0
    longest = sorted(np.flatnonzero(on_end), key=lambda line: -lengths[line])[:VOTERS]
    crops = [crop_line(page, detected.polygons[line]) for line in longest]
    downwards = _confidence(crops, recognizer)
    upwards = _confidence([by_half_a_turn(crop) for crop in crops], recognizer)
    if max(downwards, upwards) < READABLE or abs(downwards - upwards) < BETTER:
        return 0
    return 1 if downwards > upwards else 3


def _confidence(crops: list[Pixels], recognizer: Recognizer) -> float:
    """The mean confidence of what is read; a line that cannot be read, or is empty, has none."""
    answers = [answer for crop in crops for answer in texts_of(recognizer, [crop])]
    read = [
        answer.confidence if isinstance(answer, LineText) and answer.text.strip() else 0.0
        for answer in answers
    ]
    return float(np.mean(read))


def _sides(polygons: Polygons) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Widths and heights of lines, (lines,) each."""
    widths = np.linalg.norm(polygons[:, 1] - polygons[:, 0], axis=1)
    heights = np.linalg.norm(polygons[:, 3] - polygons[:, 0], axis=1)
    return widths.astype(np.float32), heights.astype(np.float32)


def turned_back(polygons: Polygons, turns: int, height: int, width: int) -> Polygons:
    """Polygons of a page that was turned, in the frame of the page of that size as it was."""
    x, y = polygons[..., 0], polygons[..., 1]
    back = {
        0: (x, y),
        1: (width - y, x),
        2: (width - x, height - y),
        3: (y, height - x),
    }
    return np.stack(back[turns], axis=-1).astype(np.float32)
