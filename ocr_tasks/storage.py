"""The one door to stores: local files, S3, memory, whatever fsspec speaks."""

import datetime
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec

from ocr_tasks.errors import SettingsError
from ocr_tasks.faults import GuardedFile, store_faults, writing_faults

VERSION_KEYS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")


Listing = dict[str, dict[str, Any]]  # path to what fsspec says of the object


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing tells it.

    ``version`` changes when its bytes do; it is empty where the store keeps none. ``is_closed``
    marks a folder that may not be listed, so that nobody knows what lies in it.
    """

    uri: str
    size: int
    version: str
    is_regular: bool
    is_closed: bool = False


def absolute(url: str) -> str:
    """The URL with its scheme; a bare path becomes ``file://`` and absolute.

    Raises:
        SettingsError: no such scheme is known here.
    """
    if "://" not in url:
        return "file://" + os.path.abspath(os.path.expanduser(url))
    filesystem, path = _resolve(url)
    return cast(str, filesystem.unstrip_protocol(path))


def is_of_this_process(url: str) -> bool:
    """Whether no other process sees what is stored there."""
    return url.startswith("memory://")


def join(url: str, *parts: str) -> str:
    """The URL of something below ``url``."""
    return "/".join([url.rstrip("/"), *parts])


def list_objects(url: str) -> Iterator[StoredObject]:
    """Every object at or below ``url``, recursively, sorted by URI.

    Folders, and the empty keys that stand for folders in S3, are no objects. Links, pipes and
    devices are listed as not regular and must not be opened.

    Raises:
        SettingsError: there is nothing at ``url``.
        StorageError: the store did not answer.
    """
    filesystem, root = _resolve(url)
    closed: list[str] = []
    with store_faults(url):
        try:
            found = _find(filesystem, root, closed)
        except FileNotFoundError:
            found = {}
        if root in closed:
            raise SettingsError(f"{url} may not be listed")
        if not found and not filesystem.exists(root):
            raise SettingsError(f"there is nothing at {url}")
        if list(found) == [root]:  # a single object; some stores list it without its details
            found = {root: filesystem.info(root)}
    for path in sorted([*found, *closed]):
        if path in closed:
            yield StoredObject(filesystem.unstrip_protocol(path), 0, "", False, is_closed=True)
            continue
        info = found[path]
        if path.endswith("/") and not info.get("size"):
            continue
        yield StoredObject(
            uri=filesystem.unstrip_protocol(path),
            size=int(info.get("size") or 0),
            version=_version(info),
            is_regular=info["type"] == "file",
        )


def _find(filesystem: Any, root: str, closed: list[str]) -> Listing:
    """Everything below ``root``. Local folders that may not be listed are noted in ``closed``.

    fsspec's own ``find`` leaves such folders out without a word, and all that is in them.
    """
    if "file" not in _protocols(filesystem) or not filesystem.isdir(root):
        return cast(Listing, filesystem.find(root, detail=True))
    found: Listing = {}
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = filesystem.ls(folder, detail=True)
        except PermissionError:
            closed.append(folder)
            continue
        folders += [info["name"] for info in entries if info["type"] == "directory"]
        found |= {info["name"]: info for info in entries if info["type"] != "directory"}
    return found


def version_of(uri: str) -> str:
    """The object's version as it is now, to be compared with a listing's.

    Raises:
        FileNotFoundError: there is no such object.
        StorageError: the store did not answer.
    """
    filesystem, path = _resolve(uri)
    with store_faults(uri):
        return _version(filesystem.info(path))


def _version(info: dict[str, Any]) -> str:
    value = next((info[key] for key in VERSION_KEYS if info.get(key)), "")
    # The same time is a number in one answer of a store and a datetime in another.
    return str(value.timestamp() if isinstance(value, datetime.datetime) else value)


def read_bytes(uri: str, start: int | None = None, end: int | None = None) -> bytes:
    """The bytes of an object, or those from ``start`` up to ``end``.

    Raises:
        FileNotFoundError: there is no such object.
        NoAccessError: the store will not give it.
        StorageError: the store did not answer.
    """
    filesystem, path = _resolve(uri)
    with store_faults(uri):
        return cast(bytes, filesystem.cat_file(path, start=start, end=end))


@contextmanager
def open_seekable(uri: str) -> Iterator[BinaryIO]:
    """The object as a seekable file; remote stores fetch only the ranges that are read.

    Raises:
        FileNotFoundError: there is no such object.
        NoAccessError: the store will not give it.
        StorageError: the store did not answer, now or while the file was read.
    """
    filesystem, path = _resolve(uri)
    with store_faults(uri):
        file = filesystem.open(path, "rb")
    with file:
        guarded = GuardedFile(file, uri)
        try:
            yield cast(BinaryIO, guarded)
        finally:
            if guarded.lost is not None:
                raise guarded.lost


def exists(uri: str) -> bool:
    """Whether there is an object."""
    filesystem, path = _resolve(uri)
    with store_faults(uri):
        return bool(filesystem.exists(path))


def names_in(url: str) -> list[str]:
    """The names of the objects directly in a folder, sorted; none where there is no folder."""
    filesystem, path = _resolve(url)
    with store_faults(url):
        try:
            entries = filesystem.ls(path, detail=False)
        except FileNotFoundError:
            return []
    return sorted(entry.rstrip("/").rsplit("/", 1)[-1] for entry in entries)


def write(uri: str, data: bytes) -> None:
    """Writes an object, replacing what was there.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: the store did not answer.
    """
    filesystem, path = _resolve(uri)
    with writing_faults(uri):
        if "file" in _protocols(filesystem):  # elsewhere it might make a bucket
            filesystem.makedirs(filesystem._parent(path), exist_ok=True)
        filesystem.pipe_file(path, data)


def create(uri: str, data: bytes, staging: str) -> bool:
    """Writes a whole object if and only if there is none of that name; says whether it did.

    Nobody ever sees a part of it: local files are staged in the folder ``staging`` on the same
    disk and then hard-linked to their name, S3 gets one conditional PUT.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: the store did not answer.
    """
    filesystem, path = _resolve(uri)
    with writing_faults(uri):
        try:
            if "file" in _protocols(filesystem):
                _create_local(Path(path), data, Path(_resolve(staging)[1]))
            else:
                filesystem.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
    return True


def _create_local(path: Path, data: bytes, staging: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staging.mkdir(parents=True, exist_ok=True)
    descriptor, staged = tempfile.mkstemp(prefix=path.name + ".", dir=staging)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(staged, 0o644)
        os.link(staged, path)
    finally:
        os.unlink(staged)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a new name in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _resolve(url: str) -> tuple[Any, str]:
    """The file system of a URL and the path on it. Names with ``::`` or ``*`` mean themselves."""
    protocol = url.split("://", 1)[0] if "://" in url else "file"
    options = {"use_listings_cache": False} if protocol in {"s3", "s3a"} else {}
    try:
        filesystem = fsspec.filesystem(protocol, **options)
    except (ValueError, ImportError) as error:
        raise SettingsError(f"{url}: {error}") from error
    return filesystem, filesystem._strip_protocol(url)


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
