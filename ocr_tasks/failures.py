"""What failed in a run: why, what to do about it, and which pages are to be read again."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ocr_tasks import storage
from ocr_tasks.archive.documents import stored_uri
from ocr_tasks.archive.listing import LOOKERS, list_pages
from ocr_tasks.archive.media import FOLDER
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import (
    ROW_ERRORS,
    NoAccessError,
    PageError,
    SettingsError,
    SourceChangedError,
    StorageError,
    refuse_for_row,
)
from ocr_tasks.planning import PlannedRun, lineage
from ocr_tasks.records import ExpectedPage
from ocr_tasks.results.commit import committed_shards
from ocr_tasks.results.failed import FailedPage, failed_pages
from ocr_tasks.results.seal import read_seal
from ocr_tasks.text.names import printable

Json = dict[str, Any]
OBJECTS_A_LOOKER = 32  # a decoder takes longer to start than to look into a few objects


@dataclass(frozen=True, slots=True)
class FailureClass:
    """An error class, how many pages failed with it, and what to do about them."""

    error_class: str
    pages: int
    retryable: bool
    remedy: str


def failures_of(run: PlannedRun) -> list[FailedPage]:
    """Every failed and quarantined page of its committed shards, by error class and place.

    Raises:
        DamagedFileError: a file is not what was committed, or gone from a sealed run.
        StorageError: the store did not answer.
    """
    sealed = run.is_sealed()
    shard_ids = run.manifest.shard_ids() if sealed else committed_shards(run.layout)

    def place(page: FailedPage) -> tuple[str, str, str, str, int]:
        member = page.source_member or ""
        return page.error_class, page.source_uri, member, page.source_id, page.page_index

    return sorted(failed_pages(run.layout, shard_ids), key=place)


def report(run: PlannedRun, failed: Sequence[FailedPage]) -> Json:
    """What failed in a run, and what to do about each class of errors, as JSON values."""
    counts = Counter(page.error_class for page in failed)
    return {
        "run_id": run.frozen.run_id,
        "collection": run.layout.collection,
        "retry_of": run.frozen.retry_of,
        "sealed": run.is_sealed(),
        "shards": len(run.manifest.shard_ids()),
        "committed": len(committed_shards(run.layout)),
        "pages": run.manifest.pages,
        "failed": len(failed),
        "classes": [asdict(_class_of(code, counts[code])) for code in sorted(counts)],
        "failures": [asdict(page) for page in failed],
    }


def _class_of(code: str, pages: int) -> FailureClass:
    error = ROW_ERRORS.get(code, PageError)  # a later version may know others
    return FailureClass(code, pages, error.retryable, error.remedy)


def pages_again(run: PlannedRun, spec: DecodeSpec) -> Iterator[ExpectedPage]:
    """The pages that a retry of ``run`` expects: those that failed, and those it did not know.

    Every object with a failed page is looked into again, as it may have been repaired: it may
    have other bytes, and more pages or fewer. Each failed page is among those expected. One that
    the object no longer has is ``skipped``, and one of an object that is gone, or cannot be
    looked into, has that error. Where nothing failed, nothing is expected.

    Raises:
        SettingsError: the run is not sealed, so that more pages may yet fail.
        DamagedFileError: a file of the run is not what was committed.
        StorageError: the store did not answer.
    """
    if not run.is_sealed():
        raise SettingsError(f"run {run.frozen.run_id} is not sealed: take it up by its id first")
    read_seal(run.layout)  # one that was damaged seals nothing
    failed = run.pages([page.page_id for page in failures_of(run)])
    known = _known_ids(run, {page.source_uri for page in failed})
    objects = [list(pages) for _, pages in groupby(failed, key=stored_uri)]
    threads = 1 + min(LOOKERS - 1, len(objects) // OBJECTS_A_LOOKER)
    with ThreadPoolExecutor(threads) as lookers:
        for pages in lookers.map(lambda pages: _again(pages, known, spec), objects):
            yield from pages


def _known_ids(run: PlannedRun, uris: Collection[str]) -> set[str]:
    """The ids of all pages of these objects that the run expected, or a run it is a retry of."""
    known: set[str] = set()
    for planned in lineage(run):
        table = planned.manifest.table
        of_objects = pc.is_in(table["source_uri"], value_set=pa.array(uris, pa.string()))
        known.update(table.filter(of_objects)["page_id"].to_pylist())
    return known


def _again(
    failed: list[ExpectedPage], known: Collection[str], spec: DecodeSpec
) -> list[ExpectedPage]:
    """The pages to expect of one object."""
    missing = {page.page_id: page for page in failed}
    again: list[ExpectedPage] = []
    faults: list[ExpectedPage] = []
    fault: PageError | StorageError | None = SourceChangedError("the object is gone")
    try:
        for page in _pages_now(failed[0], spec):
            fault = None
            if missing.pop(page.page_id, None) or page.page_id not in known:
                again.append(page)
            if page.error_class is not None and not page.skipped:
                faults.append(page)
    except (PageError, StorageError) as error:
        refuse_for_row(error)
        fault = error
    return again + [_lost(page, fault, faults) for page in missing.values()]


def _pages_now(page: ExpectedPage, spec: DecodeSpec) -> Iterator[ExpectedPage]:
    """The pages of the object that ``page`` is of, or of all objects in a folder; none if gone.

    Raises:
        PageError: the object cannot be looked into.
    """
    uri = stored_uri(page)
    try:
        for listed in list_pages(uri, spec):
            if listed.source_uri == page.source_uri or page.media_type == FOLDER:
                yield listed
    except SettingsError as error:  # there is nothing, or a folder that may still not be listed
        if storage.exists(uri):
            raise NoAccessError(str(error)) from error


def _lost(
    page: ExpectedPage, fault: PageError | StorageError | None, faults: Sequence[ExpectedPage]
) -> ExpectedPage:
    """The expectation of a failed page that was not found again, and why it was not."""
    if fault is not None:
        why = printable(str(fault))  # it may name a file whose name is no UTF-8
        return replace(page, skipped=False, error_class=fault.code, error_message=why)
    for other in faults:  # of the whole object, or of the document within it
        if other.source_member is None or other.source_id == page.source_id:
            code, message = other.error_class, other.error_message
            return replace(page, skipped=False, error_class=code, error_message=message)
    no_more = SourceChangedError("the object was changed and has no such page any more")
    return replace(page, skipped=True, error_class=no_more.code, error_message=str(no_more))
