"""What lies in an archive: every page that is to be expected, found before any OCR."""

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from ocr_tasks import storage
from ocr_tasks.archive.decode import count_pages
from ocr_tasks.archive.media import (
    ARCHIVES,
    DOCUMENTS,
    EMPTY,
    FOLDER,
    HEAD_BYTES,
    PAGED,
    UNKNOWN,
    sniff,
)
from ocr_tasks.archive.members import Member, OpenArchive, printable
from ocr_tasks.errors import (
    EmptyInputError,
    NoAccessError,
    PageError,
    SourceChangedError,
    UnsupportedError,
)
from ocr_tasks.records import ExpectedPage
from ocr_tasks.storage import StoredObject

LOOKERS = 16  # threads that look into objects; they mostly wait for the store


@dataclass(frozen=True, slots=True)
class _Source:
    """A document, or what might be one: a stored object or an archive's member."""

    stored: StoredObject
    member: Member | None = None

    def page(
        self, media_type: str, index: int = 0, count: int = 1, error: PageError | None = None
    ) -> ExpectedPage:
        """One page of this source; ``error`` is why it has no text to expect."""
        uri, member = self.stored.uri, self.member
        name = member.name if member else None
        source_id = _digest(uri, name or "", str(member.index if member else 0))
        return ExpectedPage(
            page_id=_digest(source_id, str(index)),
            source_id=source_id,
            source_uri=printable(uri),
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
            error_message=str(error) if error else None,
        )


def list_pages(url: str) -> Iterator[ExpectedPage]:
    """Every page at or below ``url``, in the order of URI, member and page.

    An object that is no page (a text file, a link, an archive within an archive) is one expected
    page marked ``skipped``; one that cannot be opened is one page with its error. So every
    object in the input ends as at least one row.

    Raises:
        SettingsError: there is nothing at ``url``.
        StorageError: the store did not answer.
    """
    objects = storage.list_objects(url)
    with ThreadPoolExecutor(LOOKERS) as lookers:
        while batch := list(islice(objects, 64 * LOOKERS)):
            for pages in lookers.map(_pages_of_object, batch):
                yield from pages


def _pages_of_object(stored: StoredObject) -> list[ExpectedPage]:
    source = _Source(stored)
    if stored.is_closed:
        return [source.page(FOLDER, error=NoAccessError("the folder may not be listed"))]
    if not stored.is_regular:
        fault = UnsupportedError("not a regular file: a link, device or pipe")
        return [source.page(UNKNOWN, error=fault)]
    if printable(stored.uri) != stored.uri:
        nameless = NoAccessError("its name is not UTF-8, so no row can name it: rename it")
        return [source.page(UNKNOWN, error=nameless)]
    if stored.size == 0:
        return [source.page(EMPTY, error=EmptyInputError("the file has no bytes"))]
    media_type = UNKNOWN
    try:
        media_type = sniff(storage.read_bytes(stored.uri, 0, min(HEAD_BYTES, stored.size)))
        if media_type in ARCHIVES:
            return list(_pages_of_archive(stored, media_type))
        with storage.open_seekable(stored.uri) as file:
            return _pages_of_document(source, media_type, file)
    except PageError as error:
        return [source.page(media_type, error=error)]
    except FileNotFoundError:
        gone = SourceChangedError("it was gone before it could be looked into")
        return [source.page(media_type, error=gone)]


def _pages_of_archive(stored: StoredObject, media_type: str) -> Iterator[ExpectedPage]:
    """The pages of all members; a damaged archive is one page with the error behind them."""
    is_empty = True
    with storage.open_seekable(stored.uri) as file:
        try:
            archive = OpenArchive(file, media_type)
            for member in archive.members():
                is_empty = False
                yield from _pages_of_member(_Source(stored, member), member, archive)
            if is_empty:
                raise EmptyInputError("the archive holds no files")
        except PageError as error:
            yield _Source(stored).page(media_type, error=error)


def _pages_of_member(source: _Source, member: Member, archive: OpenArchive) -> list[ExpectedPage]:
    if member.why_not:
        return [source.page(UNKNOWN, error=UnsupportedError(member.why_not))]
    if member.size == 0:
        return [source.page(EMPTY, error=EmptyInputError("the member has no bytes"))]
    media_type = UNKNOWN
    try:
        with archive.open(member.index) as file:
            head = file.read(HEAD_BYTES)
            media_type = sniff(head)
            if media_type in ARCHIVES:
                fault = UnsupportedError("an archive within an archive: unpack the outer one")
                return [source.page(media_type, error=fault)]
            whole = head + file.read() if media_type in PAGED else head
        return _pages_of_document(source, media_type, io.BytesIO(whole))
    except PageError as error:
        return [source.page(media_type, error=error)]


def _pages_of_document(source: _Source, media_type: str, file: BinaryIO) -> list[ExpectedPage]:
    if media_type not in DOCUMENTS:
        raise UnsupportedError(f"{media_type} is not a scan")
    count = count_pages(file, media_type) if media_type in PAGED else 1
    return [source.page(media_type, index, count) for index in range(count)]


def _digest(*parts: str) -> str:
    """32 hex digits that stand for a place; NUL parts the fields, as no name can hold it."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
