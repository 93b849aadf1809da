"""A page with its lines drawn on it, for people to look at."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.boxes import Polygons
from ocr_tasks.imaging.crops import Pixels

Colour = tuple[int, int, int]  # BGR

TINT = 0.18  # how strongly a box is filled
OUTLINE = (30, 30, 220)  # BGR
GREEN_HUE = 0.33  # confidence 1; 0.5 and below is red


def draw_lines(page: Pixels, polygons: Polygons, confidences: Sequence[float]) -> Pixels:
    """A copy of ``page`` with its lines outlined, tinted by confidence and numbered in order.

    Green is sure, red is doubtful.
    """
    outlines = [polygon.round().astype(np.int32) for polygon in polygons]
    colours = [_colour(confidence) for confidence in confidences]
    filled = page.copy()
    for outline, colour in zip(outlines, colours, strict=True):
        cv2.fillPoly(filled, [outline], colour)
    drawn = cv2.addWeighted(filled, TINT, page, 1 - TINT, 0)
    weight = max(1, round(max(page.shape[:2]) / 1000))
    for number, (outline, colour) in enumerate(zip(outlines, colours, strict=True), start=1):
        cv2.polylines(drawn, [outline], True, colour, weight, cv2.LINE_AA)
        _number(drawn, str(number), outline[0], colour, weight)
    return np.asarray(drawn, dtype=np.uint8)


def draw_outlines(
    page: Pixels, polygons: Sequence[NDArray[np.float64]], colour: Colour = OUTLINE
) -> Pixels:
    """A copy of ``page`` with polygons (corners, 2) of any number of corners outlined."""
    drawn = page.copy()
    far = np.iinfo(np.int16).max  # beyond it OpenCV may count over
    outlines = [polygon.clip(-far, far).round().astype(np.int32) for polygon in polygons]
    cv2.polylines(drawn, outlines, True, colour, max(1, max(page.shape[:2]) // 500), cv2.LINE_AA)
    return drawn


def jpeg_bytes(pixels: Pixels) -> bytes:
    """The picture as a JPEG file."""
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return encoded.tobytes()


def _colour(confidence: float) -> tuple[float, float, float]:
    """BGR from red at 0.5 to green at 1."""
    hue = GREEN_HUE * min(1.0, max(0.0, (confidence - 0.5) / 0.5))
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.9, 0.75)
    return blue * 255, green * 255, red * 255


def _number(
    drawn: Pixels | cv2.typing.MatLike,
    text: str,
    corner: NDArray[np.int32],
    colour: tuple[float, float, float],
    weight: int,
) -> None:
    """A small label whose right edge touches the line's top left corner."""
    scale = 0.4 * weight
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, weight)
    left = max(0, int(corner[0]) - width - 2)
    bottom = max(height, int(corner[1]) + height)
    cv2.putText(
        drawn, text, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, weight, cv2.LINE_AA
    )
