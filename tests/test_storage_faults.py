"""The door to an S3 that loses requests and cuts bodies: what is asked again, and how often."""

import logging
import random
from uuid import uuid4

import pytest
import s3fs

from ocr_tasks import faults, storage
from ocr_tasks.errors import SettingsError, SourceChangedError, StorageError
from ocr_tasks.stores.filesystems import resolve
from tests.s3_faults import BROKEN, CUT, KINDS, LOST, RESET, SLOW_DOWN
from tests.stores import names_at

DATA = random.Random(5).randbytes(300_000)


@pytest.fixture
def uri(s3_endpoint, faulty):
    """An object in a folder of its own."""
    return s3_endpoint.put(f"{uuid4().hex}/x", DATA)


def read_from_open_file(uri):
    with storage.open_seekable(uri) as file:
        return file.read()


def write(uri):
    storage.write(uri, b"new")
    return storage.read_bytes(uri) == b"new"


def create(uri):
    created = storage.create(uri + "2", b"new", uri + "-staging")
    return created, storage.read_bytes(uri + "2")


OPERATIONS = {
    "list": ("GET", lambda uri: names_at(uri.rsplit("/", 1)[0]), ["x"]),
    "version": ("HEAD", lambda uri: len(storage.version_of(uri).strip('"')), 32),
    "read": ("GET", storage.read_bytes, DATA),
    "read a range": ("GET", lambda uri: storage.read_bytes(uri, 7, 5_007), DATA[7:5_007]),
    "open": ("HEAD", read_from_open_file, DATA),
    "read an open file": ("GET", read_from_open_file, DATA),
    "is there": ("HEAD", storage.exists, True),
    "is not there": ("HEAD", lambda uri: storage.exists(uri + "2"), False),
    "names": ("GET", lambda uri: storage.names_in(uri.rsplit("/", 1)[0]), ["x"]),
    "write": ("PUT", write, True),
    "create": ("PUT", create, (True, b"new")),
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name, (method, _, _) in OPERATIONS.items()
        for kind in KINDS
        if kind != CUT or method == "GET"  # else there is no body to cut
    ],
)
def test_every_operation_outlives_every_fault(faulty, uri, name, kind):
    method, operation, expected = OPERATIONS[name]
    if kind == LOST and name == "create":
        expected = (False, b"new")  # its own object is in its way: who must know looks into it
    faulty.script(kind, method, uri.split("/")[-2])
    assert operation(uri) == expected
    assert faulty.injected == {kind: 1}


def test_three_of_ten_requests_may_fail(faulty, uri):
    folder, chance = uri.rsplit("/", 1)[0] + "/many", random.Random(6)
    faulty.share = 0.3
    blobs = {f"{number:03d}": chance.randbytes(chance.randrange(1, 40_000)) for number in range(60)}
    for name, data in blobs.items():
        storage.create(storage.join(folder, name), data, folder + "-staging")
        assert storage.exists(storage.join(folder, name))
    for item in storage.list_objects(folder):
        assert storage.read_whole(item.uri, item.size, item.version) == blobs.pop(item.uri[-3:])
    assert blobs == {}
    assert faulty.injected.total() > 50
    assert set(faulty.injected) == set(KINDS)


@pytest.mark.parametrize("kind", [BROKEN, SLOW_DOWN, RESET, CUT])
def test_a_fault_that_stays_ends_in_an_error_after_so_many_tries(faulty, uri, kind, monkeypatch):
    monkeypatch.setattr(faults, "ATTEMPTS", 4)
    faulty.share, faulty.kinds = 1.0, [kind]
    with pytest.raises(StorageError):
        storage.read_bytes(uri)
    # On a connection that was in use before, aiohttp makes a lost request once more by itself.
    assert faulty.injected[kind] in ({4, 5, 6, 7, 8} if kind == RESET else {4})


def test_an_answer_that_will_not_change_is_asked_for_once(faulty, uri):
    for ask in (
        lambda: storage.read_bytes(uri + "-absent"),
        lambda: storage.read_bytes(uri, 1_000_000, 1_000_001),
        lambda: storage.create(uri, b"second", uri + "-staging") or storage.read_bytes("s3://no/x"),
    ):
        faulty.passed.clear()
        with pytest.raises((FileNotFoundError, StorageError)):
            ask()
        assert faulty.passed["GET"] == 1
        assert faulty.passed["PUT"] <= 1


def test_pauses_grow_and_are_left_to_chance(faulty, uri, monkeypatch, caplog):
    monkeypatch.setattr(faults, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(faults, "LONGEST_WAIT", 0.016)
    faulty.share, faulty.kinds = 1.0, [BROKEN]
    pauses = []
    for _ in range(5):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "ocr_tasks"), pytest.raises(StorageError):
            storage.read_bytes(uri)
        pauses.append(
            [record.args[2] for record in caplog.records if record.name == faults.__name__]
        )
    assert {len(row) for row in pauses} == {faults.ATTEMPTS - 1}
    longest = [max(column) for column in zip(*pauses, strict=True)]
    assert all(pause <= 0.001 * 2**number for number, pause in enumerate(longest))
    assert max(longest) <= 0.016
    assert len({tuple(row) for row in pauses}) == 5


def test_every_retry_is_logged_without_a_secret(faulty, s3_endpoint, uri, monkeypatch, caplog):
    secret = "wJalrXUtnFEMIplanted"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_SESSION_TOKEN", secret)
    s3fs.S3FileSystem.clear_instance_cache()
    faulty.script(SLOW_DOWN, "GET", uri.split("/")[-2])
    faulty.script(CUT, "GET", uri.split("/")[-2])
    with caplog.at_level(logging.DEBUG, "ocr_tasks"):
        assert storage.read_bytes(uri) == DATA
    told = [record.getMessage() for record in caplog.records if record.name.startswith("ocr_tasks")]
    assert [message[:15] for message in told] == ["try 1 of 10 fai", "try 2 of 10 fai"]
    assert all(uri in message for message in told)
    assert secret not in caplog.text


def test_a_large_object_is_created_by_one_conditional_request(faulty, uri):
    large, staging = bytes(110_000_000), uri + "-staging"
    faulty.script(RESET, "PUT", "/large")
    assert storage.create(uri + "/large", large, staging)
    assert faulty.passed["PUT"] == 1
    assert not storage.create(uri + "/large", b"other", staging)
    assert faulty.passed["POST"] == 0
    assert storage.read_bytes(uri + "/large") == large


def test_a_listed_object_is_read_by_one_request(faulty, uri):
    (item,) = storage.list_objects(uri)
    faulty.passed.clear()
    assert storage.read_whole(uri, item.size, item.version) == DATA
    assert faulty.passed == {"GET": 1}


def test_an_object_that_was_replaced_is_told(faulty, s3_endpoint, uri):
    (item,) = storage.list_objects(uri)
    for other in (DATA[::-1], b"shorter"):
        storage.write(uri, other)
        with pytest.raises(SourceChangedError):
            storage.read_whole(uri, item.size, item.version)
    s3fs.S3FileSystem().rm(uri)
    with pytest.raises(FileNotFoundError):
        storage.read_whole(uri, item.size, item.version)


def test_an_object_that_came_in_parts_is_read_by_its_version(faulty, uri):
    filesystem = s3fs.S3FileSystem()
    filesystem.pipe_file(uri, DATA * 40, chunksize=6_000_000)
    (item,) = storage.list_objects(uri)
    assert "-" in item.version
    assert storage.read_whole(uri, item.size, item.version) == DATA * 40
    filesystem.pipe_file(uri, DATA[::-1] * 40, chunksize=6_000_000)
    with pytest.raises(SourceChangedError):
        storage.read_whole(uri, item.size, item.version)


def test_a_digest_that_is_none_is_outvoted_by_two_equal_reads(faulty, uri, monkeypatch):
    encrypted = '"' + "0" * 32 + '"'
    monkeypatch.setattr(storage, "version_in", lambda _: encrypted)  # as KMS has it
    faulty.passed.clear()
    assert storage.read_whole(uri, len(DATA), encrypted) == DATA
    assert faulty.passed == {"GET": 2, "HEAD": 1}


@pytest.mark.parametrize("damaged", [1, 3])
def test_bytes_damaged_on_the_way_are_read_again(faulty, uri, damaged, monkeypatch):
    filesystem, _ = resolve(uri)
    read, answers = filesystem.cat_file, []

    def damage_some(path):
        answers.append(read(path))
        return DATA[:-1] + bytes([len(answers)]) if len(answers) <= damaged else answers[-1]

    (item,) = storage.list_objects(uri)
    monkeypatch.setattr(filesystem, "cat_file", damage_some)
    assert storage.read_whole(uri, item.size, item.version) == DATA
    assert len(answers) > damaged


def test_a_place_where_nothing_may_be_put_is_a_wrong_setting(faulty):
    with pytest.raises(SettingsError):
        storage.create("s3://nobodys-bucket/x", b"x", "s3://nobodys-bucket/staging")
    assert faulty.passed == {"PUT": 1}
