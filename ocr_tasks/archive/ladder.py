"""The retry ladder: the best way to decode a page, and what is tried before it fails."""

from collections.abc import Callable
from dataclasses import dataclass

from ocr_tasks.archive.media import JPEG, PDF, TIFF
from ocr_tasks.archive.raster import Raster, Rung
from ocr_tasks.errors import (
    DecoderDiedError,
    NotImageError,
    OutOfMemoryError,
    PageError,
    TimedOutError,
    TooLargeError,
)

IMAGE_RUNGS = (
    Rung(),
    Rung("second_decoder", second_decoder=True),
    Rung("half_size", reduce=2),
    Rung("quarter_size", reduce=4),
)
PDF_RUNGS = (Rung(), Rung("150_dpi", dpi=150), Rung("75_dpi", dpi=75))


@dataclass(frozen=True, slots=True)
class Climb:
    """Where the ladder led: to pixels, or to the error the best way met.

    ``degraded`` names the rung the pixels came from; None is the best way.
    """

    raster: Raster | None
    degraded: str | None
    attempts: int
    fault: PageError | None = None


def climb(decode: Callable[[Rung], Raster], media_type: str) -> Climb:
    """Decodes a page in the best way, and after a fault in those that may help against it."""
    waiting = list(PDF_RUNGS if media_type == PDF else IMAGE_RUNGS)
    first: PageError | None = None
    attempts = 0
    while waiting:
        rung = waiting.pop(0)
        attempts += 1
        try:
            return Climb(decode(rung), rung.name, attempts)
        except PageError as error:
            first = first or error
            waiting = [later for later in waiting if _may_help(later, error, media_type)]
            if isinstance(error, TimedOutError):
                waiting = waiting[-1:]  # each costs as long again
    return Climb(None, None, attempts, first)


def _may_help(rung: Rung, error: PageError, media_type: str) -> bool:
    if rung.second_decoder:  # of a damaged TIFF OpenCV makes half a picture
        is_other = isinstance(error, NotImageError) and media_type != TIFF
        return is_other or isinstance(error, DecoderDiedError)
    if isinstance(error, TooLargeError):  # the others' pixels are all decoded before some go
        return media_type in {JPEG, PDF}
    return isinstance(error, DecoderDiedError | OutOfMemoryError | TimedOutError)
