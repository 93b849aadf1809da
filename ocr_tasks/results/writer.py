"""Rows to the bytes of a shard's Parquet file."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from ocr_tasks.results.rows import Row
from ocr_tasks.results.schema import PAGE_ROW


def shard_bytes(rows: list[Row], metadata: dict[str, str]) -> bytes:
    """A Parquet file of ``rows`` sorted by source and page, ``metadata`` in its footer."""
    rows = sorted(rows, key=lambda row: (row["source_id"], row["page_index"]))
    table = pa.Table.from_pylist(rows, schema=PAGE_ROW).replace_schema_metadata(metadata)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", write_page_index=True)
    return sink.getvalue()
