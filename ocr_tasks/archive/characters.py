"""The characters that a PDF's page brings along, as pdfium finds them, and what lies around them.

Runs in a decoder process alone, as it walks through hostile bytes.
"""

import ctypes
import math
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_tasks.archive.page_text import MAX_CHARACTERS
from ocr_tasks.archive.typelines import GUESSED, Boxes, Characters

MAX_OBJECTS = 20_000  # of a page: more are a drawing, and take seconds to walk through
MAX_DEPTH = 8  # forms within forms
LEVEL = math.tan(math.radians(1.0))  # slope up to which a line counts as level
HYPHEN, SOFT_HYPHEN = "-", "\u00ad"
# What leaves no ink: OCR behind a scan, and text that only cuts out a shape.
INKLESS = {
    pdfium_c.FPDF_TEXTRENDERMODE_UNKNOWN,
    pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE,
    pdfium_c.FPDF_TEXTRENDERMODE_CLIP,
}


Box = tuple[float, float, float, float]  # in points: left, bottom, right, top


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a page's points lie among the pixels of its rendering."""

    box: Box  # of the page
    turns: int  # quarter turns clockwise in which the page is shown
    width: int
    height: int

    def boxes(self, points: list[Box]) -> Boxes:
        """Boxes in points (left, bottom, right, top) as boxes in pixels."""
        left, bottom, right, top = self.box
        corners = np.array(points, np.float64).reshape(-1, 4)
        across = (corners[:, [0, 2]] - left) / (right - left)
        down = (top - corners[:, [1, 3]]) / (top - bottom)
        shown = ((across, down), (1 - down, across), (1 - across, 1 - down), (down, 1 - across))
        x, y = shown[self.turns]
        low = np.stack([x.min(axis=1) * self.width, y.min(axis=1) * self.height], axis=1)
        high = np.stack([x.max(axis=1) * self.width, y.max(axis=1) * self.height], axis=1)
        boxes: Boxes = np.concatenate([low, high], axis=1).astype(np.float32)
        return boxes

    def is_upright(self, matrix: pdfium_c.FS_MATRIX) -> bool:
        """Whether text of that matrix runs level from left to right, not mirrored."""
        along = (matrix.a, -matrix.b)
        for _ in range(self.turns):
            along = (-along[1], along[0])
        is_mirrored = matrix.a * matrix.d - matrix.b * matrix.c <= 0
        return along[0] > 0 and abs(along[1]) <= LEVEL * along[0] and not is_mirrored


def characters_of(page: pdfium.PdfPage, width: int, height: int) -> Characters | None:
    """The characters of a page whose rendering has that many pixels.

    None where its text cannot stand for the page, whatever it says: there is none, some of it
    leaves no ink, there is more than MAX_CHARACTERS or MAX_OBJECTS, or something lies over the
    page that is no link.

    Raises:
        pdfium.PdfiumError: the page is damaged.
    """
    if not _has_only_links(page) or pdfium_c.FPDFPage_CountObjects(page) > MAX_OBJECTS:
        return None
    images = _images_beside_text(page)
    if images is None:
        return None
    frame = Frame(page.get_bbox(), page.get_rotation() // 90 % 4, width, height)
    textpage = page.get_textpage()
    try:
        count = pdfium_c.FPDFText_CountChars(textpage)
        if not 0 < count <= MAX_CHARACTERS:
            return None
        found = _walked(textpage, count, frame, frame.boxes(images))
    finally:
        textpage.close()
    boxes = np.concatenate([found.ink, found.body, found.images])
    return found if np.isfinite(boxes).all() else None


def _has_only_links(page: pdfium.PdfPage) -> bool:
    """Whether nothing was laid over the page: no notes, stamps or fields, which may hold text."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if kind != pdfium_c.FPDF_ANNOT_LINK:
            return False
    return True


def _images_beside_text(page: pdfium.PdfPage) -> list[Box] | None:
    """The boxes of pictures in points; None where there is no text, or some without ink."""
    boxes: list[Box] = []
    has_text = False
    for number, thing in enumerate(page.get_objects(max_depth=MAX_DEPTH)):
        is_too_deep = thing.type == pdfium_c.FPDF_PAGEOBJ_FORM and thing.level >= MAX_DEPTH - 1
        if number > MAX_OBJECTS or is_too_deep:
            return None
        if thing.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            boxes.append(_image_box(thing))
        if thing.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            has_text = True
            if pdfium_c.FPDFTextObj_GetTextRenderMode(thing) in INKLESS:
                return None
    return boxes if has_text else None


def _image_box(image: pdfium.PdfObject) -> Box:
    """Where an image lies on the page: it is the unit square of its matrix, and of its forms'."""
    matrix, container = image.get_matrix(), image.container
    while container is not None:
        matrix, container = matrix.multiply(container.get_matrix()), container.container
    corners = [matrix.on_point(x, y) for x in (0, 1) for y in (0, 1)]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _walked(textpage: pdfium.PdfTextPage, count: int, frame: Frame, images: Boxes) -> Characters:
    sides = [ctypes.c_double() for _ in range(4)]
    left, right, bottom, top = sides
    loose = pdfium_c.FS_RECTF()
    text: list[str] = []
    ink: list[Box] = []
    body: list[Box] = []
    mapped: list[bool] = []
    upright: list[bool] = []
    known: dict[int, bool] = {}
    for index in range(count):
        text.append(_character(textpage, index))
        pdfium_c.FPDFText_GetCharBox(textpage, index, *sides)
        ink.append((left.value, bottom.value, right.value, top.value))
        pdfium_c.FPDFText_GetLooseCharBox(textpage, index, loose)
        body.append((loose.left, loose.bottom, loose.right, loose.top))
        mapped.append(pdfium_c.FPDFText_HasUnicodeMapError(textpage, index) == 0)
        upright.append(_is_upright(textpage, index, frame, known))
    return Characters(
        text="".join(text),
        ink=frame.boxes(ink),
        body=frame.boxes(body),
        mapped=np.array(mapped, np.bool_),
        upright=np.array(upright, np.bool_),
        images=images,
    )


def _character(textpage: pdfium.PdfTextPage, index: int) -> str:
    """A hyphen at a line's end is pdfium's own sign for it; here it is what is printed."""
    if pdfium_c.FPDFText_IsHyphen(textpage, index) == 1:
        return HYPHEN
    if pdfium_c.FPDFText_IsGenerated(textpage, index) == 1:
        return GUESSED  # of a gap or the end of a line, by pdfium
    found = chr(min(pdfium_c.FPDFText_GetUnicode(textpage, index), 0x10FFFF))
    return HYPHEN if found == SOFT_HYPHEN else found


def _is_upright(
    textpage: pdfium.PdfTextPage, index: int, frame: Frame, known: dict[int, bool]
) -> bool:
    """Whether a character stands upright, as all of its object do."""
    thing = pdfium_c.FPDFText_GetTextObject(textpage, index)
    address = ctypes.addressof(thing.contents) if thing else 0
    if address not in known:
        matrix = pdfium_c.FS_MATRIX()
        is_set = pdfium_c.FPDFText_GetMatrix(textpage, index, matrix)
        size = pdfium_c.FPDFText_GetFontSize(textpage, index)
        known[address] = bool(is_set) and size > 0 and frame.is_upright(matrix)
    return known[address]
