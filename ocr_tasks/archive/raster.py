"""A decoded page, and the limits of decoding."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DecodeSpec:
    """How documents become pixels.

    PDF pages are rendered at ``pdf_dpi``, scans in them at no more dots than they have. A page of
    more than ``max_pixels`` is refused before it is decoded. ``ahead`` pages are decoded while
    others are being read.
    """

    pdf_dpi: Annotated[int, Ge(36)] = 300
    max_pixels: Annotated[int, Ge(1)] = 200_000_000
    ahead: Annotated[int, Ge(1)] = 2


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels, BGR uint8 (height, width, 3), upright as the file says; see PageFacts."""

    pixels: NDArray[np.uint8]
    dpi: float | None
    render_scale: float | None
    exif_orientation: int
