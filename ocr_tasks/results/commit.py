"""The commit of a shard: one object under one name, written whole, by the first who comes."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from ocr_tasks import storage
from ocr_tasks.errors import StorageError
from ocr_tasks.faults import damage_named
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.rows import Row
from ocr_tasks.results.schema import UNREAD
from ocr_tasks.results.writer import shard_bytes
from ocr_tasks.stamps import refuse_damaged_footer

FOOTER_PREFIX = "ocr_tasks."


@dataclass(frozen=True, slots=True)
class ShardTally:
    """What a committed shard holds, as its footer says."""

    shard_id: str
    attempt: str
    pages: int
    lines: int
    by_status: dict[str, int]

    @property
    def failed(self) -> int:
        """How many of its pages failed or were quarantined."""
        return sum(self.by_status.get(status, 0) for status in UNREAD)


def commit_shard(layout: RunLayout, shard_id: str, attempt: str, rows: list[Row]) -> ShardTally:
    """Commits ``rows`` as the shard's rows, unless somebody has; returns what stands committed.

    The file is the marker: there is no second object that could be lost, and a reader's glob
    sees either all rows of a shard or none. If the store says that the object exists, its footer
    tells whose it is, so an answer lost on the way to us does not matter.

    Raises:
        StorageError: the store says that the object exists and that it does not.
    """
    tally = _tally(shard_id, attempt, rows)
    data = shard_bytes(rows, _footer(tally))
    if storage.create(layout.part(shard_id), data, layout.staging):
        return tally
    committed = committed_tally(layout, shard_id)
    if committed is None:
        raise StorageError(f"{layout.part(shard_id)} was there and is gone")
    return committed


def committed_tally(layout: RunLayout, shard_id: str) -> ShardTally | None:
    """What the shard's committed file says of itself, or None if there is none yet.

    Raises:
        DamagedFileError: there is one, but it is no shard's file.
    """
    uri = layout.part(shard_id)
    try:
        with storage.open_seekable(uri) as file, damage_named(uri):
            footer = pq.read_schema(pa.BufferReader(refuse_damaged_footer(file))).metadata or {}
            return _tally_of_footer({key.decode(): value.decode() for key, value in footer.items()})
    except FileNotFoundError:
        return None


def committed_shards(layout: RunLayout) -> set[str]:
    """The ids of the shards that stand committed, by one listing."""
    names = storage.names_in(layout.pages)
    return {
        name.removeprefix("part-").removesuffix(".parquet")
        for name in names
        if name.startswith("part-") and name.endswith(".parquet")
    }


def _tally(shard_id: str, attempt: str, rows: list[Row]) -> ShardTally:
    by_status: dict[str, int] = {}
    for row in rows:
        status = str(row["status"])
        by_status[status] = by_status.get(status, 0) + 1
    lines = sum(row["n_lines"] for row in rows)
    return ShardTally(shard_id, attempt, len(rows), lines, by_status)


def _footer(tally: ShardTally) -> dict[str, str]:
    values = {
        "shard_id": tally.shard_id,
        "attempt": tally.attempt,
        "pages": str(tally.pages),
        "lines": str(tally.lines),
        **{f"status.{status}": str(count) for status, count in sorted(tally.by_status.items())},
    }
    return {FOOTER_PREFIX + key: value for key, value in values.items()}


def _tally_of_footer(footer: dict[str, str]) -> ShardTally:
    status = FOOTER_PREFIX + "status."
    by_status = {
        key.removeprefix(status): int(value)
        for key, value in footer.items()
        if key.startswith(status)
    }
    return ShardTally(
        footer[FOOTER_PREFIX + "shard_id"],
        footer[FOOTER_PREFIX + "attempt"],
        int(footer[FOOTER_PREFIX + "pages"]),
        int(footer[FOOTER_PREFIX + "lines"]),
        by_status,
    )
