"""The frozen records that cross floors. They hold data and do nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ExpectedPage:
    """One page the manifest expects, known before any OCR.

    ``page_id`` and ``source_id`` are digests of the place (URI, member, page), so two copies of
    one file stay two pages. ``raw_uri`` is the URI as the file system has it, where that is no
    UTF-8 and ``source_uri`` only shows it. ``member_offset`` is where a member's bytes begin in
    an uncompressed tar. ``error_class`` is set where planning already knows that the page cannot
    be read, and ``skipped`` where the object is no page at all.
    """

    page_id: str
    source_id: str
    source_uri: str
    source_member: str | None
    member_index: int
    member_offset: int | None
    source_bytes: int
    source_version: str
    media_type: str
    page_index: int
    page_count: int
    skipped: bool = False
    error_class: str | None = None
    error_message: str | None = None
    raw_uri: bytes | None = None


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What reading and decoding told of a page.

    Width and height are pixels of the page upright as its file says: the frame all boxes refer
    to. ``dpi`` is what the file claims or the PDF was rendered at, ``render_scale`` pixels per
    PDF point, ``exif_orientation`` 1 to 8 as the file had it before it was applied. ``degraded``
    names the rung of the retry ladder that decoded it, at the ``attempts``-th try; on some of
    them the image has fewer pixels than the frame, as it has where the text was embedded.
    """

    width: int
    height: int
    source_sha256: str
    image_sha256: str
    dpi: float | None
    render_scale: float | None
    exif_orientation: int
    read_ms: float
    decode_ms: float
    attempts: int = 1
    degraded: str | None = None


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """The lines that a page brought along as text, in no order.

    ``polygons`` are corners (lines, 4, 2) in pixels of the page's frame, clockwise from the
    line's top left.
    """

    texts: tuple[str, ...]
    polygons: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Page:
    """The pixels of one page: BGR, uint8, (height, width, 3).

    ``embedded`` is the text it brought along, where that can be trusted; then there is nothing
    to read, and the pixels are a coarse picture of it.
    """

    expected: ExpectedPage
    facts: PageFacts
    image: NDArray[np.uint8]
    embedded: EmbeddedText | None = None


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that yields no text, and why; ``attempts`` were made."""

    expected: ExpectedPage
    stage: str
    error_class: str
    message: str
    retryable: bool
    source_sha256: str | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class DetectedLines:
    """What a detector found on a page.

    ``polygons`` are corners (lines, 4, 2) in page pixels, clockwise from the line's top left;
    ``scores`` (lines,) are 0 to 1.
    """

    polygons: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LineText:
    """What the recogniser read in one crop; confidence 0 to 1, mean over the characters."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Line:
    """A recognised line. ``line_index`` numbers detections, ``reading_order`` the reading.

    ``polygon`` is (4, 2) in page pixels, clockwise from the line's top left.
    """

    line_index: int
    reading_order: int
    text: str
    confidence: float
    det_score: float
    polygon: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PageResult:
    """A page that was read: its lines in reading order, without its pixels.

    Times are milliseconds of this page; recognition runs in batches over pages, so ``rec_ms`` is
    the page's share of them. ``attempts`` counts the tries of what took most of them. The text
    stands ``orientation_deg`` degrees clockwise in the frame: 0, 90, 180 or 270. ``embedded`` is
    a text that the page brought along: nothing was detected or read, and confidences are 1.
    """

    expected: ExpectedPage
    facts: PageFacts
    lines: tuple[Line, ...]
    det_ms: float
    rec_ms: float
    attempts: int = 1
    orientation_deg: int = 0
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model by name and digest."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What reads the pages of a run: frozen in its plan and named in every row."""

    engine: str
    engine_version: str
    device: str
    detector: ModelInfo
    recognizer: ModelInfo
    dict_sha256: str
    precision: str = "fp32"  # no key of plans that are older than other precisions
