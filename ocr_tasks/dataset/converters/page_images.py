"""The pixels of source pages: of images that are stored, or of pages that an archive's run read."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ocr_tasks.archive.decode import pixels_sha256
from ocr_tasks.archive.decoders import POOL, Decoder
from ocr_tasks.archive.media import HEAD_BYTES, JPEG, PNG, sniff
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.dataset.converters.sources import BadFile, SourcePage, bad_file
from ocr_tasks.dataset.inspection import decoded_bytes, image_bytes
from ocr_tasks.errors import (
    ROW_ERRORS,
    PageError,
    StorageError,
    refuse_for_row,
)
from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.records import ExpectedPage, Page, PageFailure
from ocr_tasks.storage import StoredObject

COPIED = {JPEG: ".jpg", PNG: ".png"}  # what every trainer reads as it is


@dataclass(frozen=True, slots=True)
class PageImage:
    """The pixels of a page, BGR (height, width, 3), their digest and dots an inch.

    ``original`` is its file with the ending it should have, where trainers read just these pixels
    from it.
    """

    pixels: Pixels
    sha256: str
    dpi: float | None
    original: tuple[bytes, str] | None = None


def images_of(
    pages: Sequence[SourcePage], spec: DecodeSpec
) -> Iterator[tuple[SourcePage, PageImage | BadFile]]:
    """Every page with its pixels, or with why it has none.

    Raises:
        StorageError: a store did not answer.
    """
    stored = [page for page in pages if isinstance(page.image, StoredObject)]
    if stored:
        with POOL.borrowed(spec) as decoder:
            for page in stored:
                yield page, _of_stored(page, decoder)
    expected = {page.image.page_id: page for page in pages if isinstance(page.image, ExpectedPage)}
    wanted = [page.image for page in expected.values() if isinstance(page.image, ExpectedPage)]
    whole = replace(spec, embedded_text=False)  # with it, the pixels are a coarse picture
    for answer in read_pages(wanted, whole) if wanted else ():
        page = expected[answer.expected.page_id]
        yield page, _of_answer(page, answer)


def _of_stored(page: SourcePage, decoder: Decoder) -> PageImage | BadFile:
    assert isinstance(page.image, StoredObject)
    try:
        data = image_bytes(page.image, decoder.spec)
        raster = decoded_bytes(data, hashlib.sha256(data).hexdigest(), decoder)
    except (PageError, StorageError) as error:
        refuse_for_row(error)
        return bad_file(page.key, error, page.labels.region_count)
    ending = COPIED.get(sniff(data[:HEAD_BYTES]))
    # Not every trainer turns an image as its EXIF block says.
    original = (data, ending) if ending and raster.exif_orientation == 1 else None
    return PageImage(raster.pixels, pixels_sha256(raster.pixels), raster.dpi, original)


def _of_answer(page: SourcePage, answer: Page | PageFailure) -> PageImage | BadFile:
    if isinstance(answer, PageFailure):
        error = ROW_ERRORS[answer.error_class](answer.message)
        return bad_file(page.key, error, page.labels.region_count)
    return PageImage(answer.image, answer.facts.image_sha256, answer.facts.dpi)
