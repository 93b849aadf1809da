"""Documents to pages: how many there are, and the pixels of each."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.archive.images import count_frames, decode_frame
from ocr_tasks.archive.media import PDF
from ocr_tasks.archive.pdf import count_pdf_pages, pdf_renderer
from ocr_tasks.archive.raster import DecodeSpec, Raster
from ocr_tasks.errors import NotImageError, OcrTasksError
from ocr_tasks.records import ExpectedPage, Page, PageFacts, PageFailure


def count_pages(file: BinaryIO, media_type: str) -> int:
    """How many pages a PDF or TIFF has.

    Raises:
        PageError: the document cannot be opened.
    """
    return count_pdf_pages(file) if media_type == PDF else count_frames(file)


@contextmanager
def rasters_of(data: bytes, media_type: str, spec: DecodeSpec) -> Iterator[Callable[[int], Raster]]:
    """A function from a page's index to its pixels, while the document is open.

    Raises:
        PageError: the document cannot be opened; the function raises it for single pages.
    """
    if media_type == PDF:
        with pdf_renderer(data, spec) as render:
            yield render
    else:
        yield lambda page_index: decode_frame(data, media_type, page_index, spec)


def page_of(
    expected: ExpectedPage,
    raster_at: Callable[[int], Raster],
    source_sha256: str,
    read_ms: float,
) -> Page:
    """The expected page with its pixels and what is known of them.

    Raises:
        PageError: the page cannot be decoded.
    """
    started = time.perf_counter()
    try:
        raster = raster_at(expected.page_index)
    except OcrTasksError:
        raise
    except Exception as error:  # a decoder's own fault is this page's, not its neighbours'
        raise NotImageError(f"the decoder failed: {type(error).__name__}: {error}") from error
    height, width = raster.pixels.shape[:2]
    facts = PageFacts(
        width=width,
        height=height,
        source_sha256=source_sha256,
        image_sha256=pixels_sha256(raster.pixels),
        dpi=raster.dpi,
        render_scale=raster.render_scale,
        exif_orientation=raster.exif_orientation,
        read_ms=read_ms,
        decode_ms=(time.perf_counter() - started) * 1000,
    )
    return Page(expected, facts, raster.pixels)


def failure_of(page: ExpectedPage, error: OcrTasksError, source_sha256: str | None) -> PageFailure:
    """The expected page without pixels or text, and the error it met."""
    return PageFailure(page, error.stage, error.code, str(error), error.retryable, source_sha256)


def pixels_sha256(pixels: NDArray[np.uint8]) -> str:
    """A digest of shape and pixels: equal for equal pages, whatever file they came in."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
