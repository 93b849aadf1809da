"""Rows to the bytes of a shard's Parquet file."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from ocr_tasks.results.rows import Row
from ocr_tasks.results.schema import PAGE_ROW
from ocr_tasks.stamps import BLANK, KEY, stamped


def shard_bytes(rows: list[Row], metadata: dict[str, str]) -> bytes:
    """A Parquet file of ``rows`` sorted by source and page, ``metadata`` in its footer."""
    rows = sorted(rows, key=lambda row: (row["source_id"], row["page_index"]))
    table = pa.Table.from_pylist(rows, schema=PAGE_ROW)
    return file_of(table.replace_schema_metadata(metadata))


def file_of(table: pa.Table) -> bytes:
    """A Parquet file that carries digests of its bytes; ``refuse_damage`` holds them against it."""
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", write_page_index=True) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({KEY: BLANK})
    return stamped(sink)
