"""Rows read from Parquet files: those that are wanted, and without a thread of Arrow's."""

import io
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ocr_tasks.stamps import read_rows

LETTERS = [letter for letter in "abcd" for _ in range(100)]


@pytest.fixture(scope="module")
def data() -> bytes:
    """Four row groups, a letter each, with checksums."""
    sink = io.BytesIO()
    table = pa.table({"letter": LETTERS, "number": range(400)})
    pq.write_table(table, sink, row_group_size=100, write_page_checksum=True, compression="none")
    return sink.getvalue()


def test_all_rows_are_read_or_the_columns_that_are_named(data: bytes) -> None:
    assert read_rows(io.BytesIO(data)).to_pydict() == {
        "letter": LETTERS,
        "number": list(range(400)),
    }
    assert read_rows(io.BytesIO(data), ["number"]).column_names == ["number"]


def test_of_row_groups_only_the_wanted_are_read(data: bytes) -> None:
    rows = read_rows(io.BytesIO(data), None, lambda group: group.column(0).statistics.min > "b")
    assert rows["number"].to_pylist() == list(range(200, 400))
    assert read_rows(io.BytesIO(data), None, lambda _: False).num_rows == 0


def test_a_flipped_bit_in_a_row_is_no_row(data: bytes) -> None:
    at = data.index((250).to_bytes(8, "little"))
    flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    with pytest.raises(OSError, match=r"(?i)checksum|crc"):
        read_rows(io.BytesIO(flipped))


THREADS_AFTER_READING = """
import io, os, sys
from ocr_tasks.stamps import read_rows
data = sys.stdin.buffer.read()
before = len(os.listdir("/proc/self/task"))
read_rows(io.BytesIO(data))
print(len(os.listdir("/proc/self/task")) - before)
"""


def test_reading_starts_no_thread_that_could_outlive_python(data: bytes) -> None:
    # With Arrow's threads one process in fifty was aborted as it ended: "terminate called without
    # an active exception".
    command = [sys.executable, "-c", THREADS_AFTER_READING]
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)
    assert int(done.stdout) == 0
