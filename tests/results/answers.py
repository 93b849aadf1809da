"""Answers of a recogniser that never ran, and their rows."""

from dataclasses import replace

import numpy as np

from ocr_tasks.errors import DecoderDiedError, TruncatedError, UnsupportedError
from ocr_tasks.records import (
    EngineInfo,
    Line,
    ModelInfo,
    PageFacts,
    PageFailure,
    PageResult,
)
from ocr_tasks.results.rows import Provenance, ReviewSpec, row_of
from tests.makers import expected_page

DETECTOR, RECOGNIZER = ModelInfo("finder", "d" * 64), ModelInfo("reader", "e" * 64)


def provenance(shard_id="00000", attempt="first"):
    return Provenance(
        collection="ledgers",
        run_id="r1",
        dag_run_id=None,
        shard_id=shard_id,
        attempt=attempt,
        pipeline_version="0.0",
        config_sha256="c" * 64,
        engine=EngineInfo("toy", "1", "cpu", DETECTOR, RECOGNIZER, "f" * 64),
        host="desk",
    )


def line(order=0, text="a line", confidence=0.9, corners=((1, 2), (9, 2), (9, 6), (1, 6))):
    return Line(order + 5, order, text, confidence, 0.8, np.array(corners, np.float32))


def read(number=0, lines=(), width=100, height=80, degraded=None, **changes):
    facts = PageFacts(width, height, "a" * 64, "b" * 64, 300.0, None, 6, 1.5, 2.5)
    if degraded is not None:
        facts = replace(facts, attempts=3, degraded=degraded)
    expected = expected_page(number, **changes)
    return PageResult(expected, facts, tuple(lines), 4.0, 8.0, facts.attempts)


def embedded(number=0, lines=(), **changes):
    """A page whose text came with it."""
    return replace(read(number, lines, **changes), det_ms=0.0, rec_ms=0.0, embedded=True)


def failed(number=0, **changes):
    error = TruncatedError("it ends too early")
    return PageFailure(
        expected_page(number, **changes),
        error.stage,
        error.code,
        str(error),
        error.retryable,
        "a" * 64,
    )


def quarantined(number=0, kind=DecoderDiedError):
    return PageFailure(
        expected_page(number),
        kind.stage,
        kind.code,
        "it ended the decoder",
        kind.retryable,
        None,
        4,
    )


def skipped(number=0, **changes):
    error = UnsupportedError("text/plain is not a scan")
    expected = expected_page(
        number, skipped=True, error_class=error.code, error_message=str(error), **changes
    )
    return PageFailure(expected, "plan", error.code, str(error), False)


def row(answer, shard_id="00000", attempt="first"):
    return row_of(answer, provenance(shard_id, attempt), ReviewSpec())


ONE_OF_EACH = {
    "ok": read(0, [line(0, "two words", 0.9), line(1, "é", 0.7)]),
    "low_confidence": read(1, [line(0, "smudged", 0.5)]),
    "blank": read(2),
    "embedded_text": embedded(6, [line(0, "set in type", 1.0), line(1, "by hand", 1.0)]),
    "skipped": skipped(3),
    "failed": failed(4),
    "quarantined": quarantined(5),
}
