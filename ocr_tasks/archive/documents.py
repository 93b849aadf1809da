"""The bytes of documents: read from the store, hashed, held where a decoder may ask for them."""

import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from ocr_tasks import storage
from ocr_tasks.archive.decoders import Decoder
from ocr_tasks.archive.media import HEAD_BYTES, sniff
from ocr_tasks.errors import SourceChangedError, StorageError
from ocr_tasks.records import ExpectedPage
from ocr_tasks.stores.seekable import SeekableObject

IN_MEMORY_BYTES = 1 << 26  # longer documents lie on disk while they are read
READ_BYTES = 1 << 25


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a document, which lie in ``file`` while it is open."""

    file: BinaryIO
    size: int
    sha256: str


def stored_uri(page: ExpectedPage) -> str:
    """Where the object of a page is found, also if its name is no UTF-8."""
    return page.source_uri if page.raw_uri is None else os.fsdecode(page.raw_uri)


class StoredSource:
    """A stored object whose documents are read: itself, or the members of an archive."""

    def __init__(self, uri: str, decoder: Decoder, opened: ExitStack) -> None:
        """An object at ``uri``; what is opened of it is closed with ``opened``."""
        self._uri = uri
        self._key = uuid.uuid4().hex  # the same URI may hold another archive tomorrow
        self._decoder = decoder
        self._opened = opened
        self._archive: SeekableObject | None = None
        self._media_type = ""
        self._fault: StorageError | None = None  # of the whole object
        self._version: str | None = None

    @contextmanager
    def document(self, page: ExpectedPage) -> Iterator[Document]:
        """The document ``page`` is of.

        Raises:
            PageError: it is gone, is not the object that was planned, or a damaged archive.
            StorageError: the store did not answer.
        """
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            digest = hashlib.sha256()
            size = 0
            try:
                for part in self._parts(page):
                    _append(cast(BinaryIO, file), part)
                    digest.update(part)
                    size += len(part)
            except StorageError as error:
                if error.of_one_object and page.member_offset is None:
                    self._fault = error  # not to be waited for again for each member
                raise
            except FileNotFoundError as error:
                raise SourceChangedError("the object is gone since the run was planned") from error
            if size != page.source_bytes:
                raise SourceChangedError(
                    f"{size} bytes, but {page.source_bytes} when the run was planned"
                )
            yield Document(cast(BinaryIO, file), size, digest.hexdigest())

    def _parts(self, page: ExpectedPage) -> Iterator[bytes]:
        if self._fault is not None:
            raise self._fault
        if page.source_member is None and page.source_bytes <= READ_BYTES:
            yield storage.read_whole(self._uri, page.source_bytes, page.source_version)
            return
        self._refuse_replaced(page)
        if page.source_member is not None and page.member_offset is None:
            yield from self._unpacked(page)
            return
        start = page.member_offset or 0
        end = start + page.source_bytes
        for at in range(start, end, READ_BYTES):
            yield storage.read_bytes(self._uri, at, min(at + READ_BYTES, end), as_listed=True)

    def _refuse_replaced(self, page: ExpectedPage) -> None:
        if self._version is None:
            self._version = storage.version_of(self._uri)
        if page.source_version not in {"", self._version}:
            raise SourceChangedError("the object was replaced since the run was planned")

    def _unpacked(self, page: ExpectedPage) -> Iterator[bytes]:
        if self._archive is None:
            opened = storage.open_object(self._uri, as_listed=True)
            self._archive = self._opened.enter_context(opened)
        archive = self._archive
        try:
            yield from self._unpacked_from(archive, page)
        finally:
            if archive.lost is not None:  # whatever a decoder made of it
                raise archive.lost

    def _unpacked_from(self, archive: SeekableObject, page: ExpectedPage) -> Iterator[bytes]:
        if archive.lost is not None:
            return
        file = cast(BinaryIO, archive)
        self._media_type = self._media_type or sniff(file.read(HEAD_BYTES))
        size = file.seek(0, 2)
        yield from self._decoder.unpack(
            file, self._key, self._media_type, size, page.member_index, page.source_bytes
        )


def _append(file: BinaryIO, part: bytes) -> None:
    try:
        file.write(part)
    except OSError as error:  # of this machine, and of no page
        raise StorageError(f"a document cannot be held in a temporary file: {error}") from error
