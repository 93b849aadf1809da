"""PDF pages to pixels, by pdfium.

pdfium is not safe to use from two threads, so everything here runs under one lock.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_tasks.archive.raster import DecodeSpec, Raster
from ocr_tasks.errors import BadPdfError, EncryptedError, PageError, TooLargeError

POINTS_PER_INCH = 72.0
LEAST_DPI = 150.0  # small type of a coarse scan is found more easily when it is enlarged
_pdfium = threading.Lock()


def count_pdf_pages(file: BinaryIO) -> int:
    """The number of pages.

    Raises:
        PageError: EncryptedError, or BadPdfError, also where it has none.
    """
    with _pdfium:
        document = _open(file)
        try:
            return len(document)
        finally:
            document.close()


@contextmanager
def pdf_renderer(data: bytes, spec: DecodeSpec) -> Iterator[Callable[[int], Raster]]:
    """A function from a page's index to its pixels, while the document is open.

    Raises:
        PageError: EncryptedError or BadPdfError.
    """
    with _pdfium:
        document = _open(data)
        with suppress(pdfium.PdfiumError):  # a damaged form: the pages may yet be read
            document.init_forms()  # what was filled into a form is part of the page
    try:
        yield lambda page_index: _render(document, page_index, spec)
    finally:
        with _pdfium:
            document.close()


def _open(source: BinaryIO | bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        raise _named(error) from error


def _named(error: Exception) -> PageError:
    if "password" in str(error).lower():
        return EncryptedError("the PDF wants a password")
    return BadPdfError(str(error))


def _render(document: pdfium.PdfDocument, page_index: int, spec: DecodeSpec) -> Raster:
    with _pdfium:
        try:
            page = document[page_index]
        except (pdfium.PdfiumError, IndexError) as error:
            raise BadPdfError(f"page {page_index} cannot be loaded: {error}") from error
        try:
            dpi = _dpi(page, spec)
            scale = dpi / POINTS_PER_INCH
            width, height = page.get_size()
            if width * height * scale**2 > spec.max_pixels:
                raise TooLargeError(
                    f"{width:.0f} x {height:.0f} points at {dpi:.0f} dpi are more than "
                    f"{spec.max_pixels} pixels"
                )
            bitmap = page.render(scale=scale)
            pixels = np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)  # own its memory
            bitmap.close()
        except pdfium.PdfiumError as error:
            raise BadPdfError(f"page {page_index} cannot be rendered: {error}") from error
        finally:
            page.close()
    return Raster(pixels, dpi, scale, 1)


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
