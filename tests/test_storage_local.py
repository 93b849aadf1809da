"""The door to local files: whole or not at all, for owner and group alone, and full disks."""

import errno
import os
import resource
import stat
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import SettingsError, StorageError


def create(folder, data=b"x"):
    return storage.create(str(folder / "pages/deep/x"), data, str(folder / "staging"))


def write(folder, data=b"x"):
    storage.write(str(folder / "pages/deep/x"), data)


WAYS = pytest.mark.parametrize("way", [create, write])


def files_below(folder):
    return [path for path in folder.rglob("*") if not path.is_dir()]


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    """Sets the process's umask for this test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@WAYS
@pytest.mark.parametrize(
    ("lax_or_strict", "file", "folder"),
    [
        pytest.param(0o000, 0o640, 0o750, id="none"),
        pytest.param(0o022, 0o640, 0o750, id="laxer"),
        pytest.param(0o027, 0o640, 0o750, id="equal"),
        pytest.param(0o077, 0o600, 0o700, id="stricter"),
    ],
)
def test_nobody_but_owner_and_group_can_read_what_is_written(
    way, lax_or_strict, file, folder, tmp_path, umask
):
    umask(lax_or_strict)
    way(tmp_path / "out")
    written = tmp_path / "out/pages/deep/x"
    assert mode_of(written) == file
    made = (written.parent, written.parent.parent, tmp_path / "out")
    assert {mode_of(path) for path in made} == {folder}


@WAYS
def test_a_folder_that_was_there_keeps_its_mode(way, tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages").chmod(0o775)
    way(tmp_path)
    assert mode_of(tmp_path / "pages") == 0o775


def test_no_reader_ever_sees_a_part_of_an_object(tmp_path):
    folder, size = tmp_path / "pages", 3_000_000
    folder.mkdir()
    seen, done = set(), threading.Event()

    def watch():
        while not done.is_set():
            seen.update(path.stat().st_size for path in folder.iterdir())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(10):
        uri = storage.absolute(str(folder / str(number)))
        assert storage.create(uri, bytes(size), str(tmp_path / "staging"))
    done.set()
    watcher.join()
    assert seen == {size}


def _in_little_room(way, folder):
    """Writes where no file may have more than 100,000 bytes; says what was told."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        way(folder, bytes(300_000))
    except StorageError as error:
        return type(error), error.code, str(error)
    return None


@WAYS
def test_where_there_is_no_room_nothing_is_left_behind(way, tmp_path):
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        told = alone.submit(_in_little_room, way, tmp_path).result(timeout=60)
    assert told is not None
    assert told[:2] == (StorageError, "E_IO")
    assert "no room left" in told[2]
    assert files_below(tmp_path) == []


@WAYS
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_at_once_and_leaves_nothing_behind(way, number, tmp_path, monkeypatch):
    tries = []

    def full(descriptor):
        tries.append(descriptor)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    for folder in ("pages/deep", "staging"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(StorageError, match="no room left"):
        way(tmp_path)
    assert len(tries) == 1
    assert files_below(tmp_path) == []


def test_what_stood_there_stands_when_it_cannot_be_replaced(tmp_path):
    write(tmp_path, b"old")
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        assert alone.submit(_in_little_room, write, tmp_path).result(timeout=60)
    (left,) = files_below(tmp_path)
    assert left.read_bytes() == b"old"


@WAYS
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_place_where_nothing_may_be_written_is_a_wrong_setting(
    way, number, tmp_path, monkeypatch
):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "mkdir", refuse)  # root may write everywhere
    with pytest.raises(SettingsError, match="cannot be written"):
        way(tmp_path / "out")


@WAYS
def test_a_file_in_the_place_of_a_folder_is_a_wrong_setting(way, tmp_path):
    (tmp_path / "pages").write_bytes(b"a file")
    with pytest.raises(SettingsError, match="cannot be written"):
        way(tmp_path)


@WAYS
def test_a_fault_of_the_moment_is_tried_again(way, tmp_path, monkeypatch, without_waits):
    synced, tries = os.fsync, []

    def fail_twice(descriptor):
        tries.append(descriptor)
        if len(tries) < 3:
            raise OSError(errno.EIO, "Input/output error")
        synced(descriptor)

    for folder in ("pages/deep", "staging"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", fail_twice)
    way(tmp_path, b"whole")
    (left,) = files_below(tmp_path)
    assert left.read_bytes() == b"whole"


def test_what_a_killed_writer_left_in_staging_harms_nobody(tmp_path):
    staging = tmp_path / "staging"
    staging.mkdir()
    for number in range(3):
        (staging / f".{number:016x}.part").write_bytes(b"half")
    assert create(tmp_path, b"whole")
    assert (tmp_path / "pages/deep/x").read_bytes() == b"whole"
    assert len(files_below(staging)) == 3
