import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks import errors
from ocr_tasks.results.rows import ReviewSpec, row_of
from ocr_tasks.results.schema import PAGE_ROW, Status
from tests.results.answers import (
    ONE_OF_EACH,
    failed,
    line,
    provenance,
    quarantined,
    read,
    row,
)

each_status = pytest.mark.parametrize("status", ONE_OF_EACH)


def test_there_is_an_example_of_every_status():
    assert set(ONE_OF_EACH) == set(Status)


@each_status
def test_an_answer_ends_with_its_status(status):
    assert row(ONE_OF_EACH[status])["status"] == status


@each_status
def test_a_row_has_every_column_and_no_null_where_none_may_be(status):
    made = row(ONE_OF_EACH[status])
    assert list(made) == PAGE_ROW.names
    for column in PAGE_ROW:
        assert column.nullable or made[column.name] is not None, column.name


@each_status
def test_a_row_survives_the_columns(status):
    made = row(ONE_OF_EACH[status])
    table = pa.Table.from_pylist([made], schema=PAGE_ROW)
    table.validate(full=True)
    (returned,) = table.to_pylist()
    for name in ("page_id", "status", "text", "n_lines", "error_class", "processed_at", "dpi"):
        assert returned[name] == made[name]


@pytest.mark.parametrize("status", ["failed", "skipped", "quarantined"])
def test_a_page_without_pixels_has_no_value_that_would_need_them(status):
    made = row(ONE_OF_EACH[status])
    unknown = [
        *("width_px", "height_px", "dpi", "image_sha256", "exif_orientation", "text", "lines"),
        *("conf_mean", "conf_min", "conf_p10", "read_ms", "decode_ms", "det_ms", "total_ms"),
    ]
    assert {name: made[name] for name in unknown} == dict.fromkeys(unknown)
    assert (made["n_lines"], made["n_chars"], made["n_words"]) == (0, 0, 0)
    assert made["text_source"] == "none"


def test_a_failed_page_says_what_it_met():
    made = row(ONE_OF_EACH["failed"])
    assert made["error_class"] == "E_TRUNCATED"
    assert made["error_stage"] == "decode"
    assert made["error_message"] == "it ends too early"
    assert made["error_retryable"] is False
    assert made["source_sha256"] == "a" * 64


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.TimedOutError, "quarantined"),
        (errors.DecoderDiedError, "quarantined"),
        (errors.OutOfMemoryError, "quarantined"),
        (errors.ArchivePathError, "quarantined"),
        (errors.ArchiveBombError, "quarantined"),
        (errors.TooLargeError, "failed"),
        (errors.TruncatedError, "failed"),
        (errors.EncryptedError, "failed"),
        (errors.BadArchiveError, "failed"),
        (errors.InferenceError, "failed"),
    ],
)
def test_what_ended_its_decoder_or_was_made_to_harm_is_quarantined(kind, status):
    made = row(quarantined(kind=kind))
    assert (made["status"], made["error_class"], made["attempts"]) == (status, kind.code, 4)


@pytest.mark.parametrize(
    ("answer", "attempts", "degraded"),
    [
        pytest.param(read(), 1, None, id="at the first try"),
        pytest.param(read(degraded="half_size"), 3, "half_size", id="at the third"),
        pytest.param(failed(), 1, None, id="not at all"),
    ],
)
def test_a_row_says_how_often_a_page_was_tried_and_what_it_lost(answer, attempts, degraded):
    made = row(answer)
    assert (made["attempts"], made["degraded"]) == (attempts, degraded)


@pytest.mark.parametrize("status", ["ok", "low_confidence", "blank", "embedded_text"])
def test_a_page_that_was_read_names_no_error(status):
    made = row(ONE_OF_EACH[status])
    of_errors = ["error_class", "error_stage", "error_message", "error_retryable"]
    assert [made[name] for name in of_errors] == [None] * 4


def test_a_blank_page_has_an_empty_text_and_no_confidence():
    made = row(ONE_OF_EACH["blank"])
    assert (made["text"], made["lines"], made["text_source"]) == ("", [], "none")
    assert (made["conf_mean"], made["conf_min"], made["needs_review"]) == (None, None, False)
    assert (made["width_px"], made["height_px"]) == (100, 80)


def test_embedded_text_names_its_source_and_no_confidence_as_nothing_was_guessed():
    made = row(ONE_OF_EACH["embedded_text"])
    assert (made["text"], made["text_source"]) == ("set in type\nby hand", "embedded")
    assert (made["n_lines"], made["n_chars"], made["n_words"]) == (2, 19, 5)
    assert [made[name] for name in ("conf_mean", "conf_min", "conf_p10")] == [None] * 3
    assert {(each["conf"], each["det_score"]) for each in made["lines"]} == {(None, None)}
    assert (made["needs_review"], made["review_reason"]) == (False, None)
    assert (made["det_ms"], made["rec_ms"], made["total_ms"]) == (0, 0, 1.5 + 2.5)


def test_what_was_read_is_counted_and_timed():
    made = row(ONE_OF_EACH["ok"])
    assert made["text"] == "two words\né"
    assert (made["n_lines"], made["n_chars"], made["n_words"]) == (2, 11, 3)
    assert (made["conf_mean"], made["conf_min"]) == (pytest.approx(0.8), 0.7)
    assert made["total_ms"] == 1.5 + 2.5 + 4.0 + 8.0
    assert (made["dpi"], made["exif_orientation"]) == (300.0, 6)
    assert [each["reading_order"] for each in made["lines"]] == [0, 1]
    assert [each["line_index"] for each in made["lines"]] == [5, 6]


@pytest.mark.parametrize(
    ("confidences", "status"),
    [
        pytest.param([0.6], "ok", id="just enough"),
        pytest.param([0.59], "low_confidence", id="just too little"),
        pytest.param([0.2, 1.0], "ok", id="the mean counts"),
        pytest.param([0.2, 0.9], "low_confidence", id="the mean is too low"),
    ],
)
def test_a_page_read_with_a_low_mean_confidence_is_for_a_person_to_look_at(confidences, status):
    answer = read(lines=[line(n, confidence=value) for n, value in enumerate(confidences)])
    made = row_of(answer, provenance(), ReviewSpec(low_confidence=0.6))
    doubtful = status == "low_confidence"
    assert made["status"] == status
    assert made["needs_review"] is doubtful
    assert made["review_reason"] == ("low_confidence" if doubtful else None)


def test_a_row_says_by_whom_and_how_it_was_made():
    made = row(ONE_OF_EACH["ok"])
    assert (made["collection"], made["run_id"], made["shard_id"]) == ("ledgers", "r1", "00000")
    assert (made["det_model"], made["det_model_sha256"]) == ("finder", "d" * 64)
    assert (made["rec_model"], made["rec_model_sha256"]) == ("reader", "e" * 64)
    assert (made["engine"], made["device"], made["host"]) == ("toy", "cpu", "desk")
    assert made["processed_at"].utcoffset().total_seconds() == 0
    assert made["peak_rss_mb"] > 1


def test_a_member_of_an_archive_keeps_its_path():
    answer = read(3, source_member="box-7/leaf 2.jpg", page_index=1, page_count=4)
    made = row(answer)
    assert (made["source_member"], made["page_index"], made["page_count"]) == (
        "box-7/leaf 2.jpg",
        1,
        4,
    )


WIDTH, HEIGHT = 100, 80
corners_on_page = st.lists(
    st.tuples(st.floats(0, WIDTH, width=32), st.floats(0, HEIGHT, width=32)), min_size=4, max_size=4
)


@given(corners_on_page)
def test_a_box_holds_its_polygon_and_lies_on_the_page(corners):
    (made,) = row(read(lines=[line(corners=corners)], width=WIDTH, height=HEIGHT))["lines"]
    x0, y0, x1, y1 = made["bbox"]
    assert 0 <= x0 <= x1 <= WIDTH
    assert 0 <= y0 <= y1 <= HEIGHT
    for x, y in corners:
        assert x0 <= x <= x1
        assert y0 <= y <= y1


@pytest.mark.parametrize(
    ("corners", "degrees"),
    [
        pytest.param(((1, 2), (9, 2), (9, 6), (1, 6)), 0, id="level"),
        pytest.param(((0, 0), (10, 10), (8, 12), (-2, 2)), 45, id="falling"),
        pytest.param(((0, 10), (10, 0), (12, 2), (2, 12)), -45, id="rising"),
        pytest.param(((9, 0), (9, 20), (4, 20), (4, 0)), 90, id="on end"),
    ],
)
def test_a_line_keeps_its_corners_in_order_and_its_angle(corners, degrees):
    (made,) = row(read(lines=[line(corners=corners)]))["lines"]
    assert made["polygon"] == [value for corner in corners for value in corner]
    assert math.isclose(made["angle"], degrees, abs_tol=1e-6)
