import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ocr_tasks.results.schema import PAGE_ROW
from ocr_tasks.results.writer import shard_bytes
from tests.results.answers import ONE_OF_EACH, failed, read, row

# As the design of the row names them, a group a line.
DESIGN = """
page_id source_id source_uri source_member source_sha256 source_bytes media_type page_index
page_count collection image_sha256 duplicate_of
status error_stage error_class error_message error_retryable attempts degraded
width_px height_px dpi render_scale orientation_deg skew_deg
text text_source n_lines n_chars n_words language language_score script
conf_mean conf_min conf_p10 p_correct est_cer needs_review review_reason
lines
run_id dag_run_id shard_id attempt pipeline_version config_sha256 det_model det_model_sha256
rec_model rec_model_sha256 dict_sha256 engine engine_version device host processed_at
read_ms decode_ms det_ms rec_ms total_ms peak_rss_mb
"""
DESIGN_OF_A_LINE = """
line_index reading_order text conf det_score p_correct bbox polygon angle words
"""


def fields_below(fields, path=""):
    """Every field at every depth, with its full name."""
    for field in fields:
        name = f"{path}{field.name}"
        yield name, field
        inner = field.type
        while pa.types.is_list(inner):
            inner = inner.value_type
        if pa.types.is_struct(inner):
            yield from fields_below(inner, f"{name}.")


def leaf_of(type_):
    """What a field holds, whatever lists it is in."""
    while pa.types.is_list(type_):
        type_ = type_.value_type
    return type_


FIELDS = dict(fields_below(PAGE_ROW))
PORTABLE = {pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.bool_()}


@pytest.fixture(scope="module")
def written():
    """A file of one row of each status, as it is committed, opened again."""
    rows = [row(answer) for answer in ONE_OF_EACH.values()]
    return pq.ParquetFile(io.BytesIO(shard_bytes(rows, {"ocr_tasks.note": "x"})))


def test_the_row_has_the_columns_of_the_design():
    assert set(DESIGN.split()) <= set(PAGE_ROW.names)
    line = PAGE_ROW.field("lines").type.value_type
    assert [field.name for field in line] == DESIGN_OF_A_LINE.split()


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_of_a_type_that_all_readers_know(name):
    leaf = leaf_of(FIELDS[name].type)
    utc = pa.timestamp("us", tz="UTC")
    assert leaf in PORTABLE or leaf == utc or pa.types.is_struct(leaf)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_lower_case_name(name):
    last = name.rsplit(".", 1)[-1]
    assert last.isidentifier()
    assert last == last.lower()


def test_a_written_file_carries_no_field_ids(written):
    for name, field in fields_below(written.schema_arrow):
        assert b"PARQUET:field_id" not in (field.metadata or {}), name
    assert set(re.findall(r"field_id=(-?\d+)", str(written.schema))) == {"-1"}  # -1: none


def test_a_written_file_has_the_types_of_the_schema(written):
    returned = dict(fields_below(written.schema_arrow))
    assert {name: field.type for name, field in returned.items()} == {
        name: field.type for name, field in FIELDS.items()
    }


def test_a_written_file_is_compressed_and_has_its_page_index(written):
    group = written.metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    assert all(column.has_offset_index for column in columns)


def test_a_written_file_keeps_its_note_in_the_footer(written):
    assert written.schema_arrow.metadata[b"ocr_tasks.note"] == b"x"


def test_rows_are_sorted_by_source_and_page_whatever_order_they_came_in():
    answers = [failed(2), read(1, page_index=2), read(1, page_index=10), read(1, page_index=0)]
    data = shard_bytes([row(answer) for answer in answers], {})
    returned = pq.read_table(io.BytesIO(data)).to_pylist()
    places = [(each["source_id"], each["page_index"]) for each in returned]
    assert places == sorted(places)
    assert len(places) == 4
