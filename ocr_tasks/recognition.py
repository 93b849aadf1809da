"""The heart: pages in, their text out, in a stream."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Ge, Interval

from ocr_tasks.archive.decode import failure_of
from ocr_tasks.engines.answers import (
    TRIES,
    as_inference_error,
    lines_on,
    refuse_broken_detector,
)
from ocr_tasks.engines.batching import CropPool, ReadCrop
from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.orientation import Polygons, turned_back, turns_to_upright
from ocr_tasks.errors import InferenceError
from ocr_tasks.imaging.boxes import reading_order
from ocr_tasks.imaging.crops import Pixels, crop_line
from ocr_tasks.imaging.margins import part_with_marks
from ocr_tasks.records import (
    DetectedLines,
    ExpectedPage,
    Line,
    LineText,
    Page,
    PageFacts,
    PageFailure,
    PageResult,
)


@dataclass(frozen=True, slots=True)
class RecognitionSpec:
    """How lines are pooled, and which of them are kept.

    ``batch_lines`` crops of one width are read at a time, over at most ``open_pages`` pages;
    neither changes any text. Lines read with less than ``min_confidence`` are dropped: they are
    mostly stains and ornaments.
    """

    batch_lines: Annotated[int, Ge(1)] = 4
    open_pages: Annotated[int, Ge(1)] = 8
    min_confidence: Annotated[float, Interval(ge=0, le=1)] = 0.4


@dataclass(slots=True)
class _OpenPage:
    """A page whose lines are being read. It holds no pixels.

    The lines were ``detected`` after so many quarter ``turns`` counter-clockwise; ``in_frame``
    are their polygons as the page lies.
    """

    expected: ExpectedPage
    facts: PageFacts
    detected: DetectedLines
    in_frame: Polygons
    turns: int
    det_ms: float
    attempts: int
    rec_ms: float = 0.0
    texts: dict[int, LineText] = field(default_factory=dict)
    fault: InferenceError | None = None

    def take(self, line: int, read: ReadCrop) -> None:
        """Notes what was read of one of its lines."""
        self.rec_ms += read.milliseconds
        self.attempts = max(self.attempts, read.tries)
        if isinstance(read.answer, InferenceError):
            self.fault = read.answer
            self.texts[line] = LineText("", 0.0)
        else:
            self.texts[line] = read.answer

    @property
    def complete(self) -> bool:
        """Whether every line has its answer."""
        return len(self.texts) == len(self.detected.polygons)


def recognize_pages(
    pages: Iterable[Page | PageFailure], engine: Engine, spec: RecognitionSpec
) -> Iterator[PageResult | PageFailure]:
    """Every page's text, or why there is none: one answer for each page that comes in.

    Answers come as pages complete, which need not be the order they came in. Lines of several
    pages share the recogniser's batches, but a page's text depends on that page alone. A page on
    which the engine fails is tried once more before it is blamed.

    Raises:
        EngineBrokenError: the engine failed, and would have failed on any page.
    """
    pool = CropPool(engine.recognizer, spec.batch_lines)
    open_pages: dict[int, _OpenPage] = {}
    for number, page in enumerate(pages):
        if isinstance(page, PageFailure):
            yield page
            continue
        try:
            open_pages[number], crops = _opened(page, engine)
        except InferenceError as fault:
            yield _failed(page.expected, fault, page.facts, TRIES)
            continue
        del page  # its pixels are no longer needed: crops are copies
        for line, crop in enumerate(crops):
            _hand_out(pool.add((number, line), crop), open_pages)
        if len(open_pages) >= spec.open_pages:
            _hand_out(pool.flush(), open_pages)
        yield from _completed(open_pages, spec)
    _hand_out(pool.flush(), open_pages)
    yield from _completed(open_pages, spec)


def _opened(page: Page, engine: Engine, tries: int = 1) -> tuple[_OpenPage, list[Pixels]]:
    """The page opened for reading, and the crops of its lines.

    Raises:
        InferenceError: the detector failed on this page, and not on ours.
        EngineBrokenError: it failed on ours too.
    """
    started = time.perf_counter()
    try:
        turns, detected = _lines_upright(page.image, engine)
        crops = _cut_out(np.rot90(page.image, turns), detected)
    except InferenceError as fault:
        if tries < TRIES:
            return _opened(page, engine, tries + 1)
        refuse_broken_detector(engine.detector, fault)
        raise
    det_ms = (time.perf_counter() - started) * 1000
    in_frame = _in_frame(detected.polygons, turns, page)
    return _OpenPage(page.expected, page.facts, detected, in_frame, turns, det_ms, tries), crops


def _lines_upright(page: Pixels, engine: Engine) -> tuple[int, DetectedLines]:
    """The quarter turns counter-clockwise that bring the page upright, and its lines then."""
    detected = _lines_on(page, engine)
    turns = turns_to_upright(page, detected, engine.recognizer)
    if turns:
        detected = _lines_on(np.rot90(page, turns), engine)
    return turns, detected


def _lines_on(page: Pixels, engine: Engine) -> DetectedLines:
    top, left, bottom, right = part_with_marks(page)
    detected = lines_on(engine.detector, np.ascontiguousarray(page[top:bottom, left:right]))
    corner = np.array([left, top], np.float32)
    return DetectedLines(detected.polygons + corner, detected.scores)


def _in_frame(polygons: Polygons, turns: int, page: Page) -> Polygons:
    """The polygons in the page's own pixels, of which the image may have fewer."""
    height, width = page.image.shape[:2]
    scale = np.array([page.facts.width / width, page.facts.height / height], np.float32)
    return turned_back(polygons, turns, height, width) * scale


def _cut_out(page: Pixels, detected: DetectedLines) -> list[Pixels]:
    try:
        return [crop_line(page, polygon) for polygon in detected.polygons]
    except Exception as error:  # corners that span no line, or no memory
        raise as_inference_error("detector", error) from error


def _hand_out(answers: Iterator[ReadCrop], open_pages: dict[int, _OpenPage]) -> None:
    """Gives each answer to the page its crop was cut from."""
    for read in answers:
        number, line = read.ticket
        open_pages[number].take(line, read)


def _completed(
    open_pages: dict[int, _OpenPage], spec: RecognitionSpec
) -> Iterator[PageResult | PageFailure]:
    """The pages that miss nothing any more, taken out of ``open_pages``."""
    for number in [number for number, page in open_pages.items() if page.complete]:
        page = open_pages.pop(number)
        if page.fault is not None:
            yield _failed(page.expected, page.fault, page.facts, page.attempts)
        else:
            lines = _lines_in_reading_order(page, spec.min_confidence)
            tries = max(page.facts.attempts, page.attempts)
            yield PageResult(
                page.expected, page.facts, lines, page.det_ms, page.rec_ms, tries, 90 * page.turns
            )


def _failed(
    expected: ExpectedPage, fault: InferenceError, facts: PageFacts, attempts: int
) -> PageFailure:
    return failure_of(expected, fault, facts.source_sha256, max(facts.attempts, attempts))


def _lines_in_reading_order(page: _OpenPage, min_confidence: float) -> tuple[Line, ...]:
    """The lines worth keeping, numbered as they were detected and as they are read."""
    kept = sorted(
        index
        for index, read in page.texts.items()
        if read.text.strip() and read.confidence >= min_confidence
    )
    in_order = [kept[position] for position in reading_order(page.detected.polygons[kept])]
    return tuple(
        Line(
            line_index=index,
            reading_order=rank,
            text=page.texts[index].text,
            confidence=page.texts[index].confidence,
            det_score=float(page.detected.scores[index]),
            polygon=page.in_frame[index],
        )
        for rank, index in enumerate(in_order)
    )
