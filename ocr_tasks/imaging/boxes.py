"""Boxes of lines: corner order, angle, and the order in which people read them."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Polygons = NDArray[np.float32]  # (lines, 4, 2), pixels, clockwise from the line's top left

SAME_ROW = 0.5  # of the smaller height: centres nearer than this stand in one row
GUTTER = 0.5  # of the median line height: a white gap this wide can part two columns
MOST_ASKEW = math.radians(15)  # of a page; beyond, its lines stand on end or anyhow
RUNNING_TEXT = 7.0  # width over height from which a line is taken for running text


def clockwise_from_top_left(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """The four corners (4, 2) of a rectangle, clockwise, beginning where its text begins.

    The top edge is the pair of neighbouring corners nearest the horizontal above the centre;
    text that stands on end (taller than wide) keeps its upper corners as the top.
    """
    centre = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    around = corners[np.argsort(angles)]  # image y points down: rising angle is clockwise
    sums = around.sum(axis=1)
    return np.roll(around, -int(np.argmin(sums)), axis=0)


def angle_of(polygon: NDArray[np.float32]) -> float:
    """The slope of a line's top edge in degrees, clockwise, -180 to 180."""
    along = polygon[1] - polygon[0]
    return math.degrees(math.atan2(float(along[1]), float(along[0])))


def bounding_box(polygon: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) of the upright box around a polygon, whole pixels, outwards."""
    low, high = np.floor(polygon.min(axis=0)), np.ceil(polygon.max(axis=0))
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def reading_order(polygons: Polygons) -> list[int]:
    """The indices of lines in the order a person reads them, left to right, top to bottom.

    A recursive XY-cut (Nagy and Seth 1984, "Hierarchical representation of optically scanned
    documents"): a region that a white gutter parts into columns of running text is read column
    by column; otherwise it is cut at its widest horizontal gap where the parts below or above
    hold columns, or above and below a band of columns; the rest is read row by row. Short cells
    (prices beside articles) are no running text, so tables stay rows. A page that lies a little
    askew is levelled first, or its gutters would not be white from top to bottom.
    """
    if len(polygons) == 0:
        return []
    level = _levelled(polygons)
    low, high = level.min(axis=1), level.max(axis=1)
    spans = np.concatenate([low, high], axis=1)
    return _cut(spans, list(range(len(polygons))))


def _levelled(polygons: Polygons) -> Polygons:
    """The polygons turned by as much as the longer lines are askew, if that is not much."""
    along = polygons[:, 1] - polygons[:, 0]
    lengths = np.hypot(along[:, 0], along[:, 1])
    longer = along[lengths >= np.median(lengths)]
    angle = float(np.median(np.arctan2(longer[:, 1], longer[:, 0])))
    if abs(angle) > MOST_ASKEW:
        return polygons
    cos, sin = math.cos(angle), math.sin(angle)
    levelled: Polygons = (polygons @ np.array([[cos, -sin], [sin, cos]])).astype(np.float32)
    return levelled


def _cut(spans: NDArray[np.float32], region: list[int]) -> list[int]:
    """The lines of ``region`` in reading order; ``spans`` is (lines, 4): x0, y0, x1, y1."""
    if len(region) < 4:
        return _row_by_row(spans, region)
    columns = _columns(spans, region)
    if len(columns) > 1:
        return [line for column in columns for line in _cut(spans, column)]
    for upper, lower in _horizontal_cuts(spans, region):
        if len(_columns(spans, upper)) > 1 or len(_columns(spans, lower)) > 1:
            return _cut(spans, upper) + _cut(spans, lower)
    for above, band, below in _bands(spans, region):
        if len(_columns(spans, band)) > 1:
            return _cut(spans, above) + _cut(spans, band) + _cut(spans, below)
    return _row_by_row(spans, region)


def _columns(spans: NDArray[np.float32], region: list[int]) -> list[list[int]]:
    """The region parted at its white gutters, or whole if the parts are not running text."""
    height = float(np.median(spans[region, 3] - spans[region, 1]))
    columns = _part(spans, region, axis=0, gap=GUTTER * height)
    if len(columns) > 1 and all(_is_running_text(spans, column) for column in columns):
        return columns
    return [region]


def _is_running_text(spans: NDArray[np.float32], column: list[int]) -> bool:
    """Whether a column has several lines, most of them long for their height."""
    box = spans[column]
    shape = (box[:, 2] - box[:, 0]) / np.maximum(box[:, 3] - box[:, 1], 1)
    return len(column) >= 3 and float(np.median(shape)) >= RUNNING_TEXT


def _horizontal_cuts(
    spans: NDArray[np.float32], region: list[int]
) -> list[tuple[list[int], list[int]]]:
    """Every way to cut the region between two rows, the widest white gap first."""
    rows = _part(spans, region, axis=1, gap=0.0)
    cuts = []
    for position in range(1, len(rows)):
        upper, lower = _flat(rows[:position]), _flat(rows[position:])
        white = float(spans[lower, 1].min() - spans[upper, 3].max())
        cuts.append((white, upper, lower))
    cuts.sort(key=lambda cut: -cut[0])
    return [(upper, lower) for _, upper, lower in cuts]


def _bands(
    spans: NDArray[np.float32], region: list[int]
) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """The longest runs of rows that leave some gutter white, with what is above and below each.

    They find columns between a heading and a footer, or between two headings.
    """
    rows = _part(spans, region, axis=1, gap=0.0)
    end = 0
    for start in range(len(rows)):
        reached = end = max(end, start)
        while end < len(rows) and _leaves_gutter(spans, region, _flat(rows[start : end + 1])):
            end += 1
        if end > reached:
            yield _flat(rows[:start]), _flat(rows[start:end]), _flat(rows[end:])


def _leaves_gutter(spans: NDArray[np.float32], region: list[int], band: list[int]) -> bool:
    """Whether a gutter of the region's width stays white in the band, be it at its edge."""
    gap = GUTTER * float(np.median(spans[region, 3] - spans[region, 1]))
    left = spans[band, 0].min() - spans[region, 0].min()
    right = spans[region, 2].max() - spans[band, 2].max()
    return max(left, right) > gap or len(_part(spans, band, axis=0, gap=gap)) > 1


def _flat(rows: list[list[int]]) -> list[int]:
    return [line for row in rows for line in row]


def _part(spans: NDArray[np.float32], region: list[int], axis: int, gap: float) -> list[list[int]]:
    """The region parted wherever no line covers ``gap`` pixels of the axis (0: x, 1: y)."""
    parts: list[list[int]] = []
    end = -math.inf
    for line in sorted(region, key=lambda line: float(spans[line, axis])):
        if spans[line, axis] - end > gap or not parts:
            parts.append([])
        parts[-1].append(line)
        end = max(end, float(spans[line, axis + 2]))
    return parts


def _row_by_row(spans: NDArray[np.float32], region: list[int]) -> list[int]:
    """Rows from top to bottom, each from left to right."""
    middle = (spans[:, 1] + spans[:, 3]) / 2
    height = spans[:, 3] - spans[:, 1]
    rows: list[list[int]] = []
    for line in sorted(region, key=lambda line: (float(middle[line]), float(spans[line, 0]))):
        if rows:
            first = rows[-1][0]
            if middle[line] - middle[first] < SAME_ROW * min(height[line], height[first]):
                rows[-1].append(line)
                continue
        rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: float(spans[line, 0]))]
