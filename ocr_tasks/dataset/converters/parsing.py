"""What the readers of several formats share: limits, numbers, names, and XML that cannot bite."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ocr_tasks.dataset.converters.labelled import LabelledRegion, LeftOut
from ocr_tasks.dataset.regions import FURTHEST, MOST_CORNERS
from ocr_tasks.errors import LabelFileError
from ocr_tasks.imaging.boxes import clockwise_from_top_left
from ocr_tasks.imaging.polygons import Corners

MOST_XML_PARTS = 4_000_000  # elements and attributes: a few bytes of XML are a hundred in memory
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_BETWEEN = re.compile(r"[\s,;]*")


def xml_root(data: bytes) -> Element:
    """The root of an XML document without entities or a DTD.

    Raises:
        LabelFileError: it is none, or too large.
    """
    if data.count(b"<") + data.count(b"=") > MOST_XML_PARTS:
        raise LabelFileError("it has more elements and attributes than a page's XML may have")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise LabelFileError(f"XML with a DTD or entities is not read: {error}") from error
    except (ParseError, LookupError, ValueError) as error:  # the latter two: of its encoding
        raise LabelFileError(f"it is no XML: {error}") from error
    return root


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, name: str) -> list[Element]:
    """The children of that name, in any namespace."""
    return [child for child in element if local_name(child) == name]


def descendants(element: Element, name: str) -> list[Element]:
    """All below of that name, in any namespace, in the order of the document."""
    return [below for below in element.iter() if local_name(below) == name]


def number_of(value: Any) -> float:
    """A coordinate.

    Raises:
        ValueError: it is no number, or none that could be on a page.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("a number is too large") from error
    if not math.isfinite(number) or abs(number) >= FURTHEST:
        raise ValueError(f"{number} is on no page")
    return number


def positive_or_none(value: Any) -> float | None:
    """A side of a page, or None where it is not told."""
    try:
        number = number_of(value)
    except ValueError:
        return None
    return number if number > 0 else None


def corners_of(points: Iterable[Sequence[Any]]) -> Corners:
    """Corners (n, 2) of pairs of numbers.

    Raises:
        ValueError: they are no such pairs, or too many.
    """
    pairs = [tuple(number_of(side) for side in point) for point in points]
    if len(pairs) > MOST_CORNERS or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"no more than {MOST_CORNERS} pairs of numbers make a polygon")
    return np.array(pairs, np.float64).reshape(-1, 2)


def corners_in(text: str) -> Corners:
    """Corners of a text of numbers, ``x,y x,y`` or ``x y x y``; four of them in reading order.

    Such texts do not say where a line begins: it is taken to stand upright.

    Raises:
        ValueError: it has anything but pairs of numbers, or too many.
    """
    numbers = _NUMBER.findall(text)
    if len(numbers) % 2 or _BETWEEN.sub("", _NUMBER.sub("", text)):
        raise ValueError(f"{text[:40]!r} are no points")
    corners = corners_of(zip(numbers[::2], numbers[1::2], strict=True))
    return upright(corners) if len(corners) == 4 else corners


def upright(corners: Corners) -> Corners:
    """Four corners clockwise from the top left of a line that stands upright."""
    return clockwise_from_top_left(corners.astype(np.float32)).astype(np.float64)


def box(left: float, top: float, right: float, bottom: float) -> Corners:
    """The corners of an upright box, clockwise from its top left."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def distinct_names(names: Sequence[str | None]) -> list[str]:
    """Names of regions: those given if each has its own, else their numbers from 1."""
    if all(names) and max(Counter(names).values(), default=1) == 1:
        return [name for name in names if name]
    return [f"{number:04d}" for number in range(1, len(names) + 1)]


def only_page(pages: Sequence[Element]) -> Element:
    """The one page that a file is about.

    Raises:
        LabelFileError: there is none, or another one.
    """
    if len(pages) != 1:
        raise LabelFileError(f"it has {len(pages)} elements Page in place of one")
    return pages[0]


def regions_of_lines(
    page: Element,
    id_attribute: str,
    corners_of_line: Callable[[Element], Corners],
    text_of_line: Callable[[Element], str],
) -> tuple[tuple[LabelledRegion, ...], Counter[str]]:
    """The elements TextLine of a page, and how many were left out, as their place was malformed."""
    lines = descendants(page, "TextLine")
    regions, left_out = [], Counter[str]()
    names = distinct_names([line.get(id_attribute) for line in lines])
    for name, line in zip(names, lines, strict=True):
        try:
            regions.append(LabelledRegion(name, corners_of_line(line), text_of_line(line)))
        except ValueError:
            left_out[LeftOut.MALFORMED] += 1
    return tuple(regions), left_out


def text_of(data: bytes) -> str:
    """A text file's text.

    Raises:
        LabelFileError: it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelFileError(f"it is not UTF-8: byte {error.start + 1}") from error


def is_text(text: str) -> bool:
    """Whether a string can be written: JSON may hold halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
