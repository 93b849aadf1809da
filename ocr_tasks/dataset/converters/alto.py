"""ALTO 2 to 4 (loc.gov/standards/alto): lines of strings, spaces and hyphens."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ocr_tasks.dataset.converters.labelled import Frame, LabelledPage
from ocr_tasks.dataset.converters.parsing import (
    box,
    children,
    corners_in,
    descendants,
    local_name,
    number_of,
    only_page,
    positive_or_none,
    regions_of_lines,
    xml_root,
)
from ocr_tasks.errors import LabelFileError
from ocr_tasks.imaging.polygons import Corners

UNITS_PER_INCH = {"pixel": None, "mm10": 254.0, "inch1200": 1200.0}
HYPHENS = "-\u00ad\u2010\u2e17"  # the soft one, in a HYP, is one that is to be seen


def pages_of_alto(data: bytes, _: str) -> Iterator[LabelledPage]:
    """The page that a file is about.

    Raises:
        LabelFileError: it is no such file, has several pages, or an unknown unit.
    """
    root = xml_root(data)
    page = only_page(descendants(root, "Page"))
    regions, left_out = regions_of_lines(page, "ID", _corners, _text)
    width, height = (positive_or_none(page.get(side)) for side in ("WIDTH", "HEIGHT"))
    frame = Frame(width, height, _units_per_inch(root))
    yield LabelledPage(_image(root), regions, frame, left_out=left_out)


def _units_per_inch(root: Element) -> float | None:
    units = [unit.text or "" for unit in descendants(root, "MeasurementUnit")]
    unit = units[0].strip() if units else "pixel"
    if unit not in UNITS_PER_INCH:
        raise LabelFileError(f"MeasurementUnit {unit[:40]!r}: {', '.join(UNITS_PER_INCH)} are read")
    return UNITS_PER_INCH[unit]


def _image(root: Element) -> str:
    names = [
        name.text or ""
        for told in descendants(root, "sourceImageInformation")
        for name in children(told, "fileName")
    ]
    return names[0].strip() if names else ""


def _corners(line: Element) -> Corners:
    """The line's polygon, or its box, or the box around those of its strings."""
    polygons = [
        polygon.get("POINTS", "")
        for shape in children(line, "Shape")
        for polygon in children(shape, "Polygon")
    ]
    if polygons:
        return corners_in(polygons[0])
    if line.get("HPOS") is not None:
        return box(*_sides(line))
    boxes = [_sides(string) for string in children(line, "String")]
    if not boxes:
        raise ValueError("the line has no place")
    left, top, right, bottom = zip(*boxes, strict=True)
    return box(min(left), min(top), max(right), max(bottom))


def _sides(element: Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an element's box."""
    left, top, width, height = (
        number_of(element.get(side)) for side in ("HPOS", "VPOS", "WIDTH", "HEIGHT")
    )
    return left, top, left + width, top + height


def _text(line: Element) -> str:
    """What stands on the line: of a word that goes on in the next one only its first part.

    SUBS_CONTENT, the whole word, is not what the image shows. Where no space is marked, there is
    one between any two strings.
    """
    text, between = "", "" if children(line, "SP") else " "
    for part in line:
        if local_name(part) == "String":
            text += (between if text else "") + part.get("CONTENT", "")
        elif local_name(part) == "SP":
            text += " "
        elif local_name(part) == "HYP" and not text.endswith(tuple(HYPHENS)):
            text += part.get("CONTENT", "-").replace("\u00ad", "-") or "-"
    return text
