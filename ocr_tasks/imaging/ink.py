"""Where a page has ink: whether boxes hold any, and whether there is any outside of them.

Ink is contrast, not darkness, so white on blue is ink and a tinted ground is none. All of it
works on pages of RESOLUTION dots an inch.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

RESOLUTION = 72.0  # dots an inch
CONTRAST = 24  # of 255 in any channel, within a pixel around
RULE = 18  # pixels: marks that run straight for so long are rules and borders, not writing
SMALL = 10  # pixels: marks that are less wide and high hold no word; bullets, ends of rules
NEAR = 2  # pixels: marks so near belong together, and to a box

Mask = NDArray[np.uint8]  # (height, width), 0 or 1
Boxes = NDArray[np.float32]  # (n, 4): x0, y0, x1, y1 in pixels
Pixels = NDArray[np.uint8]  # (height, width, 3)


def edges_of(page: Pixels) -> Mask:
    """The pixels of a page at which it changes."""
    around = np.ones((3, 3), np.uint8)
    change = cv2.dilate(page, around) - cv2.erode(page, around)
    edges: Mask = (change.max(axis=2) >= CONTRAST).astype(np.uint8)
    return edges


def boxes_with_ink(edges: Mask, boxes: Boxes) -> NDArray[np.bool_]:
    """Whether each box holds as many edges as a thin stroke through it would have."""
    height, width = edges.shape
    sums = cv2.integral(edges)
    x0, y0 = (np.floor(boxes[:, axis]).astype(int) for axis in (0, 1))
    x1, y1 = (np.ceil(boxes[:, axis]).astype(int) for axis in (2, 3))
    x0, x1 = np.clip(x0, 0, width - 1), np.clip(np.maximum(x1, x0 + 1), 1, width)
    y0, y1 = np.clip(y0, 0, height - 1), np.clip(np.maximum(y1, y0 + 1), 1, height)
    held = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
    stroke: NDArray[np.bool_] = held >= np.maximum(x1 - x0, y1 - y0) / 2
    return stroke


def has_ink_outside(edges: Mask, boxes: Boxes) -> bool:
    """Whether there is anything outside of the boxes that could be a word, a stamp or a drawing.

    Rules, borders, tinted fields and marks less than SMALL do not count.
    """
    outside = _without_boxes(_without_rules(edges), boxes)
    side = 2 * NEAR + 1
    together = cv2.dilate(outside, np.ones((side, side), np.uint8))
    _, _, parts, _ = cv2.connectedComponentsWithStats(together)
    sides = parts[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] - 2 * NEAR
    return bool((sides.max(axis=1, initial=0) >= SMALL).any())


def _without_boxes(edges: Mask, boxes: Boxes) -> Mask:
    left = edges.copy()
    low = np.maximum(np.floor(boxes[:, :2]).astype(int) - NEAR, 0)
    high = np.ceil(boxes[:, 2:]).astype(int) + NEAR
    for (x0, y0), (x1, y1) in zip(low, high, strict=True):
        left[y0:y1, x0:x1] = 0
    return left


def _without_rules(edges: Mask) -> Mask:
    left = edges.copy()
    for shape in ((1, RULE), (RULE, 1)):
        left[cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones(shape, np.uint8)) == 1] = 0
    return left
