"""Lines as another pen, paper or camera might have made them.

Every change is small enough to leave the text as it is, and is drawn from a generator that the
caller seeds: the same line at the same step of the same run is always changed in the same way.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.crops import LINE_HEIGHT, Pixels
from ocr_tasks.training.spec import AugmentationSpec

Random = np.random.Generator

CHANCE = 0.5  # of each change, for each line
NARROWEST, WIDEST = 0.8, 1.2  # of a line's width
SLANT = 0.35  # pixels to the side for each upwards
SHIFT = 0.07  # of the height, that margins grow or shrink by
WAVE = 1.6  # pixels, the standard deviation of a warp
WAVELENGTH = 48  # pixels between two independent displacements


def stretched_width(width: int, spec: AugmentationSpec, random: Random) -> int:
    """How wide a strip of ``width`` pixels is to become; known ahead, for batches of one width."""
    if not spec.stretch:
        return width
    return max(1, round(width * random.uniform(NARROWEST, WIDEST)))


def augmented(strip: Pixels, width: int, spec: AugmentationSpec, random: Random) -> Pixels:
    """The strip (LINE_HEIGHT, any, 3) changed, as wide as ``width``."""
    strip = _moved(strip, width, spec, random)
    if spec.stroke and happens(random):
        strip = _another_pen(strip, random)
    if spec.blur and happens(random):
        strip = blurred(strip, random)
    if spec.contrast and happens(random):
        strip = another_light(strip, random)
    if spec.noise and happens(random):
        strip = noisy(strip, random)
    return strip


def happens(random: Random) -> bool:
    """Whether a change befalls, by CHANCE."""
    return bool(random.random() < CHANCE)


def _moved(strip: Pixels, width: int, spec: AugmentationSpec, random: Random) -> Pixels:
    """Stretch, slant, shift and warp in one interpolation."""
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(LINE_HEIGHT, dtype=np.float32)
    )
    if spec.slant and happens(random):
        columns += np.float32(random.uniform(-SLANT, SLANT)) * (rows - LINE_HEIGHT / 2)
    if spec.shift and happens(random):
        top, bottom = random.uniform(-SHIFT, SHIFT, 2).astype(np.float32) * LINE_HEIGHT
        rows = top + rows * ((LINE_HEIGHT + bottom - top) / LINE_HEIGHT)
    if spec.warp and happens(random):
        columns = columns + _wave(width, random)
        rows = rows + _wave(width, random)
    columns = (columns + np.float32(0.5)) * np.float32(strip.shape[1] / width) - np.float32(0.5)
    moved = cv2.remap(strip, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _wave(width: int, random: Random) -> NDArray[np.float32]:
    """Smooth displacements (LINE_HEIGHT, width) in pixels, after Simard et al. 2003."""
    knots = random.normal(0, WAVE, (2, 2 + width // WAVELENGTH)).astype(np.float32)
    return np.asarray(cv2.resize(knots, (width, LINE_HEIGHT), interpolation=cv2.INTER_CUBIC))


def _another_pen(strip: Pixels, random: Random) -> Pixels:
    """Strokes a part of a pixel bolder or finer."""
    change = cv2.erode if happens(random) else cv2.dilate
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    share = random.uniform(0.2, 0.6)
    return np.asarray(cv2.addWeighted(change(strip, cross), share, strip, 1 - share, 0), np.uint8)


def blurred(pixels: Pixels, random: Random) -> Pixels:
    """As of a lens that is a little out of focus."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.3, 1.1)), np.uint8)


def another_light(pixels: Pixels, random: Random) -> Pixels:
    """Another gamma, contrast and tint."""
    levels = np.linspace(0, 1, 256) ** random.uniform(0.7, 1.4)
    levels = (levels - 0.5) * random.uniform(0.6, 1.1) + 0.5 + random.uniform(-0.12, 0.12)
    tints = random.uniform(0.94, 1.06, 3)
    table = np.clip(levels[:, np.newaxis] * tints * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table[np.newaxis]), np.uint8)


def noisy(pixels: Pixels, random: Random) -> Pixels:
    """Grain, the same in all channels, as of grey film."""
    grain = random.normal(0, random.uniform(2, 10), pixels.shape[:2])[..., np.newaxis]
    return np.asarray(np.clip(pixels + grain, 0, 255), np.uint8)
