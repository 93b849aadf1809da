"""How a picture looks, in few bits: near copies of a picture differ in few of them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.crops import Pixels

COLUMNS, ROWS = 32, 8  # of the differences that are kept; lines of text are wide
BITS = COLUMNS * ROWS

Look = NDArray[np.uint8]  # (BITS / 8,)


def look_of(picture: Pixels) -> Look:
    """The look of a picture (height, width, 3): whether it gets lighter from field to field.

    The difference hash of Krawetz ("Kind of Like That", 2013), on a grid that suits lines.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    fields = cv2.resize(grey, (COLUMNS + 1, ROWS), interpolation=cv2.INTER_AREA).astype(np.int16)
    return np.packbits(fields[:, 1:] > fields[:, :-1])


def differing_bits(look: Look, looks: NDArray[np.uint8]) -> NDArray[np.int64]:
    """In how many bits a look differs from each of ``looks`` (n, BITS / 8)."""
    return np.asarray(np.bitwise_count(looks ^ look).sum(axis=1), dtype=np.int64)
