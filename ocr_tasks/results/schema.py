"""The Parquet row of a page. ``docs/archive_ocr.md`` describes every column.

The portable subset that DuckDB, Polars, Hugging Face datasets and pyiceberg all read: no
unsigned integers, no fixed-size lists, no dictionary types, no field ids, UTC microseconds.
"""

from enum import StrEnum

import pyarrow as pa


class Status(StrEnum):
    """How a page ended. Every expected page ends as exactly one row with one of these."""

    OK = "ok"
    BLANK = "blank"
    LOW_CONFIDENCE = "low_confidence"
    EMBEDDED_TEXT = "embedded_text"
    SKIPPED = "skipped"
    FAILED = "failed"
    QUARANTINED = "quarantined"


# What a page has that should have a text and has none; `skipped` ones should not have one.
UNREAD = frozenset({Status.FAILED, Status.QUARANTINED})


_TEXT, _INT, _FLOAT, _BOOL = pa.string(), pa.int32(), pa.float32(), pa.bool_()


def _required(name: str, type_: pa.DataType) -> pa.Field:
    return pa.field(name, type_, nullable=False)


LINE = pa.struct(
    [
        _required("line_index", _INT),
        _required("reading_order", _INT),
        _required("text", _TEXT),
        pa.field("conf", _FLOAT),
        pa.field("det_score", _FLOAT),
        pa.field("p_correct", _FLOAT),
        pa.field("bbox", pa.list_(_INT)),
        pa.field("polygon", pa.list_(_FLOAT)),
        pa.field("angle", _FLOAT),
        pa.field(
            "words",
            pa.list_(pa.struct([("text", _TEXT), ("bbox", pa.list_(_INT)), ("conf", _FLOAT)])),
        ),
    ]
)

_IDENTITY = [
    _required("page_id", _TEXT),
    _required("source_id", _TEXT),
    _required("source_uri", _TEXT),
    pa.field("source_member", _TEXT),
    pa.field("source_sha256", _TEXT),
    _required("source_bytes", pa.int64()),
    _required("media_type", _TEXT),
    _required("page_index", _INT),
    _required("page_count", _INT),
    _required("collection", _TEXT),
    pa.field("image_sha256", _TEXT),
    pa.field("duplicate_of", _TEXT),
]
_STATUS = [
    _required("status", _TEXT),
    pa.field("error_stage", _TEXT),
    pa.field("error_class", _TEXT),
    pa.field("error_message", _TEXT),
    pa.field("error_retryable", _BOOL),
    _required("attempts", _INT),
    pa.field("degraded", _TEXT),
]
_GEOMETRY = [
    pa.field("width_px", _INT),
    pa.field("height_px", _INT),
    pa.field("dpi", _FLOAT),
    pa.field("render_scale", _FLOAT),
    pa.field("exif_orientation", _INT),
    pa.field("orientation_deg", _INT),
    pa.field("skew_deg", _FLOAT),
]
_CONTENT = [
    pa.field("text", _TEXT),
    _required("text_source", _TEXT),
    _required("n_lines", _INT),
    _required("n_chars", _INT),
    _required("n_words", _INT),
    pa.field("language", _TEXT),
    pa.field("language_score", _FLOAT),
    pa.field("script", _TEXT),
]
_QUALITY = [
    pa.field("conf_mean", _FLOAT),
    pa.field("conf_min", _FLOAT),
    pa.field("conf_p10", _FLOAT),
    pa.field("p_correct", _FLOAT),
    pa.field("est_cer", _FLOAT),
    _required("needs_review", _BOOL),
    pa.field("review_reason", _TEXT),
]
_PROVENANCE = [
    _required("run_id", _TEXT),
    pa.field("dag_run_id", _TEXT),
    _required("shard_id", _TEXT),
    _required("attempt", _TEXT),
    _required("pipeline_version", _TEXT),
    _required("config_sha256", _TEXT),
    _required("det_model", _TEXT),
    _required("det_model_sha256", _TEXT),
    _required("rec_model", _TEXT),
    _required("rec_model_sha256", _TEXT),
    _required("dict_sha256", _TEXT),
    _required("engine", _TEXT),
    _required("engine_version", _TEXT),
    _required("device", _TEXT),
    pa.field("precision", _TEXT),
    _required("host", _TEXT),
    _required("processed_at", pa.timestamp("us", tz="UTC")),
]
_COST = [
    pa.field("read_ms", _FLOAT),
    pa.field("decode_ms", _FLOAT),
    pa.field("det_ms", _FLOAT),
    pa.field("rec_ms", _FLOAT),
    pa.field("total_ms", _FLOAT),
    pa.field("peak_rss_mb", _FLOAT),
]

PAGE_ROW = pa.schema(
    [
        *_IDENTITY,
        *_STATUS,
        *_GEOMETRY,
        *_CONTENT,
        *_QUALITY,
        pa.field("lines", pa.list_(LINE)),
        *_PROVENANCE,
        *_COST,
    ]
)
