"""Square crops of pages as another camera or paper might have made them, with their targets.

A crop shows whole the region that it was drawn for, if that fits. Of others it may show a part:
they are labelled as far as they are seen, for text goes on over the edge of any window.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.imaging.maps import DetectionSpec, detection_sizes
from ocr_tasks.imaging.polygons import Corners
from ocr_tasks.training.augmentation import another_light, blurred, happens, noisy
from ocr_tasks.training.detection.pages import Pages, TrainingPage
from ocr_tasks.training.detection.spec import DetectorSpec, PageAugmentationSpec
from ocr_tasks.training.detection.targets import Map, Targets, targets_of

LARGER = 1.35  # at most, than the page is served; or smaller by as much
TURN = 6.0  # degrees, to either side
BEYOND = 127  # in place of pixels that no page has

Random = np.random.Generator
Affine = NDArray[np.float64]  # (2, 3): from pixels of a page's picture to those of the crop


@dataclass(frozen=True, slots=True)
class CropDraw:
    """A crop that was drawn: of which page, and the seed of all that is left to chance."""

    page: int
    seed: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class CropBatch:
    """Crops (n, side, side, 3) and their targets, maps (n, 1, side, side) of 0 to 1."""

    images: NDArray[np.uint8]
    text: Map
    counts: Map
    threshold: Map
    border: Map


def plan_crops(pages: Pages, spec: DetectorSpec, epoch: int) -> list[list[CropDraw]]:
    """The batches of an epoch: some crops of each page, in an order by chance."""
    places = np.tile(np.arange(len(pages.pages)), spec.crops_a_page)
    order = np.random.default_rng([spec.seed, epoch]).permutation(len(places))
    draws = [CropDraw(int(places[at]), (spec.seed, epoch, int(at))) for at in order]
    return [draws[at : at + spec.batch] for at in range(0, len(draws), spec.batch)]


def crops_of(
    draws: Sequence[CropDraw], pages: Pages, spec: DetectorSpec, serving: DetectionSpec
) -> CropBatch:
    """The crops of a batch, changed, and what is to be found in them."""
    drawn = [_drawn(draw, pages, spec, serving) for draw in draws]
    targets = [each for _, each in drawn]
    return CropBatch(
        np.stack([image for image, _ in drawn]),
        _stacked(each.text for each in targets),
        _stacked(each.counts for each in targets),
        _stacked(each.threshold for each in targets),
        _stacked(each.border for each in targets),
    )


def _stacked(maps: Iterator[Map]) -> Map:
    return np.stack(list(maps))[:, np.newaxis]


def _drawn(
    draw: CropDraw, pages: Pages, spec: DetectorSpec, serving: DetectionSpec
) -> tuple[Pixels, Targets]:
    random = np.random.default_rng([*draw.seed, draw.page])
    page, side = pages.pages[draw.page], spec.crop_side
    picture = pages.pictures.array(page.picture)
    affine = _affine(page, picture.shape[:2], spec, serving, random)
    crop = cv2.warpAffine(picture, affine, (side, side), borderValue=(BEYOND,) * 3)
    labels = page.labels
    expected, ignored = (
        [moved(corners, affine) for corners in some] for some in (labels.expected, labels.ignored)
    )
    changed = _changed(np.asarray(crop, np.uint8), spec.augmentation, random)
    return changed, targets_of(expected, ignored, side, serving.unclip_ratio)


def moved(corners: Corners, affine: Affine) -> Corners:
    """Corners as they are in a crop."""
    turned: Corners = corners @ affine[:, :2].T + affine[:, 2]
    return turned


def _affine(
    page: TrainingPage,
    size: tuple[int, int],
    spec: DetectorSpec,
    serving: DetectionSpec,
    random: Random,
) -> Affine:
    """How a page is scaled, turned and moved, so that a region of its lies in the crop."""
    height, width = size
    scale = _scale(page, size, spec.augmentation, serving, random)
    angle = random.uniform(-TURN, TURN) if spec.augmentation.rotate and happens(random) else 0.0
    cos, sin = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    mirror = -1.0 if spec.augmentation.flip and happens(random) else 1.0
    affine = np.array([[cos * mirror, -sin, 0.0], [sin * mirror, cos, 0.0]])
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    regions = page.labels.expected
    shown = regions[random.integers(len(regions))] if regions else outline
    whole, part = moved(outline, affine), moved(shown, affine)
    for axis in range(2):
        affine[axis, 2] = -_window(whole[:, axis], part[:, axis], spec.crop_side, random)
    return affine


def _scale(
    page: TrainingPage,
    size: tuple[int, int],
    spec: PageAugmentationSpec,
    serving: DetectionSpec,
    random: Random,
) -> float:
    """Of the picture: one of the sizes at which the page is served, or between and about them."""
    height, width = (round(side / page.reduced) for side in size)
    first, closer = (seen[0] / size[0] for seen in detection_sizes(height, width, serving))
    if not spec.scale:
        return closer
    return float(np.exp(random.uniform(np.log(first / LARGER), np.log(closer * LARGER))))


def _window(whole: Corners, part: Corners, side: int, random: Random) -> float:
    """Where a crop begins along an axis: ``part`` lies in it if it fits, and little beyond pages.

    ``whole`` are the corners of the page along it.
    """
    low, high = sorted((part.max() - side, part.min()))
    inside = whole.min(), max(whole.min(), whole.max() - side)
    low, high = np.clip([low, high], *inside)
    return float(round(random.uniform(low, high)))


def _changed(crop: Pixels, spec: PageAugmentationSpec, random: Random) -> Pixels:
    if spec.blur and happens(random):
        crop = blurred(crop, random)
    if spec.contrast and happens(random):
        crop = another_light(crop, random)
    if spec.noise and happens(random):
        crop = noisy(crop, random)
    return crop
