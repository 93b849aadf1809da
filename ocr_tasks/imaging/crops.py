"""From a page and a line's corners to the upright strip of pixels the recogniser reads."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (height, width, 3), BGR

LINE_HEIGHT = 48  # pixels; what PP-OCR recognisers are trained on
WIDTH_STEP = 32  # pixels; crops are padded to a multiple of it
MAX_WIDTH = 3200  # pixels; a longer line is squeezed
PADDING = 127  # the middle grey, zero once normalised
ON_END = 1.5  # height over width from which a crop is taken for vertical text


def crop_line(page: Pixels, polygon: NDArray[np.float32]) -> Pixels:
    """The line inside ``polygon`` (4, 2), turned upright, scaled to LINE_HEIGHT and padded.

    Returns (LINE_HEIGHT, width, 3) with a width that depends on this line alone: that is what
    makes a page's text independent of the batch it is read in.
    """
    return pad_to_bucket(strip_of(page, polygon))


def strip_of(page: Pixels, polygon: NDArray[np.float32]) -> Pixels:
    """The line inside ``polygon`` (4, 2), turned upright and scaled to LINE_HEIGHT, not padded."""
    return scale_to_line_height(cut_out(page, polygon))


def cut_out(page: Pixels, polygon: NDArray[np.float32]) -> Pixels:
    """The polygon's pixels as a rectangle; text on end is turned a quarter counter-clockwise."""
    top_left, top_right, bottom_right, bottom_left = polygon
    width = _longer(top_right - top_left, bottom_right - bottom_left)
    height = _longer(bottom_left - top_left, bottom_right - top_right)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    to_target = cv2.getPerspectiveTransform(polygon.astype(np.float32), target)
    crop = cv2.warpPerspective(
        page, to_target, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    if height >= ON_END * width:
        crop = np.rot90(crop)
    return np.ascontiguousarray(crop, dtype=np.uint8)


def _longer(edge: NDArray[np.float32], opposite: NDArray[np.float32]) -> int:
    """The length of the longer of two opposite edges, at least one pixel."""
    return max(1, int(max(np.linalg.norm(edge), np.linalg.norm(opposite))))


def scale_to_line_height(crop: Pixels) -> Pixels:
    """The crop at LINE_HEIGHT with its proportions kept, up to MAX_WIDTH."""
    height, width = crop.shape[:2]
    scaled_width = min(MAX_WIDTH, max(1, math.ceil(LINE_HEIGHT * width / height)))
    scaled = cv2.resize(crop, (scaled_width, LINE_HEIGHT), interpolation=cv2.INTER_LINEAR)
    return scaled.astype(np.uint8, copy=False)


def pad_to_bucket(line: Pixels) -> Pixels:
    """The line with grey at its right up to the next multiple of WIDTH_STEP."""
    missing = -line.shape[1] % WIDTH_STEP
    return np.pad(line, ((0, 0), (0, missing), (0, 0)), constant_values=PADDING)


def squeeze(strip: Pixels, share: float) -> Pixels:
    """The strip at ``share`` of its width."""
    if share >= 1:
        return strip
    size = (max(1, math.ceil(strip.shape[1] * share)), strip.shape[0])
    return np.asarray(cv2.resize(strip, size, interpolation=cv2.INTER_AREA), np.uint8)


def by_half_a_turn(strip: Pixels) -> Pixels:
    """The strip turned by 180 degrees."""
    return np.ascontiguousarray(strip[::-1, ::-1])
