"""Text in the fonts that two wheels carry: ``matplotlib``'s files, and those within PDFium.

PDFium has a stand-in for each of the fonts that every PDF may name, among them a typewriter's.
"""

import ctypes
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ocr_tasks.errors import ModelError

Ink = NDArray[np.float32]  # (height, width), from 0, the paper, to 1
Draw = Callable[[str, str, int], Ink]  # of a text, by the font's name and size in pixels

PAGE_MARGIN = 4  # points around a text in a PDF, of which nothing is left


@dataclass(frozen=True, slots=True)
class Font:
    """A font, the encoding that says which characters it has, and how text is drawn with it."""

    name: str
    encoding: str
    draw: Draw

    def has(self, text: str) -> bool:
        """Whether each character of ``text`` can be drawn."""
        return text.encode(self.encoding, "ignore").decode(self.encoding) == text


def _drawn_by_pillow(text: str, name: str, size: int) -> Ink:
    font = _file(name, size)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (max(1, int(right - left)), max(1, int(bottom - top))))
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=font)
    return np.asarray(picture, np.float32) / np.float32(255)


@cache
def _file(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_folder() / f"{name}.ttf", size)


@cache
def _folder() -> Path:
    found = importlib.util.find_spec("matplotlib")
    if found is None or not found.submodule_search_locations:
        raise ModelError("the matplotlib package, which carries the fonts of replay, is missing")
    return Path(found.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"


def _drawn_by_pdfium(text: str, name: str, size: int) -> Ink:
    """A PDF of one text, rendered: PDFium gives out its fonts in no other way."""
    with pdfium.PdfDocument.new() as document:
        drawn = pdfium_c.FPDFPageObj_NewTextObj(document, name.encode(), float(size))
        letters = ctypes.create_string_buffer(f"{text}\0".encode("utf-16-le"))
        pdfium_c.FPDFText_SetText(drawn, ctypes.cast(letters, pdfium_c.FPDF_WIDESTRING))
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        pdfium_c.FPDFPageObj_GetBounds(drawn, left, bottom, right, top)
        page = document.new_page(
            right.value - left.value + 2 * PAGE_MARGIN, top.value - bottom.value + 2 * PAGE_MARGIN
        )
        aside, up = PAGE_MARGIN - left.value, PAGE_MARGIN - bottom.value
        pdfium_c.FPDFPageObj_Transform(drawn, 1, 0, 0, 1, aside, up)
        pdfium_c.FPDFPage_InsertObject(page, drawn)
        pdfium_c.FPDFPage_GenerateContent(page)
        paper = np.array(page.render(scale=1, grayscale=True).to_numpy())
    ink: Ink = np.float32(1) - paper.reshape(paper.shape[:2]).astype(np.float32) / np.float32(255)
    rows, columns = (np.flatnonzero(ink.max(axis=axis) > 0) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


FILES = tuple(
    Font(name, "cp1252", _drawn_by_pillow)
    for name in (
        *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
        *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique")),
        *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic")),
        *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic")),
    )
)
OF_PDF = tuple(
    Font(name, "cp1252", _drawn_by_pdfium)
    for name in (
        *("Courier", "Courier-Bold", "Courier-Oblique"),
        *("Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic"),
        *("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
    )
)
OTHERS = tuple(
    Font(name, "ascii", _drawn_by_pillow) for name in ("cmr10", "cmb10", "cmss10", "cmtt10")
)
