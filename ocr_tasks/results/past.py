"""The rows of a past run, some columns of them."""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ocr_tasks import storage
from ocr_tasks.errors import DamagedFileError
from ocr_tasks.faults import damage_named
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.stamps import whole_rows

Row = dict[str, Any]

READERS = 4  # files that are read at once: they wait for the store, and each is held whole


def past_rows(
    layout: RunLayout, shard_ids: Collection[str], columns: Sequence[str]
) -> Iterator[Row]:
    """These columns of every row of these committed shards, shard by shard.

    Raises:
        DamagedFileError: a file is not what was committed, or gone.
        StorageError: the store did not answer.
    """
    with ThreadPoolExecutor(READERS) as readers:
        for rows in readers.map(partial(_rows_in, layout, columns), sorted(shard_ids)):
            yield from rows


def _rows_in(layout: RunLayout, columns: Sequence[str], shard_id: str) -> list[Row]:
    uri = layout.part(shard_id)
    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError as error:
        raise DamagedFileError(f"{uri} is gone") from error
    with damage_named(uri):
        rows: list[Row] = whole_rows(data, columns).to_pylist()
    return rows
