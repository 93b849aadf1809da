"""The manifest: every expected page of a run and the shard it belongs to, frozen once."""

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from annotated_types import Ge, Gt

from ocr_tasks import storage
from ocr_tasks.errors import SettingsError
from ocr_tasks.faults import damage_named
from ocr_tasks.records import ExpectedPage

MANIFEST_SCHEMA = pa.schema(
    [
        ("shard_id", pa.string()),
        ("page_id", pa.string()),
        ("source_id", pa.string()),
        ("source_uri", pa.string()),
        ("source_member", pa.string()),
        ("member_index", pa.int32()),
        ("member_offset", pa.int64()),
        ("source_bytes", pa.int64()),
        ("source_version", pa.string()),
        ("media_type", pa.string()),
        ("page_index", pa.int32()),
        ("page_count", pa.int32()),
        ("skipped", pa.bool_()),
        ("error_class", pa.string()),
        ("error_message", pa.string()),
    ]
)
PAGE_SCHEMA = pa.schema([field for field in MANIFEST_SCHEMA if field.name != "shard_id"])
CHUNK = 10_000  # pages turned into columns at a time, so that a long listing stays small
MAX_SHARDS = 1_000  # Airflow maps at most 1,024 tasks


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """How many pages a worker takes at a time.

    ``pages`` fixes the number; left out, it is what ``target_seconds`` of work come to at
    ``seconds_per_page``, less where there are too few pages for every worker to have a shard.
    Either grows where a run would have more than a thousand shards.
    """

    pages: Annotated[int, Ge(1)] | None = None
    target_seconds: Annotated[float, Gt(0)] = 300.0
    seconds_per_page: Annotated[float, Gt(0)] = 1.5


def plan_shards(pages: Iterable[ExpectedPage], spec: ShardSpec, workers: int) -> pa.Table:
    """The manifest of a run over ``pages``: MANIFEST_SCHEMA, in their order.

    Raises:
        SettingsError: there are no pages.
    """
    table = pa.Table.from_batches(_columns(pages), schema=PAGE_SCHEMA)
    if table.num_rows == 0:
        raise SettingsError("the input holds no objects, so there is nothing to read")
    size = _pages_a_shard(table.num_rows, spec, workers)
    shard_ids = pa.array([shard_name(row // size) for row in range(table.num_rows)], pa.string())
    return table.add_column(0, "shard_id", shard_ids)


def shard_name(number: int) -> str:
    """The shard's id, as it stands in its file's name."""
    return f"{number:05d}"


def _pages_a_shard(pages: int, spec: ShardSpec, workers: int) -> int:
    size = spec.pages
    if size is None:
        size = max(1, round(spec.target_seconds / spec.seconds_per_page))
        size = min(size, math.ceil(pages / workers))
    return max(size, math.ceil(pages / MAX_SHARDS))


def _columns(pages: Iterable[ExpectedPage]) -> Iterator[pa.RecordBatch]:
    waiting = iter(pages)
    while chunk := list(islice(waiting, CHUNK)):
        columns = [[getattr(page, name) for page in chunk] for name in PAGE_SCHEMA.names]
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, PAGE_SCHEMA, strict=True)
        ]
        yield pa.record_batch(arrays, schema=PAGE_SCHEMA)


def manifest_bytes(manifest: pa.Table, metadata: dict[str, str]) -> bytes:
    """The manifest as a Parquet file with ``metadata`` in its footer."""
    sink = io.BytesIO()
    pq.write_table(manifest.replace_schema_metadata(metadata), sink, compression="zstd")
    return sink.getvalue()


@dataclass(frozen=True, slots=True)
class Manifest:
    """Expected pages and their shards, as MANIFEST_SCHEMA."""

    table: pa.Table

    @property
    def pages(self) -> int:
        """How many pages are expected."""
        return int(self.table.num_rows)

    @property
    def metadata(self) -> dict[str, str]:
        """What was frozen beside the pages."""
        footer = self.table.schema.metadata or {}
        return {key.decode(): value.decode() for key, value in footer.items()}

    def shard_ids(self) -> list[str]:
        """Every shard, in order."""
        ids: list[str] = self.table["shard_id"].unique().to_pylist()
        return ids

    def pages_in(self, shard_ids: Sequence[str]) -> int:
        """How many pages these shards have together."""
        chosen = pc.is_in(self.table["shard_id"], value_set=pa.array(shard_ids, pa.string()))
        return int(pc.sum(chosen).as_py() or 0)

    def expected(self) -> list[ExpectedPage]:
        """The pages as records, in the manifest's order."""
        return [ExpectedPage(**row) for row in self.table.select(PAGE_SCHEMA.names).to_pylist()]


def read_manifest(uri: str, shard_id: str | None = None) -> Manifest:
    """The manifest at ``uri``, whole or one shard's part of it.

    Raises:
        FileNotFoundError: there is none.
        SettingsError: it has no such shard.
        DamagedFileError: it is not what was written.
    """
    filters = None if shard_id is None else [("shard_id", "=", shard_id)]
    with storage.open_seekable(uri) as file, damage_named(uri):
        table = pq.read_table(file, filters=filters)
    if table.num_rows == 0:
        raise SettingsError(f"the manifest has no shard {shard_id!r}")
    return Manifest(table)
