"""What can be told of a polygon by its corners alone."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.boxes import clockwise_from_top_left

Corners = NDArray[np.float64]  # (corners, 2), x and y in pixels
Edge = tuple[Corners, Corners]  # where it begins and ends; of several, an array each


def area_of(corners: Corners) -> float:
    """The area inside a polygon that does not cross itself, in square pixels (shoelace formula)."""
    x, y = corners[:, 0], corners[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y))) / 2


def crosses_itself(corners: Corners) -> bool:
    """Whether two edges that are no neighbours cross; edges that only touch do not."""
    ends = np.roll(corners, -1, axis=0)
    for first in range(len(corners) - 2):
        others = slice(first + 2, len(corners) - (first == 0))
        edge, edges = (corners[first], ends[first]), (corners[others], ends[others])
        if (_parts(edge, edges) & _parts(edges, edge)).any():
            return True
    return False


def _parts(edge: Edge, ends: Edge) -> NDArray[np.bool_]:
    """Whether the ends of an edge lie on both sides of another, prolonged; either may be many."""
    return _side(edge, ends[0]) * _side(edge, ends[1]) < 0


def _side(edge: Edge, points: Corners) -> Corners:
    """On which side of an edge points lie: the sign; 0 is on it."""
    (x0, y0), (x1, y1), (x, y) = edge[0].T, edge[1].T, points.T
    return np.asarray((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0))


def quad_around(corners: Corners) -> Corners:
    """Four corners (4, 2) around a line, clockwise from its top left, of any polygon around it.

    Four that are convex and clockwise stay as they are, as they say where the line begins. Of all
    others it is the smallest rotated rectangle, which is what the detector's lines are too.
    """
    if len(corners) == 4 and (_turns(corners) > 0).all():
        return corners
    around = cv2.boxPoints(cv2.minAreaRect(corners.astype(np.float32)))
    return clockwise_from_top_left(np.asarray(around, np.float32)).astype(np.float64)


def _turns(corners: Corners) -> Corners:
    """How sharply a polygon turns at each corner: above 0 clockwise, where y points down."""
    edges = np.roll(corners, -1, axis=0) - corners
    after = np.roll(edges, -1, axis=0)
    return np.asarray(edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0])
