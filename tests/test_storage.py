"""The one door to stores, of every kind: local files, memory, and S3 over HTTP."""

import errno
import os
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import NoAccessError, SettingsError
from tests.makers import fill_folder
from tests.stores import ODD_NAMES, S3_NAMES, names_at


@pytest.fixture(params=["local", "memory", "s3"])
def store(request, tmp_path):
    """The URL of an empty folder in each kind of store."""
    if request.param == "local":
        return storage.absolute(str(tmp_path / "store"))
    if request.param == "memory":
        return request.getfixturevalue("memory_url")
    endpoint = request.getfixturevalue("s3_endpoint")
    return endpoint.uri(request.node.name.replace("[", "-").replace("]", ""))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_means_itself(store, name):
    uri = storage.join(store, name)
    storage.write(uri, name.encode())
    storage.write(storage.join(store, "other.txt"), b"other")
    assert storage.read_bytes(uri) == name.encode()
    assert storage.exists(uri)
    with storage.open_seekable(uri) as file:
        assert file.read() == name.encode()
    assert sorted(names_at(store)) == sorted([name, "other.txt"])
    (alone,) = storage.list_objects(uri)
    assert (alone.uri, alone.size) == (uri, len(name.encode()))


def test_everything_below_is_listed_once_in_the_order_of_uris(store):
    names = ["b", "a/2", "a/1", "a/b/c/d", "a.txt", "a b", "Z"]
    for name in names:
        storage.write(storage.join(store, name), b"12345")
    found = list(storage.list_objects(store))
    assert [item.uri for item in found] == sorted(storage.join(store, name) for name in names)
    assert {(item.size, item.is_regular) for item in found} == {(5, True)}


def test_a_folder_does_not_list_its_neighbour_of_a_longer_name(store):
    storage.write(storage.join(store, "scans/a"), b"1")
    storage.write(storage.join(store, "scans2/b"), b"1")
    storage.write(storage.join(store, "scans.txt"), b"1")
    assert names_at(storage.join(store, "scans")) == ["a"]


def test_nothing_at_all_is_refused(store):
    with pytest.raises(SettingsError, match="nothing at"):
        list(storage.list_objects(storage.join(store, "absent")))


def test_a_version_changes_with_the_bytes_and_only_then(store):
    uri = storage.join(store, "x")

    def version():
        (item,) = storage.list_objects(store)
        return item.version

    storage.write(uri, b"one")
    first = version()
    assert first
    assert version() == first
    storage.write(uri, b"two")
    assert version() != first


def test_ranges_are_read_from_start_up_to_end(store):
    uri = storage.join(store, "x")
    storage.write(uri, b"0123456789")
    assert storage.read_bytes(uri, 0, 4) == b"0123"
    assert storage.read_bytes(uri, 3, 7) == b"3456"
    assert storage.read_bytes(uri, 8, 50) == b"89"


def test_an_open_file_seeks_from_all_three_places(store):
    uri = storage.join(store, "x")
    storage.write(uri, bytes(range(200)))
    with storage.open_seekable(uri) as file:
        assert file.seek(-10, os.SEEK_END) == 190
        assert file.read() == bytes(range(190, 200))
        assert file.seek(20) == 20
        assert file.read(5) == bytes(range(20, 25))
        assert file.seek(5, os.SEEK_CUR) == file.tell() == 30
        assert file.read(1) == b"\x1e"
        buffer = bytearray(4)
        assert file.readinto(buffer) == 4
        assert bytes(buffer) == bytes(range(31, 35))
        file.seek(500)
        assert file.read(3) == b""


def test_an_object_that_is_not_there_is_not_found(store):
    uri = storage.join(store, "absent")
    assert not storage.exists(uri)
    with pytest.raises(FileNotFoundError):
        storage.read_bytes(uri)
    with pytest.raises(FileNotFoundError), storage.open_seekable(uri):
        pass


def test_the_names_directly_in_a_folder(store):
    for name in ("b", "a", "sub/c"):
        storage.write(storage.join(store, name), b"x")
    assert storage.names_in(store) == ["a", "b", "sub"]
    assert storage.names_in(storage.join(store, "absent")) == []


def test_writing_replaces_what_was_there(store):
    uri = storage.join(store, "deep/er/x")
    storage.write(uri, b"a long first text")
    storage.write(uri, b"short")
    assert storage.read_bytes(uri) == b"short"


@pytest.mark.parametrize("name", ["a.txt", "[x]*.txt", "sub/a.txt"])
def test_an_object_that_is_removed_is_gone_and_its_neighbours_stay(store, name):
    for each in (name, "x.txt", f"{name}.bak"):
        storage.write(storage.join(store, each), b"1")
    for _ in range(2):  # what is gone already is no fault
        storage.remove(storage.join(store, name))
    assert sorted(names_at(store)) == sorted(["x.txt", f"{name}.bak"])


def test_an_object_is_created_only_once(store):
    uri, staging = storage.join(store, "pages/x"), storage.join(store, "staging")
    assert storage.create(uri, b"first", staging)
    assert not storage.create(uri, b"second", staging)
    assert storage.read_bytes(uri) == b"first"
    assert names_at(store) == ["pages/x"]  # nothing is left in staging


@pytest.mark.parametrize("name", S3_NAMES)
def test_any_name_can_be_created(store, name):
    uri, staging = storage.join(store, "pages", name), storage.join(store, "staging")
    assert storage.create(uri, b"x", staging)
    assert not storage.create(uri, b"y", staging)
    assert names_at(storage.join(store, "pages")) == [name]


def race(uri, staging, writers, size):
    """Lets so many threads create one object at once; returns who won, and what stood then."""
    ready = threading.Barrier(writers)

    def write(number):
        ready.wait(timeout=30)
        return storage.create(uri, bytes([number]) * size, staging)

    with ThreadPoolExecutor(writers) as threads:
        won = list(threads.map(write, range(writers)))
    return [number for number in range(writers) if won[number]]


@pytest.mark.parametrize("kind", ["local", "s3"])
def test_of_eight_racing_writers_exactly_one_wins_and_its_bytes_stand(kind, tmp_path, request):
    if kind == "local":
        root = storage.absolute(str(tmp_path))
    else:
        root = request.getfixturevalue("s3_endpoint").uri("race")
    for attempt in range(6):
        uri, staging = storage.join(root, f"pages/{attempt}"), storage.join(root, "staging")
        winners = race(uri, staging, writers=8, size=100_000)
        assert len(winners) == 1
        assert storage.read_bytes(uri) == bytes(winners) * 100_000
    assert len(names_at(root)) == 6  # and staging is empty


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        pytest.param("/data/in", "file:///data/in", id="an absolute path"),
        pytest.param("/data/../in/", "file:///in", id="a path with dots"),
        pytest.param("scans", f"file://{Path.cwd()}/scans", id="a relative path"),
        pytest.param("~/scans", f"file://{Path.home()}/scans", id="a path below home"),
        pytest.param("/odd::name [x]*", "file:///odd::name [x]*", id="an odd path"),
        pytest.param("file:///data/in", "file:///data/in", id="a file URL"),
        pytest.param("local:///data/in", "file:///data/in", id="a file URL by another name"),
        pytest.param("s3://bucket/scans", "s3://bucket/scans", id="an S3 URL"),
        pytest.param("s3a://bucket/scans", "s3://bucket/scans", id="an S3 URL as Hadoop has it"),
        pytest.param("memory://scans", "memory:///scans", id="a memory URL"),
    ],
)
def test_a_url_is_made_whole_once_and_for_all(url, whole):
    assert storage.absolute(url) == whole
    assert storage.absolute(whole) == whole


def test_an_unknown_scheme_is_a_wrong_setting():
    with pytest.raises(SettingsError, match="nosuch"):
        storage.absolute("nosuch://a/b")


def test_a_folder_is_no_object_that_can_be_read(tmp_path):
    with pytest.raises(NoAccessError):
        storage.read_bytes(str(tmp_path))


def test_links_pipes_and_what_they_lead_to_are_not_regular(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "broken").symlink_to(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    regular = {
        item.uri.rsplit("/", 1)[1]: item.is_regular for item in storage.list_objects(str(tmp_path))
    }
    assert regular == {"file": True, "link": False, "broken": False, "pipe": False}


@pytest.fixture
def without_remains(tmp_path):
    """Removes what lies deeper than shutil.rmtree goes, which pytest would use, and break off."""
    yield
    subprocess.run(["rm", "-r", tmp_path], check=True)


@pytest.mark.usefixtures("without_remains")
def test_a_deep_tree_is_listed_in_the_order_of_its_paths(tmp_path):
    deep = tmp_path / "/".join(["d"] * 1_200)
    for folder in (*reversed(deep.parents), deep):
        folder.mkdir(exist_ok=True)
    for name in ("a", "e", "d.txt", "d!"):
        (tmp_path / name).touch()
    (deep / "x").touch()
    found = [
        item.uri.removeprefix(f"file://{tmp_path}/") for item in storage.list_objects(str(tmp_path))
    ]
    assert found == ["a", "d!", "d.txt", "d/" * 1_200 + "x", "e"]


def test_what_vanishes_while_a_folder_is_listed_is_left_out(tmp_path):
    url = fill_folder(tmp_path, {"a": b"1", "b/x": b"2", "c": b"3", "d": b"4"})
    found = storage.list_objects(url)
    assert next(found).uri.endswith("/a")
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "c").unlink()
    assert [item.uri for item in found] == [f"{url}/d"]


def test_an_empty_folder_has_no_objects(tmp_path):
    assert list(storage.list_objects(str(tmp_path))) == []


def test_a_folder_that_may_not_be_listed_is_told_and_the_rest_is_listed(tmp_path, monkeypatch):
    url = fill_folder(tmp_path, {"a/x": b"1", "closed/y": b"2", "z": b"3"})
    listed = os.scandir

    def refuse_closed(path):
        if path.rstrip("/").endswith("/closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse_closed)  # root may list everything
    found = {item.uri.rsplit("/", 1)[-1]: item.is_closed for item in storage.list_objects(url)}
    assert found == {"x": False, "closed": True, "z": False}
    with pytest.raises(SettingsError, match="may not be listed"):
        list(storage.list_objects(f"{url}/closed"))
