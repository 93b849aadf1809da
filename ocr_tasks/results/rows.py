"""From a page's answer to its row."""

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Interval

from ocr_tasks.errors import (
    ArchiveBombError,
    ArchivePathError,
    DecoderDiedError,
    OutOfMemoryError,
    TimedOutError,
)
from ocr_tasks.imaging.boxes import angle_of, bounding_box
from ocr_tasks.records import EngineInfo, ExpectedPage, Line, PageFailure, PageResult
from ocr_tasks.results.schema import PAGE_ROW, Status

Row = dict[str, Any]

# What ended its decoder, or was made to harm: not to be opened elsewhere without care.
HARMFUL = {
    kind.code
    for kind in (
        TimedOutError,
        DecoderDiedError,
        OutOfMemoryError,
        ArchivePathError,
        ArchiveBombError,
    )
}

_ABSENT: Row = dict.fromkeys(PAGE_ROW.names)


@dataclass(frozen=True, slots=True)
class ReviewSpec:
    """Which pages a person should look at: those read with a mean confidence below this."""

    low_confidence: Annotated[float, Interval(ge=0, le=1)] = 0.6


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a shard's rows come from: the same for all of them."""

    collection: str
    run_id: str
    dag_run_id: str | None
    shard_id: str
    attempt: str
    pipeline_version: str
    config_sha256: str
    engine: EngineInfo
    host: str


def row_of(answer: PageResult | PageFailure, provenance: Provenance, spec: ReviewSpec) -> Row:
    """The row of a page, read or not: every column of PAGE_ROW, null where nothing is known."""
    row = _ABSENT | _identity(answer.expected) | _origin(provenance)
    row["attempts"] = answer.attempts
    if isinstance(answer, PageFailure):
        return row | _failure(answer)
    row |= _reading(answer)
    if answer.embedded:  # nothing was guessed, so nothing is known of how well
        return row | {"status": Status.EMBEDDED_TEXT, "text_source": "embedded"}
    return row | _quality(answer.lines, spec)


def _identity(expected: ExpectedPage) -> Row:
    return {
        "page_id": expected.page_id,
        "source_id": expected.source_id,
        "source_uri": expected.source_uri,
        "source_member": expected.source_member,
        "source_bytes": expected.source_bytes,
        "media_type": expected.media_type,
        "page_index": expected.page_index,
        "page_count": expected.page_count,
        "text_source": "none",
        "n_lines": 0,
        "n_chars": 0,
        "n_words": 0,
        "needs_review": False,
    }


def _origin(provenance: Provenance) -> Row:
    engine = provenance.engine
    return {
        "collection": provenance.collection,
        "run_id": provenance.run_id,
        "dag_run_id": provenance.dag_run_id,
        "shard_id": provenance.shard_id,
        "attempt": provenance.attempt,
        "pipeline_version": provenance.pipeline_version,
        "config_sha256": provenance.config_sha256,
        "det_model": engine.detector.name,
        "det_model_sha256": engine.detector.sha256,
        "rec_model": engine.recognizer.name,
        "rec_model_sha256": engine.recognizer.sha256,
        "dict_sha256": engine.dict_sha256,
        "engine": engine.engine,
        "engine_version": engine.engine_version,
        "device": engine.device,
        "precision": engine.precision,
        "host": provenance.host,
        "processed_at": datetime.datetime.now(datetime.UTC),
        "peak_rss_mb": peak_rss_mb(),
    }


def _failure(failure: PageFailure) -> Row:
    return {
        "status": _status_of(failure),
        "source_sha256": failure.source_sha256,
        "error_stage": failure.stage,
        "error_class": failure.error_class,
        "error_message": failure.message,
        "error_retryable": failure.retryable,
    }


def _status_of(failure: PageFailure) -> Status:
    if failure.expected.skipped:
        return Status.SKIPPED
    return Status.QUARANTINED if failure.error_class in HARMFUL else Status.FAILED


def _reading(result: PageResult) -> Row:
    facts = result.facts
    text = "\n".join(line.text for line in result.lines)
    return {
        "degraded": facts.degraded,
        "source_sha256": facts.source_sha256,
        "image_sha256": facts.image_sha256,
        "width_px": facts.width,
        "height_px": facts.height,
        "dpi": facts.dpi,
        "render_scale": facts.render_scale,
        "exif_orientation": facts.exif_orientation,
        "orientation_deg": result.orientation_deg,
        "text": text,
        "text_source": "ocr" if result.lines else "none",
        "n_lines": len(result.lines),
        "n_chars": len(text),
        "n_words": len(text.split()),
        "lines": [_line(line, result.embedded) for line in result.lines],
        "read_ms": facts.read_ms,
        "decode_ms": facts.decode_ms,
        "det_ms": result.det_ms,
        "rec_ms": result.rec_ms,
        "total_ms": facts.read_ms + facts.decode_ms + result.det_ms + result.rec_ms,
    }


def _line(line: Line, embedded: bool) -> Row:
    return {
        "line_index": line.line_index,
        "reading_order": line.reading_order,
        "text": line.text,
        "conf": None if embedded else line.confidence,
        "det_score": None if embedded else line.det_score,
        "bbox": list(bounding_box(line.polygon)),
        "polygon": line.polygon.reshape(-1).tolist(),
        "angle": angle_of(line.polygon),
    }


def _quality(lines: tuple[Line, ...], spec: ReviewSpec) -> Row:
    if not lines:
        return {"status": Status.BLANK}
    confidences = np.array([line.confidence for line in lines])
    mean = float(confidences.mean())
    doubtful = mean < spec.low_confidence
    return {
        "status": Status.LOW_CONFIDENCE if doubtful else Status.OK,
        "conf_mean": mean,
        "conf_min": float(confidences.min()),
        "conf_p10": float(np.percentile(confidences, 10)),
        "needs_review": doubtful,
        "review_reason": "low_confidence" if doubtful else None,
    }


def peak_rss_mb() -> float:
    """The most memory this process has held so far, in MB.

    Linux tells it in KB; its ``ru_maxrss`` will not do, as it begins with what the parent held.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[0]) / 1024
