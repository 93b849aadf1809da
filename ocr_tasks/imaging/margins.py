"""What of a page is empty: all of it, or the margins of a long strip.

Margins would cost the detector the pixels that the text needs.
"""

import numpy as np
from numpy.typing import NDArray

UNSEEN = 6  # grey levels: text that stands out by no more is found by no detector of PP-OCR's
STRIP = 4.0  # longer side over shorter from which a page counts as a strip
EMPTY = 12  # levels of a colour, at most, between the pixels of a row or column without marks
KEPT = 0.05  # of the shorter side: what remains of a margin


def is_blank(page: NDArray[np.uint8]) -> bool:
    """Whether the page (height, width, 3) has no mark that a detector could see."""
    return bool(page.max() - page.min() <= UNSEEN)


def part_with_marks(page: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of the part of a long strip that has anything on it.

    Pages of usual proportions, and strips without a mark, are taken whole.
    """
    height, width = page.shape[:2]
    if max(height, width) < STRIP * min(height, width):
        return 0, 0, height, width
    rows = np.flatnonzero(np.ptp(page, axis=1).max(axis=1) > EMPTY)
    columns = np.flatnonzero(np.ptp(page, axis=0).max(axis=1) > EMPTY)
    if not rows.size or not columns.size:
        return 0, 0, height, width
    edge = round(KEPT * min(height, width))
    top, left = max(0, int(rows[0]) - edge), max(0, int(columns[0]) - edge)
    return top, left, min(height, int(rows[-1]) + 1 + edge), min(width, int(columns[-1]) + 1 + edge)
