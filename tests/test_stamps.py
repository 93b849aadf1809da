import io

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ocr_tasks.stamps import BLANK, KEY, PREFIX, refuse_damage, refuse_damaged_footer, stamped
from tests.makers import damaged


@pytest.fixture
def file():
    sink = io.BytesIO()
    table = pa.table({"number": range(1000), "text": [f"text {n}" for n in range(1000)]})
    with pq.ParquetWriter(sink, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({KEY: BLANK})
    return stamped(sink)


def test_what_was_stamped_is_let_pass(file):
    refuse_damage(file)


def test_any_flipped_bit_is_found(file):
    for at in range(0, len(file), 7):
        with pytest.raises(ValueError, match=r"digest of itself|not th|shorter"):
            refuse_damage(flipped(file, at))


@pytest.mark.parametrize("length", [0, 1, 7, 8, 100, -100, -8, -1])
def test_a_file_that_was_cut_is_found(file, length):
    with pytest.raises(ValueError, match=r"digest of itself|not th|shorter"):
        refuse_damage(file[:length])


def test_bytes_put_at_the_end_are_found(file):
    with pytest.raises(ValueError, match=r"not th|shorter|digest"):
        refuse_damage(file + b"x")


def test_a_text_that_looks_like_the_stamp_is_none():
    table = pa.table({"bytes": [PREFIX + b"f" * 128] * 3})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="none", use_dictionary=False)
    with pytest.raises(ValueError, match=r"not th|shorter|digest"):
        refuse_damage(sink.getvalue())


def test_a_stamped_text_may_look_like_a_stamp():
    table = pa.table({"bytes": [PREFIX + b"f" * 128] * 3})
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="none") as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({KEY: BLANK})
    data = stamped(sink)
    refuse_damage(data)
    assert pq.read_table(pa.BufferReader(data)) == table


def test_other_readers_read_a_stamped_file(file, tmp_path):
    path = tmp_path / "stamped.parquet"
    path.write_bytes(file)
    assert pq.read_table(path)["number"].to_pylist() == list(range(1000))
    assert pl.read_parquet(path)["text"][999] == "text 999"
    assert duckdb.sql(f"SELECT sum(number) FROM '{path}'").fetchall() == [(499_500,)]


def test_a_footer_can_be_checked_alone(file):
    opened = io.BytesIO(file)
    footer = refuse_damaged_footer(opened)
    assert opened.tell() == 0
    assert file.endswith(footer)
    assert len(footer) < len(file) / 2
    assert refuse_damaged_footer(io.BytesIO(damaged(file, 10))) == footer
    for at in range(1, len(footer), 5):
        with pytest.raises(ValueError, match=r"digest of itself|not the one|shorter"):
            refuse_damaged_footer(io.BytesIO(flipped(file, len(file) - at)))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"\xff\xff\xff\xffPAR1"])
def test_what_has_no_footer_is_refused(data):
    with pytest.raises(ValueError, match=r"shorter|digest"):
        refuse_damaged_footer(io.BytesIO(data))


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
