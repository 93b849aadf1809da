"""What lies in an archive: every page that is to be expected, found before any OCR."""

import hashlib
import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ocr_tasks import storage
from ocr_tasks.archive.contents import refuse_document
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.archive.media import ARCHIVES, EMPTY, FOLDER, HEAD_BYTES, PAGED, UNKNOWN, sniff
from ocr_tasks.archive.members import Member
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import (
    EmptyInputError,
    NoAccessError,
    PageError,
    SourceChangedError,
    StorageError,
    UnsupportedError,
    refuse_for_row,
)
from ocr_tasks.records import ExpectedPage
from ocr_tasks.storage import StoredObject
from ocr_tasks.text.names import printable

LOOKERS = 16  # threads that look into objects; they mostly wait for the store
# What a thread takes at a time: many small objects, as handing over one takes longer than to look
# into it, but few that may be archives, of which every page is held until its turn comes.
SHARE = 64
SHARE_BYTES = 2**28
# Seconds of waiting for a share from which on many are looked into at a time. Where the disk
# answers at once, threads would only contend for Python's lock, and take twice as long.
SLOW_SHARE = 0.05
_looking = threading.Semaphore(4)  # decoders that look at a time: each is a process


@dataclass(frozen=True, slots=True)
class _Source:
    """A document, or what might be one: a stored object or an archive's member."""

    stored: StoredObject
    member: Member | None = None

    def page(
        self,
        media_type: str,
        index: int = 0,
        count: int = 1,
        error: PageError | StorageError | None = None,
    ) -> ExpectedPage:
        """One page of this source; ``error`` is why it has no text to expect."""
        uri, member = self.stored.uri, self.member
        shown = printable(uri)
        name = member.name if member else None
        source_id = _source_id(uri, member)
        return ExpectedPage(
            page_id=_digest(source_id, str(index)),
            source_id=source_id,
            source_uri=shown,
            source_member=name,
            member_index=member.index if member else 0,
            member_offset=member.offset if member else None,
            source_bytes=member.size if member else self.stored.size,
            source_version=self.stored.version,
            media_type=media_type,
            page_index=index,
            page_count=count,
            skipped=isinstance(error, UnsupportedError),
            error_class=error.code if error else None,
            error_message=printable(str(error)) if error else None,
            raw_uri=None if shown == uri else os.fsencode(uri),
        )


def list_pages(url: str, spec: DecodeSpec) -> Iterator[ExpectedPage]:
    """Every page at or below ``url``, in the order of URI, member and page.

    An object that is no page (a text file, a link, an archive within an archive) is one expected
    page marked ``skipped``; one that cannot be opened is one page with its error. So every
    object in the input ends as at least one row.

    Raises:
        SettingsError: there is nothing at ``url``.
        StorageError: the store did not answer.
    """
    shares = _shares(storage.list_objects(url))
    for share in shares:
        before = _idle_seconds()
        pages = _pages_of_share(share, spec)
        waited = _idle_seconds() - before
        yield from pages
        if waited > SLOW_SHARE:
            break
    yield from _looked_into_by_many(shares, spec)
    POOL.close(keep=1)  # to read pages, one is enough


def _idle_seconds() -> float:
    """How long this thread has waited since some time: for a store, or for a decoder."""
    return time.monotonic() - time.thread_time()


def _looked_into_by_many(
    shares: Iterator[list[StoredObject]], spec: DecodeSpec
) -> Iterator[ExpectedPage]:
    """The pages of the shares in their order, of which LOOKERS are looked into at a time."""
    waiting: deque[Future[list[ExpectedPage]]] = deque()
    with ThreadPoolExecutor(LOOKERS) as lookers:
        try:
            for share in shares:
                waiting.append(lookers.submit(_pages_of_share, share, spec))
                if len(waiting) > 2 * LOOKERS:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            lookers.shutdown(cancel_futures=True)


def _shares(objects: Iterable[StoredObject]) -> Iterator[list[StoredObject]]:
    share: list[StoredObject] = []
    size = 0
    for stored in objects:
        share.append(stored)
        size += stored.size
        if len(share) == SHARE or size >= SHARE_BYTES:
            yield share
            share, size = [], 0
    if share:
        yield share


def _pages_of_share(share: list[StoredObject], spec: DecodeSpec) -> list[ExpectedPage]:
    return [page for stored in share for page in _pages_of_object(stored, spec)]


def _pages_of_object(stored: StoredObject, spec: DecodeSpec) -> list[ExpectedPage]:
    source = _Source(stored)
    media_type = FOLDER if stored.is_closed else UNKNOWN
    try:
        _refuse_unread(stored)
        if stored.size == 0:
            media_type = EMPTY
            raise EmptyInputError("the file has no bytes")
        most = min(HEAD_BYTES, stored.size)
        media_type = sniff(storage.read_bytes(stored.uri, 0, most, as_listed=True))
        if media_type not in ARCHIVES:
            refuse_document(media_type, stored.size, spec)
        if media_type in ARCHIVES | PAGED:
            return list(_looked_into(stored, media_type, spec))
        return [source.page(media_type)]
    except (PageError, StorageError) as error:
        refuse_for_row(error)
        return [source.page(media_type, error=error)]
    except FileNotFoundError:
        gone = SourceChangedError("it was gone before it could be looked into")
        return [source.page(media_type, error=gone)]


def _refuse_unread(stored: StoredObject) -> None:
    """Makes sure that the object can be read at all."""
    if stored.is_closed:
        raise NoAccessError("the folder may not be listed")
    if stored.fault is not None:
        raise stored.fault
    if not stored.is_regular:
        raise UnsupportedError("not a regular file: a link, device, pipe or something else")


def _looked_into(stored: StoredObject, media_type: str, spec: DecodeSpec) -> Iterator[ExpectedPage]:
    """The pages of a PDF, a TIFF or an archive's members, told by a decoder."""
    opened = storage.open_seekable(stored.uri, as_listed=True)
    with _looking, opened as file, POOL.borrowed(spec) as decoder:
        for found in decoder.look(file, media_type, stored.size):
            source = _Source(stored, found.member)
            for index in range(found.pages):
                yield source.page(found.media_type, index, found.pages, found.fault)


def _source_id(uri: str, member: Member | None) -> str:
    """What stands for an object, or for a member of it: no two have the same.

    NUL parts the fields, which a pax header or S3 may have in a name, and of an object the member's
    fields are empty, as a member's name can be. Such odd ones are digested as JSON, which parts
    them in any case; the rest are not, as their ids would not be those of older runs.
    """
    name = member.name if member else None
    index = member.index if member else 0
    if name == "" or "\0" in uri + (name or ""):
        return _digest(json.dumps([uri, name, index]))
    return _digest(uri, name or "", str(index))


def _digest(*parts: str) -> str:
    """32 hex digits that stand for a place."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
