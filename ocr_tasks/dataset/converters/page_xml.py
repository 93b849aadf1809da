"""PAGE XML, 2013-07-15 to 2019-07-15 (primaresearch.org): lines with polygons and texts."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ocr_tasks.dataset.converters.labelled import Frame, LabelledPage
from ocr_tasks.dataset.converters.parsing import (
    children,
    corners_in,
    only_page,
    positive_or_none,
    regions_of_lines,
    xml_root,
)
from ocr_tasks.imaging.polygons import Corners


def pages_of_page_xml(data: bytes, _: str) -> Iterator[LabelledPage]:
    """The page that a file is about. Baselines, regions and reading order do not matter here.

    Raises:
        LabelFileError: it is no such file.
    """
    page = only_page(children(xml_root(data), "Page"))
    regions, left_out = regions_of_lines(page, "id", _corners, _text)
    sides = (positive_or_none(page.get(f"image{side}")) for side in ("Width", "Height"))
    image = page.get("imageFilename", "")
    yield LabelledPage(image, regions, Frame(*sides), left_out=left_out)


def _corners(line: Element) -> Corners:
    coords = children(line, "Coords")
    if not coords or not coords[0].get("points"):
        raise ValueError("the line has no polygon")
    return corners_in(coords[0].get("points", ""))


def _text(line: Element) -> str:
    """The line's main text; one that has none of its own is that of its words."""
    text = _own_text(line)
    if text.strip():
        return text
    return " ".join(filter(None, (_own_text(word).strip() for word in children(line, "Word"))))


def _own_text(element: Element) -> str:
    """Of several texts that of the lowest index, which the format takes for the main one."""
    texts = sorted(children(element, "TextEquiv"), key=_index)
    unicodes = children(texts[0], "Unicode") if texts else []
    return (unicodes[0].text or "") if unicodes else ""


def _index(text: Element) -> int:
    """The place of a text among several; the first, as it seems, where none is told."""
    try:
        return int(text.get("index", "0"))
    except ValueError:
        return 0
