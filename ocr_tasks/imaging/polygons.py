"""What can be told of a polygon by its corners alone."""

import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.float64]  # (corners, 2), x and y in pixels


def area_of(corners: Corners) -> float:
    """The area inside a polygon that does not cross itself, in square pixels (shoelace formula)."""
    x, y = corners[:, 0], corners[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y))) / 2


def crosses_itself(corners: Corners) -> bool:
    """Whether two edges that are no neighbours cross; edges that only touch do not."""
    ends = np.roll(corners, -1, axis=0)
    count = len(corners)
    return any(
        _cross(corners[first], ends[first], corners[second], ends[second])
        for first in range(count)
        for second in range(first + 2, count - (first == 0))
    )


def _cross(a: Corners, b: Corners, c: Corners, d: Corners) -> bool:
    apart = _side(a, b, c) * _side(a, b, d) < 0
    return apart and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Corners, b: Corners, point: Corners) -> float:
    """On which side of the line from ``a`` to ``b`` a point lies: the sign; 0 is on it."""
    return float((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]))
