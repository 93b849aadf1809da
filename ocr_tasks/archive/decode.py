"""A document's page to pixels and what is known of them, or to the error it met."""

import hashlib
import time

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.archive.decoders import Decoder
from ocr_tasks.archive.documents import Document
from ocr_tasks.archive.ladder import climb
from ocr_tasks.archive.raster import Raster, Rung
from ocr_tasks.errors import OcrTasksError
from ocr_tasks.records import ExpectedPage, Page, PageFacts, PageFailure
from ocr_tasks.text.names import printable


def decode_page(
    expected: ExpectedPage, document: Document, decoder: Decoder, read_ms: float
) -> Page | PageFailure:
    """The expected page of a document that was read, with its pixels, or why it has none."""
    started = time.perf_counter()

    def by(rung: Rung) -> Raster:
        return decoder.decode(
            document.file,
            document.sha256,
            expected.media_type,
            document.size,
            expected.page_index,
            rung,
        )

    end = climb(by, expected.media_type)
    if end.fault is not None:
        return failure_of(expected, end.fault, document.sha256, end.attempts)
    raster = end.raster
    assert raster is not None
    facts = PageFacts(
        width=raster.width,
        height=raster.height,
        source_sha256=document.sha256,
        image_sha256=pixels_sha256(raster.pixels),
        dpi=raster.dpi,
        render_scale=raster.render_scale,
        exif_orientation=raster.exif_orientation,
        read_ms=read_ms,
        decode_ms=(time.perf_counter() - started) * 1000,
        attempts=end.attempts,
        degraded=end.degraded,
    )
    return Page(expected, facts, raster.pixels, raster.embedded)


def failure_of(
    page: ExpectedPage, error: OcrTasksError, source_sha256: str | None, attempts: int = 1
) -> PageFailure:
    """The expected page without pixels or text, and the error it met."""
    message = printable(str(error))
    return PageFailure(
        page, error.stage, error.code, message, error.retryable, source_sha256, attempts
    )


def pixels_sha256(pixels: NDArray[np.uint8]) -> str:
    """A digest of shape and pixels: equal for equal pages, whatever file they came in."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
