"""The manifest: every expected page of a run and the shard it belongs to, frozen once."""

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from ocr_tasks import storage
from ocr_tasks.arrow import repeated
from ocr_tasks.errors import SettingsError, StorageError
from ocr_tasks.faults import damage_named
from ocr_tasks.records import ExpectedPage
from ocr_tasks.stamps import BLANK, KEY, read_rows, refuse_damaged_footer, stamped

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
        ("raw_uri", pa.binary()),
    ]
)
PAGE_SCHEMA = pa.schema([field for field in MANIFEST_SCHEMA if field.name != "shard_id"])
SHARD_COLUMN = MANIFEST_SCHEMA.get_field_index("shard_id")
IN_THIS_THREAD = pa.ipc.IpcReadOptions(use_threads=False)  # as ``read_rows`` says
CHUNK = 10_000  # pages turned into columns at a time, so that a long listing stays small
LEFT_TO_OTHERS = 2  # shards that each worker could still have, of what is left, at the next's size
NAMED = 10  # how many pages a refusal names
MAX_SHARDS = 1_000  # Airflow maps at most 1,024 tasks

Ends = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """How many pages a worker takes at a time.

    ``pages`` fixes the number; left out, it is what ``target_seconds`` of work come to at
    ``seconds_per_page``, and for several workers less and less towards the end, so that they end
    together though pages differ. Either grows where a run would have more than a thousand shards.
    """

    pages: Annotated[int, Ge(1)] | None = None
    target_seconds: Annotated[float, Gt(0)] = 300.0
    seconds_per_page: Annotated[float, Gt(0)] = 1.5


def plan_shards(
    pages: Iterable[ExpectedPage], spec: ShardSpec, workers: int
) -> pa.RecordBatchReader:
    """The manifest of a run over ``pages``: MANIFEST_SCHEMA, in their order, to be read once.

    All pages are taken before this returns. They wait compressed, as the size of a shard depends
    on how many there are.

    Raises:
        SettingsError: there are no pages.
        StorageError: a page was listed twice.
    """
    waiting, ids = _compressed(pages)
    total = len(ids)
    if total == 0:
        raise SettingsError("the input holds no objects, so there is nothing to read")
    _refuse_listed_twice(ids)
    batches = _in_shards(
        pa.ipc.open_stream(waiting, options=IN_THIS_THREAD), _ends_of_shards(total, spec, workers)
    )
    return pa.RecordBatchReader.from_batches(MANIFEST_SCHEMA, batches)


def shard_name(number: int) -> str:
    """The shard's id, as it stands in its file's name."""
    return f"{number:05d}"


def _ends_of_shards(pages: int, spec: ShardSpec, workers: int) -> Ends:
    """The pages before which each shard ends."""
    fewest = math.ceil(pages / MAX_SHARDS)
    if spec.pages is not None:
        size = max(spec.pages, fewest)
        return np.append(np.arange(size, pages, size), pages)
    size = max(1, fewest, round(spec.target_seconds / spec.seconds_per_page))
    sizes = _dwindling(pages, size, workers) if workers > 1 else []
    if sizes and len(sizes) <= MAX_SHARDS:
        return np.cumsum(sizes)
    shards = min(math.ceil(pages / size), MAX_SHARDS)
    return np.arange(1, shards + 1) * pages // shards


def _dwindling(pages: int, largest: int, workers: int) -> list[int]:
    """Sizes of shards, each a share of what is left, so that the last to end keeps nobody waiting.

    Guided self-scheduling (Polychronopoulos and Kuck 1987), with no shard above ``largest``.
    """
    sizes = []
    while pages:
        sizes.append(min(largest, max(1, pages // (LEFT_TO_OTHERS * workers))))
        pages -= sizes[-1]
    return sizes


def _refuse_listed_twice(ids: pa.ChunkedArray) -> None:
    """Makes sure that no page is expected twice, as its rows could not be told apart."""
    twice = sorted(repeated(ids))
    if twice:  # a store's listing can change under way, or name an object again
        some = ", ".join(twice[:NAMED])
        raise StorageError(f"{len(twice)} pages of the input were listed twice: {some}")


def _compressed(pages: Iterable[ExpectedPage]) -> tuple[io.BytesIO, pa.ChunkedArray]:
    """The pages as a compressed stream of Arrow, and their ids."""
    stream, ids = io.BytesIO(), []
    options = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)
    with pa.ipc.new_stream(stream, PAGE_SCHEMA, options=options) as writer:
        for batch in _columns(pages):
            writer.write_batch(batch)
            ids.append(batch["page_id"])
    stream.seek(0)
    return stream, pa.chunked_array(ids, pa.string())


def _columns(pages: Iterable[ExpectedPage]) -> Iterator[pa.RecordBatch]:
    waiting = iter(pages)
    while chunk := list(islice(waiting, CHUNK)):
        columns = [[getattr(page, name) for page in chunk] for name in PAGE_SCHEMA.names]
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, PAGE_SCHEMA, strict=True)
        ]
        yield pa.record_batch(arrays, schema=PAGE_SCHEMA)


def _in_shards(batches: Iterable[pa.RecordBatch], ends: Ends) -> Iterator[pa.RecordBatch]:
    """The pages with the shards that end there; whole shards a batch, where it can hold one."""
    first = 0
    for batch in _of_sizes(batches, np.diff(_cuts(ends), prepend=0)):
        pages = np.arange(first, first + batch.num_rows)
        shards = np.searchsorted(ends, pages, side="right")
        names = pa.array([shard_name(number) for number in range(shards[0], shards[-1] + 1)])
        yield batch.add_column(0, "shard_id", names.take(pa.array(shards - shards[0])))
        first += batch.num_rows


def _cuts(ends: Ends) -> list[int]:
    """The pages before which each batch ends: with a shard, if one ends within a chunk."""
    cuts = [0]
    while cuts[-1] < ends[-1]:
        farthest = cuts[-1] + CHUNK
        within = ends[(ends > cuts[-1]) & (ends <= farthest)]
        cuts.append(int(within[-1]) if len(within) else farthest)
    return cuts[1:]


def _of_sizes(batches: Iterable[pa.RecordBatch], sizes: Iterable[int]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of these sizes, which come to as many."""
    waiting = iter(batches)
    held = PAGE_SCHEMA.empty_table()
    for size in sizes:
        while held.num_rows < size:
            held = pa.concat_tables([held, pa.Table.from_batches([next(waiting)])])
        yield held.slice(0, size).combine_chunks().to_batches()[0]
        held = held.slice(size)


def manifest_bytes(manifest: pa.RecordBatchReader, metadata: dict[str, str]) -> bytes:
    """The manifest as a Parquet file with ``metadata`` in its footer.

    Each batch is a row group that tells which shards it holds, so that a reader of one shard
    passes over the others. To know that its own is what was written it needs no more either: the
    footer carries a digest of itself, and every page of columns a checksum.
    """
    sink = io.BytesIO()
    with pq.ParquetWriter(
        sink,
        manifest.schema.with_metadata(metadata),
        compression="zstd",
        write_statistics=["shard_id"],
        write_page_checksum=True,
    ) as writer:
        for batch in manifest:
            writer.write_batch(batch)
        writer.add_key_value_metadata({KEY: BLANK})
    return stamped(sink)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Expected pages and their shards: MANIFEST_SCHEMA, or those of its columns that were read."""

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
        """The pages as records, in the manifest's order. Wants all columns."""
        return [ExpectedPage(**row) for row in self.table.select(PAGE_SCHEMA.names).to_pylist()]


def _may_hold(shard_id: str, group: pq.RowGroupMetaData) -> bool:
    """Whether pages of the shard can be in a row group, by its statistics."""
    seen = group.column(SHARD_COLUMN).statistics
    return seen is None or not seen.has_min_max or bool(seen.min <= shard_id <= seen.max)


def read_manifest(
    uri: str, shard_id: str | None = None, columns: Sequence[str] | None = None
) -> Manifest:
    """The manifest at ``uri``, whole or one shard's part of it.

    Of a shard little more is fetched than its own rows. ``columns`` are all that is read, if they
    are given (for one shard, with ``shard_id`` among them): the whole manifest of a million pages
    takes half a gigabyte, its shard ids ten MB.

    Raises:
        FileNotFoundError: there is none.
        SettingsError: it has no such shard.
        DamagedFileError: it is not what was written.
    """
    with storage.open_seekable(uri) as file, damage_named(uri):
        refuse_damaged_footer(file)
        if shard_id is None:
            table = read_rows(file, columns)
        else:
            table = read_rows(file, columns, partial(_may_hold, shard_id))
            table = table.filter(pc.equal(table["shard_id"], shard_id))
    if table.num_rows == 0:
        raise SettingsError(f"the manifest has no shard {shard_id!r}")
    return Manifest(table)
