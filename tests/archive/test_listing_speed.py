"""How objects are looked into: by one thread where the store answers at once, else by many."""

import threading
import time
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.archive import listing
from ocr_tasks.archive.listing import LOOKERS, SHARE, list_pages
from tests import makers
from tests.archive.decoding import SPEC

PICTURE = makers.jpeg(makers.draw_page(width=160))
FILES = {f"{number:04d}.jpg": PICTURE for number in range(SHARE * (LOOKERS + 4))}


def readers_of(folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[int]:
    """The threads that read each object's head, of a store that takes so long for each.

    What is listed is in order and whole.
    """
    url = makers.fill_folder(folder, FILES)
    read, readers = storage.read_bytes, []

    def slowly(uri: str, start: int, end: int, as_listed: bool) -> bytes:
        readers.append(threading.get_ident())
        time.sleep(seconds)
        return read(uri, start, end, as_listed)

    monkeypatch.setattr(storage, "read_bytes", slowly)
    names = [page.source_uri.rsplit("/", 1)[1] for page in list_pages(url, SPEC)]
    assert names == sorted(FILES)
    return readers


def test_a_store_that_answers_at_once_is_looked_into_by_this_thread_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SLOW_SHARE", 60.0)  # whatever else this machine does
    assert set(readers_of(tmp_path, monkeypatch, 0.0)) == {threading.get_ident()}


def test_a_store_that_takes_its_time_is_looked_into_by_many_threads_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = readers_of(tmp_path, monkeypatch, 0.002)
    assert readers[:SHARE] == [threading.get_ident()] * SHARE
    assert threading.get_ident() not in readers[SHARE:]
    assert len(set(readers[SHARE:])) == LOOKERS
