"""PDF pages to pixels, by pdfium.

pdfium is not safe to use from two threads, so everything here runs under one lock.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import pypdfium2 as pdfium

from ocr_tasks.archive.raster import DecodeSpec, Raster
from ocr_tasks.errors import BadPdfError, EncryptedError, PageError, TooLargeError

POINTS_PER_INCH = 72.0
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
    scale = spec.pdf_dpi / POINTS_PER_INCH
    with _pdfium:
        try:
            page = document[page_index]
        except (pdfium.PdfiumError, IndexError) as error:
            raise BadPdfError(f"page {page_index} cannot be loaded: {error}") from error
        try:
            width, height = page.get_size()
            if width * height * scale**2 > spec.max_pixels:
                raise TooLargeError(
                    f"{width:.0f} x {height:.0f} points at {spec.pdf_dpi} dpi are more than "
                    f"{spec.max_pixels} pixels"
                )
            bitmap = page.render(scale=scale)
            pixels = np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)  # own its memory
            bitmap.close()
        except pdfium.PdfiumError as error:
            raise BadPdfError(f"page {page_index} cannot be rendered: {error}") from error
        finally:
            page.close()
    return Raster(pixels, float(spec.pdf_dpi), scale, 1)
