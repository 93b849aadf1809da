"""Files that are open in a store while its requests are lost, or the object is replaced."""

import random
from contextlib import suppress
from uuid import uuid4

import pytest
import s3fs

from ocr_tasks import faults, storage
from ocr_tasks.errors import SourceChangedError, StorageError
from ocr_tasks.stores import filesystems
from tests.s3_faults import BROKEN, CUT, RESET

DATA = random.Random(7).randbytes(2_000_000)


@pytest.fixture
def uri(s3_endpoint, faulty, monkeypatch):
    """An object of many blocks, so that reading it takes many requests."""
    options = filesystems.S3_OPTIONS | {"default_block_size": 50_000}
    monkeypatch.setattr(filesystems, "S3_OPTIONS", options)
    return s3_endpoint.put(f"open-{uuid4().hex}", DATA)


def test_an_open_file_is_read_whole_though_every_other_request_is_lost(faulty, uri):
    faulty.share = 0.5
    with storage.open_seekable(uri) as file:
        assert b"".join(iter(lambda: file.read(10_000), b"")) == DATA
    assert faulty.injected.total() > 10


def test_an_open_file_is_read_at_any_place_though_requests_are_lost(faulty, uri):
    faulty.share, chance = 0.3, random.Random(8)
    with storage.open_seekable(uri) as file:
        for _ in range(60):
            place, length = chance.randrange(len(DATA)), chance.randrange(1, 100_000)
            file.seek(place)
            assert file.read(length) == DATA[place : place + length]
    assert faulty.injected.total() > 10


@pytest.mark.parametrize("kind", [BROKEN, RESET, CUT])
def test_what_is_lost_for_good_is_told_whatever_the_reader_makes_of_it(
    faulty, uri, kind, monkeypatch
):
    monkeypatch.setattr(faults, "ATTEMPTS", 3)

    def read_as_a_decoder_does():
        with storage.open_seekable(uri) as file:
            faulty.share, faulty.kinds = 1.0, [kind]
            with suppress(StorageError):
                file.read(100)
            faulty.share = 0.0
            assert file.read(100) == b""

    with pytest.raises(StorageError):
        read_as_a_decoder_does()


def test_an_object_replaced_while_it_is_read_is_told_and_its_parts_are_never_mixed(faulty, uri):
    read = []

    def read_twice():
        with storage.open_seekable(uri) as file:
            read.append(file.read(1_000))
            storage.write(uri, DATA[::-1])
            file.seek(1_500_000)
            read.append(file.read(1_000))

    with pytest.raises(SourceChangedError):
        read_twice()
    assert read == [DATA[:1_000]]


def test_an_object_removed_while_it_is_read_is_told(faulty, uri):
    def read_as_a_decoder_does():
        with storage.open_seekable(uri) as file:
            s3fs.S3FileSystem().rm(uri)
            file.seek(1_500_000)
            with suppress(FileNotFoundError):
                file.read(1_000)

    with pytest.raises(FileNotFoundError):
        read_as_a_decoder_does()


def test_an_answer_shorter_than_the_range_is_a_lost_request(faulty, uri, monkeypatch):
    fetch, cut = s3fs.S3File._fetch_range, []

    def cut_once(self, start, end):
        data = fetch(self, start, end)
        cut.append(start)
        return data[:10] if len(cut) == 1 else data

    monkeypatch.setattr(s3fs.S3File, "_fetch_range", cut_once)
    with storage.open_seekable(uri) as file:
        assert file.read(1_000) == DATA[:1_000]
    assert len(cut) == 2
