"""The expected pages of a shard, read and decoded a little ahead of their use."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby

from ocr_tasks import storage
from ocr_tasks.archive.ahead import iterate_ahead
from ocr_tasks.archive.decode import failure_of, page_of, rasters_of
from ocr_tasks.archive.media import HEAD_BYTES, sniff
from ocr_tasks.archive.members import OpenArchive
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import PageError, SourceChangedError
from ocr_tasks.records import ExpectedPage, Page, PageFailure


def read_pages(expected: Sequence[ExpectedPage], spec: DecodeSpec) -> Iterator[Page | PageFailure]:
    """Every expected page with its pixels, or why it has none: one answer each, in order.

    A thread reads and decodes ``spec.ahead`` pages ahead.

    Raises:
        StorageError: the store did not answer; the shard is to be tried again.
    """
    yield from iterate_ahead(_read_in_order(expected, spec), spec.ahead)


def _read_in_order(
    expected: Sequence[ExpectedPage], spec: DecodeSpec
) -> Iterator[Page | PageFailure]:
    for uri, in_object in groupby(expected, key=lambda page: page.source_uri):
        with ExitStack() as opened:
            stored = _StoredSource(uri, opened)
            for _, pages in groupby(in_object, key=lambda page: page.source_id):
                yield from _read_source(stored, list(pages), spec)


class _StoredSource:
    """A stored object whose documents are read: itself, or the members of an archive."""

    def __init__(self, uri: str, opened: ExitStack) -> None:
        self._uri = uri
        self._opened = opened
        self._archive: OpenArchive | None = None
        self._version: str | None = None

    def read(self, page: ExpectedPage) -> bytes:
        """The bytes of the document ``page`` is of.

        Raises:
            PageError: it is gone, is not the object that was planned, or a damaged archive.
        """
        try:
            if page.source_version not in {"", self._version_now()}:
                raise SourceChangedError("the object was replaced since the run was planned")
            data = self._read(page)
        except FileNotFoundError as error:
            raise SourceChangedError("the object is gone since the run was planned") from error
        if len(data) != page.source_bytes:
            raise SourceChangedError(
                f"{len(data)} bytes, but {page.source_bytes} when the run was planned"
            )
        return data

    def _version_now(self) -> str:
        if self._version is None:
            self._version = storage.version_of(self._uri)
        return self._version

    def _read(self, page: ExpectedPage) -> bytes:
        if page.source_member is None:
            return storage.read_bytes(self._uri)
        if page.member_offset is not None:
            start = page.member_offset
            return storage.read_bytes(self._uri, start, start + page.source_bytes)
        if self._archive is None:
            file = self._opened.enter_context(storage.open_seekable(self._uri))
            media_type = sniff(file.read(HEAD_BYTES))
            file.seek(0)
            self._archive = OpenArchive(file, media_type)
        return self._archive.read(page.member_index)


def _read_source(
    stored: _StoredSource, pages: list[ExpectedPage], spec: DecodeSpec
) -> Iterator[Page | PageFailure]:
    """The pages of one document, whose bytes are read once."""
    wanted = []
    for page in pages:
        if page.error_class is None:
            wanted.append(page)
        else:
            yield PageFailure(page, "plan", page.error_class, page.error_message or "", False)
    if not wanted:
        return
    started = time.perf_counter()
    try:
        data = stored.read(wanted[0])
    except PageError as error:
        yield from (failure_of(page, error, None) for page in wanted)
        return
    read_ms = (time.perf_counter() - started) * 1000 / len(wanted)
    digest = hashlib.sha256(data).hexdigest()
    done = 0
    try:
        with rasters_of(data, wanted[0].media_type, spec) as raster_at:
            for page in wanted:
                try:
                    answer: Page | PageFailure = page_of(page, raster_at, digest, read_ms)
                except PageError as error:
                    answer = failure_of(page, error, digest)
                done += 1
                yield answer
    except PageError as error:  # the document cannot be opened: none of its pages was answered
        yield from (failure_of(page, error, digest) for page in wanted[done:])
