"""From a labelled page and its pixels to samples: crops of its lines, or the page with regions."""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.dataset.converters.labelled import Frame, LabelledRegion, LeftOut
from ocr_tasks.dataset.converters.page_images import PageImage
from ocr_tasks.dataset.converters.sources import SourcePage
from ocr_tasks.dataset.regions import SMALLEST_AREA, fault_of_place, fault_of_shape
from ocr_tasks.dataset.rules import Rule
from ocr_tasks.errors import LabelFileError
from ocr_tasks.imaging.crops import Pixels, cut_out
from ocr_tasks.imaging.polygons import Corners, area_of, quad_around

ILLEGIBLE = "###"  # a region that trainers of detection pass over (PaddleOCR, DetLabelEncode)
UNLIKE = 0.02  # by which the proportions of a page and of its image may differ
LONGEST_SIDE = 32_766  # pixels, from which OpenCV cuts nothing out
LONGEST_NAME = 80  # characters
_NO_NAME = re.compile(r"[^A-Za-z0-9.-]+")
_SPACES = re.compile(r"[^\S\u3000]+")  # the ideographic space is a character of its own


@dataclass(frozen=True, slots=True)
class NewSample:
    """A sample that was made: its image's path, its label, and where it comes from.

    ``page`` stands for the labels of one image, also among those of other sources. ``region`` is
    None where the sample is the whole page.
    """

    path: str
    label: str
    group: str
    page: str
    region: str | None


@dataclass(slots=True)
class CutPage:
    """What became of a page: samples, their image files by path, and regions that are in none.

    ``mended`` counts polygons that crossed themselves, and were replaced by the box around them.
    """

    page: str
    samples: list[NewSample] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    labelled: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    mended: int = 0


def lines_of_page(page: SourcePage, image: PageImage) -> CutPage:
    """A sample of every line that has a text, cut out as it is for a recogniser.

    Raises:
        LabelFileError: the labels are of a page of another shape.
    """
    if max(image.pixels.shape) > LONGEST_SIDE:
        raise LabelFileError(f"its image has a side of more than {LONGEST_SIDE} pixels")
    cut = _begun(page, image)
    for region, corners in _placed(page, image, cut):
        label = label_of(region.text)
        quad = quad_around(corners).round(2)  # or what is a hair less than 100 pixels becomes 99
        if not region.readable:
            cut.left_out[LeftOut.ILLEGIBLE] += 1
        elif not label:
            cut.left_out[LeftOut.EMPTY] += 1
        elif area_of(quad) < SMALLEST_AREA:
            cut.left_out[Rule.POLYGON_EMPTY.code] += 1
        else:
            crop = cut_out(image.pixels, quad.astype(np.float32))
            _add(cut, page, region, label, _png(crop), corners)
    return cut


def regions_of_page(page: SourcePage, image: PageImage) -> CutPage:
    """The page as one sample, with every region that lies on it.

    Raises:
        LabelFileError: the labels are of a page of another shape.
    """
    cut = _begun(page, image)
    regions = []
    for region, corners in _placed(page, image, cut):
        fault = fault_of_shape(corners)
        if fault is Rule.POLYGON_CROSSED:
            cut.mended += 1
            corners = quad_around(corners).round(2)
            fault = fault_of_shape(corners)
        if fault is not None:
            cut.left_out[fault.code] += 1
            continue
        text = label_of(region.text) if region.readable else ILLEGIBLE
        regions.append({"transcription": text, "points": corners.round(1).tolist()})
    data, ending = image.original or (_png(image.pixels), ".png")
    path = f"images/{slug(page.name)}_{_digest(page.key, image.sha256)}{ending}"
    label = json.dumps(regions, ensure_ascii=False)
    cut.samples.append(NewSample(path, label, page.document, cut.page, None))
    cut.files[path] = data
    cut.labelled = len(regions)
    return cut


def label_of(text: str) -> str:
    """A text as labels have it: in NFC, with single spaces, on one line."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip(" ")


def slug(name: str) -> str:
    """The end of a name, with what any store and label file can hold."""
    return _NO_NAME.sub("_", name)[-LONGEST_NAME:].lstrip("._-") or "page"


def scale_of(frame: Frame, image: PageImage) -> NDArray[np.float64]:
    """How many pixels of the image one unit of the frame is, along x and y.

    Raises:
        LabelFileError: the labels are of a page of another shape, or nothing tells.
    """
    height, width = image.pixels.shape[:2]
    if frame.width and frame.height:
        scale = np.array([width / frame.width, height / frame.height])
        if abs(scale[0] / scale[1] - 1) > UNLIKE:
            size = f"{frame.width:g} x {frame.height:g}"
            raise LabelFileError(
                f"labels of a page of {size}, but its image has {width} x {height}"
            )
        return scale
    if frame.per_inch is None:
        return np.ones(2)
    if image.dpi is None:
        raise LabelFileError("neither the page's size nor its image's dots an inch are told")
    return np.full(2, image.dpi / frame.per_inch)


def _begun(page: SourcePage, image: PageImage) -> CutPage:
    return CutPage(f"{page.key}@{image.sha256[:16]}", left_out=Counter(page.labels.left_out))


def _placed(
    page: SourcePage, image: PageImage, cut: CutPage
) -> list[tuple[LabelledRegion, Corners]]:
    """The regions that lie on the page, in its pixels; what lies over its edge is moved there."""
    height, width = image.pixels.shape[:2]
    scale = scale_of(page.labels.frame, image)
    placed = []
    for region in page.labels.regions:
        corners = (region.corners * scale).round(2)
        if len(corners) == 0:
            cut.left_out[Rule.POLYGON_EMPTY.code] += 1
        elif fault_of_place(corners, width, height) is Rule.POLYGON_OUTSIDE:
            cut.left_out[Rule.POLYGON_OUTSIDE.code] += 1
        else:
            placed.append((region, np.clip(corners, 0, [width, height])))
    return placed


def _add(
    cut: CutPage,
    page: SourcePage,
    region: LabelledRegion,
    label: str,
    data: bytes,
    corners: Corners,
) -> None:
    """Adds a line; what its pixels depend on is in its name, so that a file never changes."""
    digest = _digest(cut.page, region.name, corners.round(1).tolist())
    path = f"images/{slug(page.name)}_{slug(region.name)}_{digest}.png"
    cut.samples.append(NewSample(path, label, page.document, cut.page, region.name))
    cut.files[path] = data
    cut.labelled += 1


def _png(pixels: Pixels) -> bytes:
    done, data = cv2.imencode(".png", pixels)
    assert done, "eight bits and three channels are always a PNG"
    return bytes(data)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]
