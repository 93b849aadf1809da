"""PAGE XML, 2013-07-15 to 2019-07-15 (primaresearch.org): lines with polygons and texts."""

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ocr_tasks.dataset.converters.labelled import Frame, LabelledPage, LabelledRegion, LeftOut
from ocr_tasks.dataset.converters.parsing import (
    children,
    corners_in,
    descendants,
    distinct_names,
    positive_or_none,
    xml_root,
)
from ocr_tasks.errors import LabelFileError
from ocr_tasks.imaging.polygons import Corners


def pages_of_page_xml(data: bytes, _: str) -> Iterator[LabelledPage]:
    """The page that a file is about. Baselines, regions and reading order do not matter here.

    Raises:
        LabelFileError: it is no such file.
    """
    pages = children(xml_root(data), "Page")
    if len(pages) != 1:
        raise LabelFileError(f"it has {len(pages)} elements Page in place of one")
    page = pages[0]
    lines = descendants(page, "TextLine")
    regions, left_out = [], Counter[str]()
    for name, line in zip(distinct_names([line.get("id") for line in lines]), lines, strict=True):
        try:
            regions.append(LabelledRegion(name, _corners(line), _text(line)))
        except ValueError:
            left_out[LeftOut.MALFORMED] += 1
    sides = (positive_or_none(page.get(f"image{side}")) for side in ("Width", "Height"))
    image = page.get("imageFilename", "")
    yield LabelledPage(image, tuple(regions), Frame(*sides), left_out=left_out)


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
