"""A decoded page, and the limits of decoding."""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray

from ocr_tasks.records import EmbeddedText

MOST = 1_000_000_000  # of most things, as rows and the system's own limits end somewhere
MOST_PIXELS = 1_000_000_000  # whose bytes a message between processes can hold


@dataclass(frozen=True, slots=True)
class ArchiveSpec:
    """How much a tar or zip may unpack to.

    ``max_members`` files or pages in them, ``max_unpacked_gb`` of bytes, and, once that is more
    than a few hundred MB, ``max_ratio`` times the archive's own size.
    """

    max_members: Annotated[int, Interval(ge=1, le=MOST)] = 1_000_000
    max_unpacked_gb: Annotated[float, Interval(gt=0, le=MOST)] = 1_000.0
    max_ratio: Annotated[float, Interval(ge=1, le=MOST)] = 200.0


@dataclass(frozen=True, slots=True)
class DecodeSpec:
    """How documents become pixels, and within which limits.

    PDF pages are rendered at ``pdf_dpi``, scans in them at no more dots than they have. Of those
    set in type the ``embedded_text`` is taken, where it can be trusted. A page of
    more than ``max_pixels`` is refused before it is decoded, a document of more than
    ``max_pages`` or ``max_document_mb`` before it is opened. Decoding happens in a process of its
    own, which is killed after ``timeout_seconds``, may take ``memory_mb``, and is replaced after
    ``max_tasks`` pages. ``password_variable`` names the environment variable that holds the
    passwords of PDFs, one a line. ``ahead`` pages are decoded while others are being read.
    """

    pdf_dpi: Annotated[int, Interval(ge=36, le=2_400)] = 300
    embedded_text: bool = True
    max_pixels: Annotated[int, Interval(ge=1, le=MOST_PIXELS)] = 200_000_000
    max_pages: Annotated[int, Interval(ge=1, le=MOST)] = 20_000
    max_document_mb: Annotated[int, Interval(ge=1, le=MOST)] = 4_096
    timeout_seconds: Annotated[float, Interval(gt=0, le=86_400)] = 60.0
    memory_mb: Annotated[int, Interval(ge=64, le=MOST)] = 2_048
    max_tasks: Annotated[int, Interval(ge=1, le=MOST)] = 500
    password_variable: str | None = None
    archives: ArchiveSpec = field(default_factory=ArchiveSpec)
    ahead: Annotated[int, Interval(ge=1, le=1_000)] = 2


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to decode a page. The first is the best; ``name`` is None for it alone.

    ``second_decoder`` has another library decode the image, ``reduce`` leaves out all but each
    n-th row and column, ``dpi`` renders a PDF's page at no more than that.
    """

    name: str | None = None
    second_decoder: bool = False
    reduce: int = 1
    dpi: int | None = None


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels, BGR uint8 (height, width, 3), upright as the file says; see PageFacts.

    ``width`` and ``height`` are the page's own, of which the pixels may be a reduction.
    ``embedded`` is the text that came with it, where that can be trusted.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    dpi: float | None
    render_scale: float | None
    exif_orientation: int
    embedded: EmbeddedText | None = None
