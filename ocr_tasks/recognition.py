"""The heart: pages in, their text out, in a stream."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
from ocr_tasks.engines.looks import Crops, reading_of
from ocr_tasks.engines.open_page import Found, OpenPage
from ocr_tasks.engines.orientation import turns_to_upright
from ocr_tasks.errors import InferenceError
from ocr_tasks.imaging.boxes import reading_order
from ocr_tasks.imaging.crops import Pixels, strip_of
from ocr_tasks.imaging.margins import is_blank, part_with_marks
from ocr_tasks.records import (
    DetectedLines,
    EmbeddedText,
    ExpectedPage,
    Line,
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


def recognize_pages(
    pages: Iterable[Page | PageFailure], engine: Engine, spec: RecognitionSpec
) -> Iterator[PageResult | PageFailure]:
    """Every page's text, or why there is none: one answer for each page that comes in.

    Answers come as pages complete, which need not be the order they came in. Lines of several
    pages share the recogniser's batches, but a page's text depends on that page alone. A page on
    which the engine fails is tried once more before it is blamed. One that brought its text along
    is not read.

    Raises:
        EngineBrokenError: the engine failed, and would have failed on any page.
    """
    pool = CropPool(engine.recognizer, spec.batch_lines)
    open_pages: dict[int, OpenPage] = {}
    for number, page in enumerate(pages):
        if isinstance(page, PageFailure):
            yield page
            continue
        if page.embedded is not None:
            yield _taken(page.expected, page.facts, page.embedded)
            continue
        try:
            open_pages[number] = _opened(page, engine)
        except InferenceError as fault:
            yield _failed(page.expected, fault, page.facts, TRIES)
            continue
        del page  # its pixels are no longer needed: strips are copies
        _put(pool, number, open_pages[number].begin())
        _hand_out(pool.read_full(), pool, open_pages)
        if len(open_pages) >= spec.open_pages:
            _hand_out(pool.read_all(), pool, open_pages)
        yield from _completed(open_pages, spec)
    _hand_out(pool.read_all(), pool, open_pages)
    yield from _completed(open_pages, spec)


def _taken(expected: ExpectedPage, facts: PageFacts, text: EmbeddedText) -> PageResult:
    """The result of a page whose text came with it: there is nothing to detect or to read."""
    in_order = reading_order(text.polygons)
    lines = tuple(
        Line(index, rank, text.texts[index], 1.0, 1.0, text.polygons[index])
        for rank, index in enumerate(in_order)
    )
    return PageResult(expected, facts, lines, 0.0, 0.0, facts.attempts, embedded=True)


def _opened(page: Page, engine: Engine, tries: int = 1) -> OpenPage:
    """The page, opened for reading.

    Raises:
        InferenceError: the detector failed on this page, and not on ours.
        EngineBrokenError: it failed on ours too.
    """
    started = time.perf_counter()
    try:
        turns, image, detected = _lines_upright(page.image, engine)
        strips = _cut_out(image, detected)
    except InferenceError as fault:
        if tries < TRIES:
            return _opened(page, engine, tries + 1)
        refuse_broken_detector(engine.detector, fault)
        raise
    milliseconds = (time.perf_counter() - started) * 1000
    height, width = image.shape[:2]
    found = Found(detected, turns, height, width, tries, milliseconds)
    return OpenPage(page.expected, page.facts, found, reading_of(strips))


def _lines_upright(page: Pixels, engine: Engine) -> tuple[int, Pixels, DetectedLines]:
    """The quarter turns counter-clockwise that bring the page upright, it and its lines then."""
    detected = _lines_on(page, engine)
    turns = turns_to_upright(page, detected, engine.recognizer)
    if turns:
        # Of a view, OpenCV would copy the whole page for every line that is cut out of it.
        page = np.ascontiguousarray(np.rot90(page, turns))
        detected = _lines_on(page, engine)
    return turns, page, detected


def _lines_on(page: Pixels, engine: Engine) -> DetectedLines:
    if is_blank(page):
        return DetectedLines(np.empty((0, 4, 2), np.float32), np.empty(0, np.float32))
    top, left, bottom, right = part_with_marks(page)
    detected = lines_on(engine.detector, np.ascontiguousarray(page[top:bottom, left:right]))
    corner = np.array([left, top], np.float32)
    return DetectedLines(detected.polygons + corner, detected.scores)


def _cut_out(page: Pixels, detected: DetectedLines) -> list[Pixels]:
    try:
        return [strip_of(page, polygon) for polygon in detected.polygons]
    except Exception as error:  # corners that span no line, or no memory
        raise as_inference_error("detector", error) from error


def _put(pool: CropPool, number: int, crops: Crops) -> None:
    for line, crop in crops.items():
        pool.put((number, line), crop)


def _hand_out(answers: Iterator[ReadCrop], pool: CropPool, open_pages: dict[int, OpenPage]) -> None:
    """Gives each answer to the page its crop is of, and puts in what that wants read next."""
    for read in answers:
        number, line = read.ticket
        _put(pool, number, open_pages[number].take(line, read))


def _completed(
    open_pages: dict[int, OpenPage], spec: RecognitionSpec
) -> Iterator[PageResult | PageFailure]:
    """The pages that miss nothing any more, taken out of ``open_pages``."""
    for number in [number for number, page in open_pages.items() if page.is_complete]:
        page = open_pages.pop(number)
        if page.fault is not None:
            yield _failed(page.expected, page.fault, page.facts, page.attempts)
        else:
            yield PageResult(
                expected=page.expected,
                facts=page.facts,
                lines=page.lines(spec.min_confidence),
                det_ms=page.found.milliseconds,
                rec_ms=page.rec_ms,
                attempts=page.attempts,
                orientation_deg=page.orientation_deg,
            )


def _failed(
    expected: ExpectedPage, fault: InferenceError, facts: PageFacts, attempts: int
) -> PageFailure:
    return failure_of(expected, fault, facts.source_sha256, max(facts.attempts, attempts))
