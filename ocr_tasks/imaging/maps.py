"""From a detector's probability map to line boxes.

Differentiable binarisation: Liao et al. 2020, "Real-time scene text detection with
differentiable binarization".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Ge, Interval
from numpy.typing import NDArray

from ocr_tasks.imaging.boxes import clockwise_from_top_left

STRIP_SIDE = 400  # pixels: a long strip is not reduced further than to this width,
STRIP_PIXELS = 4e6  # as far as that makes no more pixels than these
DILATION = 1  # map pixels by which text is thickened, so that no line falls apart at a thin place
MIN_SIDE = 3.0  # map pixels; smaller blobs are noise
SMALL_SHARE = 0.2  # of the lines, by which a page counts as one of small text


@dataclass(frozen=True, slots=True)
class DetectionSpec:
    """How a page is scaled for the detector and how its map becomes boxes.

    The page is scaled up until its shorter side has ``min_side`` pixels, or down until its longer
    side has ``first_side``; long strips are scaled down less. Where a fifth of the lines are then
    less than ``small_line`` pixels high, it is looked at anew with ``max_side``. ``unclip_ratio``
    grows a box by that share of area over perimeter, since the network is trained on shrunken text.
    """

    min_side: Annotated[int, Ge(32)] = 736
    first_side: Annotated[int, Ge(32)] = 960
    max_side: Annotated[int, Ge(32)] = 1600
    small_line: Annotated[float, Ge(0)] = 13.0
    threshold: Annotated[float, Interval(gt=0, lt=1)] = 0.3
    box_threshold: Annotated[float, Interval(ge=0, lt=1)] = 0.4
    unclip_ratio: Annotated[float, Ge(0)] = 1.6
    max_lines: Annotated[int, Ge(1)] = 3000


Size = tuple[int, int]  # height, width, in pixels


def detection_sizes(height: int, width: int, spec: DetectionSpec) -> tuple[Size, Size]:
    """The sizes at which the detector sees a page: first, and if its lines are small.

    They are multiples of 32 near the page's own proportions, and may be one.
    """
    first = _detection_size(height, width, spec.min_side, min(spec.first_side, spec.max_side))
    return first, _detection_size(height, width, spec.min_side, spec.max_side)


def _detection_size(height: int, width: int, min_side: int, max_side: int) -> Size:
    enlarged = max(1.0, min_side / min(height, width))
    reduced = max_side / max(height, width)
    strip = min(1.0, STRIP_SIDE / min(height, width), (STRIP_PIXELS / height / width) ** 0.5)
    scale = min(enlarged, max(reduced, strip))
    return _multiple_of_32(height * scale), _multiple_of_32(width * scale)


def has_small_lines(
    polygons: NDArray[np.float32], page_height: int, seen_height: int, spec: DetectionSpec
) -> bool:
    """Whether many of the lines (n, 4, 2), in page pixels, were seen at too few pixels."""
    if len(polygons) == 0:
        return False
    sides = np.linalg.norm(polygons - np.roll(polygons, -1, axis=1), axis=2)
    heights = sides.min(axis=1) * (seen_height / page_height)
    return bool(np.quantile(heights, SMALL_SHARE) < spec.small_line)


def _multiple_of_32(side: float) -> int:
    return max(32, round(side / 32) * 32)


def boxes_of_map(
    probability: NDArray[np.float32], page_height: int, page_width: int, spec: DetectionSpec
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Line boxes in page pixels from a (height, width) map of text probability.

    Returns corners (lines, 4, 2), clockwise from the top left, and scores (lines,). Each
    connected blob becomes its smallest rotated rectangle. Growing a rectangle by a distance on
    all sides is what polygon offsetting followed by another smallest rectangle comes to, so no
    clipping library is needed.
    """
    text = (probability > spec.threshold).astype(np.uint8)
    mask = cv2.dilate(text, np.ones((1 + DILATION, 1 + DILATION), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    map_height, map_width = probability.shape
    to_page = np.array([page_width / map_width, page_height / map_height], dtype=np.float32)
    page_edge = np.array([page_width, page_height], dtype=np.float32)
    found: list[tuple[float, NDArray[np.float32]]] = []
    for contour in contours:
        centre, (width, height), angle = cv2.minAreaRect(contour)
        width, height = width - DILATION, height - DILATION
        if min(width, height) < MIN_SIDE:
            continue
        score = _mean_inside(probability, _corners(centre, (width, height), angle))
        if score < spec.box_threshold:
            continue
        grow = spec.unclip_ratio * width * height / (width + height)
        corners = _corners(centre, (width + grow, height + grow), angle)
        corners = np.clip(corners * to_page, 0, page_edge).astype(np.float32)
        found.append((score, clockwise_from_top_left(corners)))
    if len(found) > spec.max_lines:
        found = sorted(found, key=lambda line: -line[0])[: spec.max_lines]
    polygons = np.array([corners for _, corners in found], dtype=np.float32).reshape(-1, 4, 2)
    return polygons, np.array([score for score, _ in found], dtype=np.float32)


def _corners(
    centre: Sequence[float], size: tuple[float, float], angle: float
) -> NDArray[np.float32]:
    return np.asarray(cv2.boxPoints((centre, size, angle)), dtype=np.float32)


def _mean_inside(probability: NDArray[np.float32], corners: NDArray[np.float32]) -> float:
    """The mean probability inside a rotated rectangle."""
    height, width = probability.shape
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right = min(int(np.ceil(corners[:, 0].max())) + 1, width)
    bottom = min(int(np.ceil(corners[:, 1].max())) + 1, height)
    inside = np.zeros((bottom - top, right - left), dtype=np.uint8)
    cv2.fillPoly(inside, [(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(probability[top:bottom, left:right], mask=inside)[0])
