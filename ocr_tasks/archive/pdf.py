"""PDF pages to pixels or to the text they bring along, by pdfium, which knows no threads."""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from ocr_tasks.archive.characters import characters_of
from ocr_tasks.archive.embedded import embedded_text
from ocr_tasks.archive.raster import DecodeSpec, Raster
from ocr_tasks.errors import BadPdfError, EncryptedError, PageError, TooLargeError
from ocr_tasks.imaging.ink import RESOLUTION

POINTS_PER_INCH = 72.0
LEAST_DPI = 150.0  # small type of a coarse scan is found more easily when it is enlarged
Passwords = Sequence[str]


def count_pdf_pages(file: BinaryIO, passwords: Passwords = ()) -> int:
    """The number of pages.

    Raises:
        PageError: EncryptedError, or BadPdfError, also where it has none.
    """
    document = _open(file, passwords)
    try:
        return len(document)
    finally:
        document.close()


class OpenPdf:
    """A PDF that is open for rendering."""

    def __init__(self, file: BinaryIO, spec: DecodeSpec, passwords: Passwords = ()) -> None:
        """Opens the PDF in ``file``, which has to stay open.

        Raises:
            PageError: EncryptedError or BadPdfError.
        """
        self._spec = spec
        self._document = _open(file, passwords)
        with suppress(pdfium.PdfiumError):  # a damaged form: the pages may yet be read
            self._document.init_forms()  # what was filled into a form is part of the page

    def render(self, page_index: int, most_dpi: int | None = None) -> Raster:
        """The pixels of a page, at no more than ``most_dpi``; or its text, with a coarse picture.

        Raises:
            PageError: BadPdfError or TooLargeError.
        """
        return _render(self._document, page_index, self._spec, most_dpi)

    def close(self) -> None:
        """Closes it."""
        self._document.close()


def _open(source: BinaryIO, passwords: Passwords) -> pdfium.PdfDocument:
    """The document, opened without a password or with the first that fits."""
    for password in (None, *passwords):
        try:
            return pdfium.PdfDocument(source, password)
        except pdfium.PdfiumError as error:
            fault = _named(error)
            if not isinstance(fault, EncryptedError):
                raise fault from error
    which = "another password" if passwords else "a password"
    raise EncryptedError(f"the PDF wants {which}")


def _named(error: Exception) -> PageError:
    if "password" in str(error).lower():
        return EncryptedError("the PDF wants a password")
    return BadPdfError(str(error))


def _render(
    document: pdfium.PdfDocument, page_index: int, spec: DecodeSpec, most_dpi: int | None
) -> Raster:
    try:
        page = document[page_index]
    except (pdfium.PdfiumError, IndexError) as error:
        raise BadPdfError(f"page {page_index} cannot be loaded: {error}") from error
    try:
        dpi = min(_dpi(page, spec), most_dpi or math.inf)
        width, height = _pixels_at(page, dpi)
        if width * height > spec.max_pixels:
            points = "{:.0f} x {:.0f} points".format(*page.get_size())
            raise TooLargeError(f"{points} at {dpi:.0f} dpi are more than {spec.max_pixels} pixels")
        # Not on a lower rung: what ended the decoder may have been the text.
        wants_text = spec.embedded_text and most_dpi is None
        raster = _set_in_type(page, dpi) if wants_text else None
        return raster or Raster(_picture(page, dpi), width, height, dpi, dpi / POINTS_PER_INCH, 1)
    except pdfium.PdfiumError as error:
        raise BadPdfError(f"page {page_index} cannot be rendered: {error}") from error
    finally:
        page.close()


def _set_in_type(page: pdfium.PdfPage, dpi: float) -> Raster | None:
    """A coarse picture of the page with its text, in the frame of one at ``dpi``.

    None where the text cannot be trusted, or the picture would be too coarse to tell.
    """
    frame = _pixels_at(page, dpi)
    if dpi < RESOLUTION or (characters := characters_of(page, *frame)) is None:
        return None
    picture = _picture(page, RESOLUTION)
    text = embedded_text(characters, picture, frame)
    if text is None:
        return None
    return Raster(picture, *frame, dpi, dpi / POINTS_PER_INCH, 1, text)


def _pixels_at(page: pdfium.PdfPage, dpi: float) -> tuple[int, int]:
    """Width and height of a page's rendering."""
    width, height = page.get_size()
    scale = dpi / POINTS_PER_INCH
    return math.ceil(width * scale), math.ceil(height * scale)


def _picture(page: pdfium.PdfPage, dpi: float) -> NDArray[np.uint8]:
    bitmap = page.render(scale=dpi / POINTS_PER_INCH)
    pixels = np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)  # own its memory
    bitmap.close()
    return pixels


def _dpi(page: pdfium.PdfPage, spec: DecodeSpec) -> float:
    """What to render a page at: the dots that a scan has, ``pdf_dpi`` for anything else.

    A scan rendered at more dots than it has is larger, not clearer.
    """
    scan = _scan_dpi(page)
    return float(spec.pdf_dpi if scan is None else min(max(scan, LEAST_DPI), spec.pdf_dpi))


def _scan_dpi(page: pdfium.PdfPage) -> float | None:
    """The resolution of the images a page consists of, or None if there is more on it.

    A text layer that is not shown, as OCR puts behind a scan, does not count; annotations and
    form fields do.
    """
    if pdfium_c.FPDFPage_GetAnnotCount(page) > 0:
        return None
    finest = 0.0
    for thing in page.get_objects(max_depth=1):
        if thing.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            finest = max(finest, _image_dpi(thing))
        elif not _is_hidden_text(thing):
            return None
    return finest or None


def _image_dpi(image: pdfium.PdfImage) -> float:
    left, bottom, right, top = image.get_bounds()
    shown = max(right - left, top - bottom)
    return POINTS_PER_INCH * max(image.get_px_size()) / shown if shown > 0 else 0.0


def _is_hidden_text(thing: pdfium.PdfObject) -> bool:
    if thing.type != pdfium_c.FPDF_PAGEOBJ_TEXT:
        return False
    mode = pdfium_c.FPDFTextObj_GetTextRenderMode(thing)
    return bool(mode == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE)
