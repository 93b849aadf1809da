"""The expected pages of a shard, read and decoded a little ahead of their use."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby

from ocr_tasks.archive.ahead import iterate_ahead
from ocr_tasks.archive.decode import decode_page, failure_of
from ocr_tasks.archive.decoders import POOL, Decoder
from ocr_tasks.archive.documents import StoredSource, stored_uri
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import ROW_ERRORS, PageError, StorageError, refuse_for_row
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
    for uri, in_object in groupby(expected, key=stored_uri):
        with POOL.borrowed(spec) as decoder, ExitStack() as opened:
            source = StoredSource(uri, decoder, opened)
            for _, pages in groupby(in_object, key=lambda page: page.source_id):
                yield from _read_document(source, list(pages), decoder)


def _read_document(
    source: StoredSource, pages: list[ExpectedPage], decoder: Decoder
) -> Iterator[Page | PageFailure]:
    """The pages of one document, whose bytes are read once."""
    wanted = []
    for page in pages:
        if page.error_class is None:
            wanted.append(page)
        else:
            yield _failure_of_plan(page, page.error_class)
    if not wanted:
        return
    started = time.perf_counter()
    with ExitStack() as opened:
        try:
            document = opened.enter_context(source.document(wanted[0]))
        except (PageError, StorageError) as error:
            refuse_for_row(error)
            yield from (failure_of(page, error, None) for page in wanted)
            return
        read_ms = (time.perf_counter() - started) * 1000 / len(wanted)
        for page in wanted:
            yield decode_page(page, document, decoder, read_ms)


def _failure_of_plan(page: ExpectedPage, code: str) -> PageFailure:
    """The error that planning met, as it stands in the manifest."""
    retryable = ROW_ERRORS[code].retryable
    return PageFailure(page, "plan", code, page.error_message or "", retryable)
