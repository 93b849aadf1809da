"""Parquet files that carry digests of themselves, so that none passes for another after a flip.

Parquet's own checksums are of data pages alone: a flipped bit in the footer can read as another
row count, statistic or metadata value. So the footer has one more entry with two sha256: of all
bytes before the footer, and of the footer itself, taken while this second one was all zeros. The
footer can be checked alone, where only a part of the file is read.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

KEY = "ocr_tasks.sha256"
DIGEST = 64  # hex digits
BLANK = "0" * 2 * DIGEST
# As the footer, which is Thrift's compact protocol, has the key before a string of that length.
PREFIX = KEY.encode() + b"\x18\x80\x01"
MOSTLY = 1 << 16  # what a footer has room in, unless the file has very many row groups
TAIL = 8  # the last bytes of a file: the length of its footer in four, and the magic


def file_of(table: pa.Table) -> bytes:
    """A Parquet file that carries digests of its bytes; ``refuse_damage`` holds them against it."""
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", write_page_index=True) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({KEY: BLANK})
    return stamped(sink)


def stamped(sink: io.BytesIO) -> bytes:
    """The Parquet file in ``sink``, whose footer has a BLANK under KEY, with its digests there."""
    footer = _footer_of(sink)
    at = _place(footer)
    with sink.getbuffer() as data:
        begin = len(data) - len(footer)
        data[begin + at : begin + at + DIGEST] = _digest(data[:begin])
        data[begin + at + DIGEST : begin + at + 2 * DIGEST] = _digest(data[begin:])
    return sink.getvalue()


def whole_rows(data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """These columns, or all, of a file that is, to its last bit, the one that was stamped.

    Raises:
        ValueError: it is not, or carries no stamp.
    """
    refuse_damage(data)
    return read_rows(io.BytesIO(data), columns)


def refuse_damage(data: bytes) -> None:
    """Makes sure that a file is, to its last bit, the one that was stamped.

    Raises:
        ValueError: it is not, or carries no stamp.
    """
    footer = refuse_damaged_footer(io.BytesIO(data))
    at = _place(footer)
    if _digest(memoryview(data)[: -len(footer)]) != footer[at : at + DIGEST]:
        raise ValueError("its bytes are not those that were written")


def refuse_damaged_footer(file: BinaryIO) -> bytes:
    """The footer of a file, to its last byte, if it is the one that was stamped.

    The file is at its start again.

    Raises:
        ValueError: it is not, or carries no stamp.
    """
    footer = _footer_of(file)
    at = _place(footer) + DIGEST
    blank = b"".join((footer[:at], BLANK[:DIGEST].encode(), footer[at + DIGEST :]))
    if _digest(blank) != footer[at : at + DIGEST]:
        raise ValueError("its footer is not the one that was written")
    return footer


def every_group(_: pq.RowGroupMetaData) -> bool:
    """Says of each row group that it is wanted."""
    return True


def read_rows(
    file: BinaryIO,
    columns: Sequence[str] | None = None,
    is_wanted: Callable[[pq.RowGroupMetaData], bool] = every_group,
) -> pa.Table:
    """These columns, or all, of the wanted row groups; their checksums, where there are any, hold.

    Everything is read in this thread. Arrow's own threads give back what belongs to Python when
    they like, and where the process is just ending they abort it (apache/arrow#34314).
    """
    parquet = pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True)
    groups = [
        number
        for number in range(parquet.num_row_groups)
        if is_wanted(parquet.metadata.row_group(number))
    ]
    names = None if columns is None else list(columns)
    return parquet.read_row_groups(groups, names, use_threads=False)


def _footer_of(file: BinaryIO) -> bytes:
    """The end of the file from where the footer begins, mostly by one read of it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - MOSTLY))
    end = file.read(MOSTLY)
    length = int.from_bytes(end[-TAIL:-4], "little") + TAIL
    if length > size:
        raise ValueError("it is shorter than its footer")
    if length > len(end):
        file.seek(size - length)
        end = file.read(length)
    file.seek(0)
    return end[-length:]


def _place(footer: bytes) -> int:
    """Where the digests begin. A statistic that looks like the entry stands before it."""
    at = footer.rfind(PREFIX)
    if at < 0:
        raise ValueError("it carries no digest of itself")
    return at + len(PREFIX)


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
