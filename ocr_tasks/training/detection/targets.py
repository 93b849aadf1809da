"""What a detector is to say of a crop: where text is, and where it ends.

Liao et al. 2020, "Real-time scene text detection with differentiable binarization": text is
labelled as its polygon, shrunk by an offset (Vatti 1992), so that lines that touch stay apart, and
the threshold falls off on both sides of the polygon's outline. Their offset leaves so little that
what serves would not grow it back: PP-OCR's trainings end with a smaller one (PaddleOCR's shrink
ratio goes from 0.4 to 0.6), and here it is the very one that serving undoes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pyclipper
from numpy.typing import NDArray

from ocr_tasks.imaging.polygons import Corners, area_of

LEAST_THRESHOLD, MOST_THRESHOLD = 0.3, 0.7
LEAST_HEIGHT = 8.0  # pixels of text: shrunk, it just has the three that serving wants
LEAST_SEEN = 0.3  # of a polygon's box, below which what is cut off does not count
STEPS = 16  # that a pixel is divided into, where polygons are offset and drawn
SHIFT = 4  # bits of STEPS

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Targets:
    """Maps (side, side) of one crop, 0 to 1.

    ``text`` is shrunk text, ``counts`` where that is known; ``threshold`` is known where ``border``
    is 1.
    """

    text: Map
    counts: Map
    threshold: Map
    border: Map


def targets_of(
    expected: Sequence[Corners], ignored: Sequence[Corners], side: int, growth: float
) -> Targets:
    """The targets of a crop whose corner is at 0, 0; polygons may lie over its edges.

    ``growth`` is the unclip ratio by which found text is grown when it is served.
    """
    text, counts = np.zeros((side, side), np.float32), np.ones((side, side), np.float32)
    threshold, border = np.zeros_like(text), np.zeros_like(text)
    for corners in ignored:
        _fill(counts, [corners], 0)
    for corners in (each for each in expected if _is_seen(each, side, 0)):
        reach = offset_of(corners, growth)
        shrunk = grown(corners, -reach)
        if not shrunk or _height(corners) < LEAST_HEIGHT or not _is_seen(corners, side, LEAST_SEEN):
            _fill(counts, [corners], 0)
            continue
        _fill(text, shrunk, 1)
        _draw_threshold(threshold, border, corners, reach)
    threshold = LEAST_THRESHOLD + (MOST_THRESHOLD - LEAST_THRESHOLD) * threshold
    return Targets(text, counts, threshold, border * counts)


def offset_of(corners: Corners, growth: float) -> float:
    """The pixels by which a polygon is shrunk, which is what ``boxes_of_map`` then grows it by.

    That adds ``growth`` w h / (w + h) to both sides of a rectangle w by h. Of a rectangle with the
    polygon's area and perimeter, that is what has to be taken off before: the lesser root of

        (2 + growth) x² - (1 + growth) (w + h) x + growth w h = 0
    """
    perimeter = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1).sum()
    squared, linear = 2 + growth, (1 + growth) * perimeter / 2
    root = math.sqrt(max(0.0, linear**2 - 4 * squared * growth * area_of(corners)))
    return float((linear - root) / (2 * squared)) / 2


def grown(corners: Corners, pixels: float) -> list[Corners]:
    """A polygon offset by ``pixels``, below 0 inwards: one or more, or none where nothing is left.

    Its corners become round.
    """
    clipper = pyclipper.PyclipperOffset(arc_tolerance=STEPS / 8)
    path = np.round(corners * STEPS).astype(np.int64).tolist()
    try:
        clipper.AddPath(path, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    except pyclipper.ClipperException:  # it has no area
        return []
    return [np.array(each, np.float64) / STEPS for each in clipper.Execute(pixels * STEPS)]


def _fill(map_: Map, polygons: Sequence[Corners], value: float) -> None:
    paths = [np.round(corners * STEPS).astype(np.int32) for corners in polygons]
    cv2.fillPoly(map_, paths, value, shift=SHIFT)


def _height(corners: Corners) -> float:
    """The shorter side of the smallest rectangle around a polygon."""
    _, sides, _ = cv2.minAreaRect(corners.astype(np.float32))
    return float(min(sides))


def _is_seen(corners: Corners, side: int, share: float) -> bool:
    """Whether more than a share of the upright box around a polygon lies in the crop."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    inside = np.clip(high, 0, side) - np.clip(low, 0, side)
    return bool(inside.min() > 0 and inside.prod() > share * (high - low).prod())


def _draw_threshold(threshold: Map, border: Map, corners: Corners, reach: float) -> None:
    """Draws how near the outline is, 1 on it and 0 at ``reach`` and beyond, if none is nearer."""
    outer = grown(corners, reach)
    low = np.floor(np.min([each.min(axis=0) for each in outer], axis=0)).astype(int)
    high = np.ceil(np.max([each.max(axis=0) for each in outer], axis=0)).astype(int)
    width, height = high - low + 1
    outline = np.ones((height, width), np.uint8)
    path = np.round((corners - low) * STEPS).astype(np.int32)
    cv2.polylines(outline, [path], True, 0, shift=SHIFT)
    away = cv2.distanceTransform(outline, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = np.clip(1 - away / max(reach, 1e-6), 0, 1).astype(np.float32)
    side = threshold.shape[0]
    (left, top), (right, bottom) = np.clip(low, 0, side), np.clip(high + 1, 0, side)
    cut = near[top - low[1] : bottom - low[1], left - low[0] : right - low[0]]
    seen = threshold[top:bottom, left:right]
    np.maximum(seen, cut, out=seen)
    _fill(border, outer, 1)
