"""The retry ladder: which ways to decode a page are tried after which error."""

import numpy as np
import pytest

from ocr_tasks.archive.ladder import climb
from ocr_tasks.archive.media import JPEG, JPEG2000, PDF, PNG, TIFF
from ocr_tasks.archive.raster import Raster
from ocr_tasks.errors import (
    BadPdfError,
    DecoderDiedError,
    EncryptedError,
    NotImageError,
    OutOfMemoryError,
    SourceChangedError,
    TimedOutError,
    TooLargeError,
    TruncatedError,
    UnsupportedError,
    WorkerDiedError,
)

RASTER = Raster(np.zeros((2, 2, 3), np.uint8), 2, 2, None, None, 1)


class Decoding:
    """Meets one error after the other, then has a page; remembers in which ways it was tried."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.tried = []

    def __call__(self, rung):
        self.tried.append(rung.name)
        if self.errors:
            raise self.errors.pop(0)("at rung " + str(rung.name))
        return RASTER


def ways_after(error, media_type):
    """What is tried after the best way met an error, where everything else meets it too."""
    decoding = Decoding(*[error] * 9)
    assert climb(decoding, media_type).raster is None
    assert decoding.tried[0] is None
    return decoding.tried[1:]


SMALLER = ["half_size", "quarter_size"]
OTHER = ["second_decoder"]
COARSER = ["150_dpi", "75_dpi"]


@pytest.mark.parametrize(
    ("error", "media_type", "ways"),
    [
        (NotImageError, JPEG, OTHER),
        (NotImageError, PNG, OTHER),
        (NotImageError, TIFF, []),
        (DecoderDiedError, JPEG, OTHER + SMALLER),
        (DecoderDiedError, TIFF, OTHER + SMALLER),
        (DecoderDiedError, PDF, COARSER),
        (OutOfMemoryError, PNG, SMALLER),
        (OutOfMemoryError, PDF, COARSER),
        (TimedOutError, JPEG2000, ["quarter_size"]),
        (TimedOutError, PDF, ["75_dpi"]),
        (TooLargeError, JPEG, SMALLER),
        (TooLargeError, PNG, []),
        (TooLargeError, TIFF, []),
        (TooLargeError, PDF, COARSER),
        (TruncatedError, JPEG, []),
        (UnsupportedError, TIFF, []),
        (BadPdfError, PDF, []),
        (EncryptedError, PDF, []),
    ],
)
def test_only_what_may_help_is_tried(error, media_type, ways):
    assert ways_after(error, media_type) == ways


def test_the_best_way_is_no_degradation():
    decoding = Decoding()
    end = climb(decoding, JPEG)
    assert (end.raster, end.degraded, end.attempts, end.fault) == (RASTER, None, 1, None)
    assert decoding.tried == [None]


@pytest.mark.parametrize(
    ("errors", "media_type", "degraded"),
    [
        ([NotImageError], PNG, "second_decoder"),
        ([DecoderDiedError], JPEG, "second_decoder"),
        ([OutOfMemoryError], PNG, "half_size"),
        ([OutOfMemoryError, OutOfMemoryError], PNG, "quarter_size"),
        ([DecoderDiedError, OutOfMemoryError], PNG, "half_size"),
        ([DecoderDiedError, TimedOutError], PNG, "quarter_size"),
        ([TooLargeError], PDF, "150_dpi"),
        ([TooLargeError, TooLargeError], PDF, "75_dpi"),
    ],
)
def test_a_page_says_in_which_way_it_was_decoded_and_at_which_try(errors, media_type, degraded):
    end = climb(Decoding(*errors), media_type)
    assert (end.raster, end.fault) == (RASTER, None)
    assert (end.degraded, end.attempts) == (degraded, len(errors) + 1)


def test_a_page_that_fails_in_every_way_has_the_error_of_the_best():
    end = climb(Decoding(DecoderDiedError, NotImageError, OutOfMemoryError, TimedOutError), JPEG)
    assert (end.raster, end.degraded, end.attempts) == (None, None, 2)
    assert isinstance(end.fault, DecoderDiedError)
    assert str(end.fault) == "at rung None"


@pytest.mark.parametrize("error", [WorkerDiedError, KeyboardInterrupt, OSError])
def test_what_is_no_fault_of_the_page_is_not_tried_again(error):
    decoding = Decoding(error)
    with pytest.raises(error):
        climb(decoding, JPEG)
    assert decoding.tried == [None]


def test_a_page_that_changed_meanwhile_is_not_tried_again():
    assert ways_after(SourceChangedError, PNG) == []
