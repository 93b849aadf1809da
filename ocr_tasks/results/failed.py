"""The pages of a run that have no text and should have one, out of its committed rows."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from ocr_tasks import storage
from ocr_tasks.errors import DamagedFileError
from ocr_tasks.faults import damage_named
from ocr_tasks.results.commit import committed_tally
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.schema import UNREAD
from ocr_tasks.stamps import whole_rows

READERS = 8  # files that are read at once: they wait for the store, and each is held whole


@dataclass(frozen=True, slots=True)
class FailedPage:
    """A failed or quarantined page, by the columns of its row."""

    source_uri: str
    source_member: str | None
    page_index: int
    page_count: int
    status: str
    error_class: str
    error_stage: str
    error_message: str
    error_retryable: bool
    attempts: int
    degraded: str | None
    media_type: str
    source_sha256: str | None
    page_id: str
    source_id: str
    shard_id: str


COLUMNS = [field.name for field in fields(FailedPage)]


def failed_pages(layout: RunLayout, shard_ids: Collection[str]) -> Iterator[FailedPage]:
    """The failed and quarantined pages of these committed shards, shard by shard.

    Raises:
        DamagedFileError: a file is not what was committed, or gone.
        StorageError: the store did not answer.
    """
    with ThreadPoolExecutor(READERS) as readers:
        for pages in readers.map(partial(_failed_in, layout), sorted(shard_ids)):
            yield from pages


def _failed_in(layout: RunLayout, shard_id: str) -> list[FailedPage]:
    uri = layout.part(shard_id)
    tally = committed_tally(layout, shard_id)
    if tally is None:
        raise DamagedFileError(f"{uri} is gone")
    if tally.failed == 0:  # so its footer says, which is all that was fetched
        return []
    data = storage.read_bytes(uri)
    unread = pa.array([status.value for status in UNREAD])
    with damage_named(uri):
        rows = whole_rows(data, COLUMNS)
        failed = rows.filter(pc.is_in(rows["status"], value_set=unread))
        return [FailedPage(**row) for row in failed.to_pylist()]
