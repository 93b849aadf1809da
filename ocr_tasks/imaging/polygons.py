"""What can be told of a polygon by its corners alone."""

import numpy as np
from numpy.typing import NDArray

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
