"""Where a page has ink: whether boxes hold any, and whether there is any outside of them.

Ink is contrast, not darkness, so white on blue is ink and a tinted ground is none. All of it
works on pages of RESOLUTION dots an inch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

RESOLUTION = 72.0  # dots an inch
CONTRAST = 24  # of 255 in any channel, within a pixel around
RULE = 10  # pixels: marks that run on for so long without a change are rules, not writing
LONG_RULE = 24  # pixels: and no letter runs on for so long
SMALL = 10  # pixels: marks that are less wide and high hold no word; bullets, ends of rules
THIN = 4  # pixels: marks that are no wider, or no higher, are rules too, if with breaks and joints
NEAR = 2  # pixels: marks so near belong together, and to a box

Mask = NDArray[np.uint8]  # (height, width), 0 or 1
Boxes = NDArray[np.float32]  # (n, 4): x0, y0, x1, y1 in pixels
Pixels = NDArray[np.uint8]  # (height, width, 3)


@dataclass(frozen=True, slots=True)
class Edges:
    """Where a page changes from left to right, and where from top to bottom."""

    across: Mask
    down: Mask

    @property
    def all(self) -> Mask:
        """Where it changes at all."""
        return self.across | self.down


def edges_of(page: Pixels) -> Edges:
    """The pixels of a page (height, width, 3) at which it changes."""
    return Edges(_changes(page, (1, 3)), _changes(page, (3, 1)))


def _changes(page: Pixels, around: tuple[int, int]) -> Mask:
    kernel = np.ones(around, np.uint8)
    change = cv2.dilate(page, kernel) - cv2.erode(page, kernel)
    mask: Mask = (change.max(axis=2) >= CONTRAST).astype(np.uint8)
    return mask


def boxes_with_ink(edges: Edges, boxes: Boxes) -> NDArray[np.bool_]:
    """Whether each box holds as many edges as a thin stroke through it would have.

    Rules too long for a letter are not its ink: text may lie on one unseen.
    """
    height, width = edges.across.shape
    sums = cv2.integral(edges.all & ~_rules(edges, LONG_RULE))
    x0, y0 = (np.floor(boxes[:, axis]).astype(int) for axis in (0, 1))
    x1, y1 = (np.ceil(boxes[:, axis]).astype(int) for axis in (2, 3))
    x0, x1 = np.clip(x0, 0, width - 1), np.clip(np.maximum(x1, x0 + 1), 1, width)
    y0, y1 = np.clip(y0, 0, height - 1), np.clip(np.maximum(y1, y0 + 1), 1, height)
    held = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
    stroke: NDArray[np.bool_] = held >= np.maximum(x1 - x0, y1 - y0) / 2
    return stroke


def has_ink_outside(edges: Edges, boxes: Boxes) -> bool:
    """Whether there is anything outside of the boxes that could be a word, a stamp or a drawing.

    Rules, broken ones too, borders, tinted fields and marks less than SMALL do not count.
    """
    outside = edges.all & ~_rules(edges, RULE)
    for (x0, y0), (x1, y1) in _grown(boxes):
        outside[y0:y1, x0:x1] = 0
    side = 2 * NEAR + 1
    together = cv2.dilate(outside, np.ones((side, side), np.uint8))
    _, _, parts, _ = cv2.connectedComponentsWithStats(together)
    sides = parts[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] - 2 * NEAR
    return bool(((sides.max(axis=1) >= SMALL) & (sides.min(axis=1) > THIN)).any())


def _rules(edges: Edges, length: int) -> Mask:
    """Straight marks: along them nothing changes, which it does along any writing."""
    return _runs(edges.down & ~edges.across, (1, length)) | _runs(
        edges.across & ~edges.down, (length, 1)
    )


def _runs(mask: Mask, shape: tuple[int, int]) -> Mask:
    """The parts of a mask in which a bar of that shape finds room."""
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(shape, np.uint8)).astype(np.uint8)


def _grown(boxes: Boxes) -> Iterator[Any]:
    """Corners of the boxes in whole pixels, with what is NEAR them."""
    low = np.maximum(np.floor(boxes[:, :2]).astype(int) - NEAR, 0)
    high = np.maximum(np.ceil(boxes[:, 2:]).astype(int) + NEAR, 0)
    return zip(low, high, strict=True)
