"""Rows to the bytes of a shard's Parquet file."""

import pyarrow as pa

from ocr_tasks.results.rows import Row
from ocr_tasks.results.schema import PAGE_ROW
from ocr_tasks.stamps import file_of


def shard_bytes(rows: list[Row], metadata: dict[str, str]) -> bytes:
    """A Parquet file of ``rows`` sorted by source and page, ``metadata`` in its footer."""
    rows = sorted(rows, key=lambda row: (row["source_id"], row["page_index"]))
    table = pa.Table.from_pylist(rows, schema=PAGE_ROW)
    return file_of(table.replace_schema_metadata(metadata))
