"""The one door to stores: local files, S3, memory, whatever fsspec speaks."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from ocr_tasks.errors import SourceChangedError, StorageError
from ocr_tasks.faults import retried, writing_faults
from ocr_tasks.stores import local
from ocr_tasks.stores.filesystems import is_local, resolve
from ocr_tasks.stores.filesystems import refuse_other_schemes as refuse_other_schemes
from ocr_tasks.stores.listing import Info, objects_below, version_in
from ocr_tasks.stores.listing import StoredObject as StoredObject
from ocr_tasks.stores.seekable import SeekableObject
from ocr_tasks.stores.uploads import in_one_request, upload

MD5 = re.compile(r'"?([0-9a-f]{32})"?')  # the ETag of an object that came by one plain PUT


def absolute(url: str) -> str:
    """The URL with its scheme; a bare path becomes ``file://`` and absolute.

    Raises:
        SettingsError: no such scheme is known here.
    """
    if "://" not in url:
        return "file://" + os.path.abspath(os.path.expanduser(url))
    filesystem, path = resolve(url)
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
    filesystem, root = resolve(url)
    yield from objects_below(filesystem, root, url)


def version_of(uri: str) -> str:
    """The object's version as it is now, to be compared with a listing's.

    Raises:
        FileNotFoundError: there is no such object.
        StorageError: the store did not answer.
    """
    filesystem, path = resolve(uri)
    file = path if is_local(filesystem) else None
    return retried(lambda: version_in(filesystem.info(path)), uri, file)


def read_bytes(
    uri: str, start: int | None = None, end: int | None = None, as_listed: bool = False
) -> bytes:
    """The bytes of an object, or those from ``start`` up to ``end``.

    A body that ends before its announced length is a lost request, and asked for again. What is
    read ``as_listed`` was a regular file, and has to be one yet.

    Raises:
        FileNotFoundError: there is no such object.
        NoAccessError: the store will not give it.
        SourceChangedError: it is no regular file any more.
        StorageError: the store did not answer.
    """
    filesystem, path = resolve(uri)
    if is_local(filesystem):
        file = path if as_listed else None
        return retried(lambda: local.read(path, start, end, as_listed), uri, file)
    return cast(bytes, retried(lambda: filesystem.cat_file(path, start=start, end=end), uri))


def read_whole(uri: str, size: int, version: str) -> bytes:
    """The bytes of the object that a listing told of, by its ``size`` and ``version``.

    If the version is the digest of the bytes, as that of most objects in S3, one request is all.

    Raises:
        FileNotFoundError: there is no such object.
        NoAccessError: the store will not give it.
        SourceChangedError: the object is another one now.
        StorageError: the store did not answer, or never with the same bytes.
    """
    filesystem, path = resolve(uri)
    if is_local(filesystem):
        return retried(lambda: _read_file(path, size, version), uri, path)
    digest = MD5.fullmatch(version)

    def read() -> bytes:
        if not digest:
            _refuse_replaced(filesystem, path, version)
        data = cast(bytes, filesystem.cat_file(path))
        if digest and len(data) == size and _md5(data) == digest[1]:
            return data
        if digest:
            _refuse_replaced(filesystem, path, version)
        if len(data) != size:
            raise SourceChangedError(f"{len(data)} bytes, but {size} when the run was planned")
        # That of an object encrypted by KMS looks like a digest and is none.
        if digest and filesystem.cat_file(path) != data:
            raise StorageError(f"{uri}: two reads of one object gave different bytes")
        return data

    return retried(read, uri)


def _read_file(path: str, size: int, version: str) -> bytes:
    with local.open_regular(path) as file:
        data = file.read(size + 1)
        status = os.fstat(file.fileno())  # once all is read: it may be written to meanwhile
    _refuse_other(version, {"mtime": status.st_mtime})
    if len(data) != size:
        raise SourceChangedError(f"{status.st_size} bytes, but {size} when the run was planned")
    return data


def _refuse_replaced(filesystem: Any, path: str, version: str) -> None:
    _refuse_other(version, filesystem.info(path))


def _refuse_other(version: str, info: Info) -> None:
    if version not in {"", version_in(info)}:
        raise SourceChangedError("the object was replaced since the run was planned")


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def open_object(uri: str, as_listed: bool = False) -> SeekableObject:
    """As ``open_seekable``; what could not be read ``lost`` says, and whoever opens it closes it.

    Raises:
        FileNotFoundError: there is no such object.
        NoAccessError: the store will not give it.
        SourceChangedError: it is no regular file any more.
        StorageError: the store did not answer.
    """
    filesystem, path = resolve(uri)

    def open_file() -> Any:
        if as_listed and is_local(filesystem):
            return local.open_regular(path)
        return filesystem.open(path, "rb")

    file = path if as_listed and is_local(filesystem) else None
    return SeekableObject(retried(open_file, uri, file), open_file, uri, file)


@contextmanager
def open_seekable(uri: str, as_listed: bool = False) -> Iterator[BinaryIO]:
    """The object as a seekable file; remote stores fetch only the ranges that are read.

    What is opened ``as_listed`` was a regular file, and has to be one yet.

    Raises:
        FileNotFoundError: there is no such object.
        NoAccessError: the store will not give it.
        SourceChangedError: the object was replaced while it was read, or is no regular file.
        StorageError: the store did not answer, now or while the file was read.
    """
    with open_object(uri, as_listed) as file:
        try:
            yield cast(BinaryIO, file)
        finally:
            if file.lost is not None:
                raise file.lost


def exists(uri: str) -> bool:
    """Whether there is an object."""
    filesystem, path = resolve(uri)
    try:
        retried(lambda: filesystem.info(path), uri)  # `exists` takes some faults for an answer
    except FileNotFoundError:
        return False
    return True


def names_in(url: str) -> list[str]:
    """The names of the objects directly in a folder, sorted; none where there is no folder."""
    filesystem, path = resolve(url)
    try:
        entries = retried(lambda: filesystem.ls(path, detail=False), url)
    except FileNotFoundError:
        return []
    return sorted(entry.rstrip("/").rsplit("/", 1)[-1] for entry in entries)


def write(uri: str, data: bytes) -> None:
    """Writes a whole object, replacing what was there.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: the store did not answer, or has no room.
    """
    filesystem, path = resolve(uri)
    with writing_faults(uri):
        if is_local(filesystem):
            retried(lambda: local.replace(Path(path), data), uri)
        else:
            retried(lambda: filesystem.pipe_file(path, data, **in_one_request(filesystem)), uri)


def create(uri: str, data: bytes, staging: str) -> bool:
    """Writes a whole object if and only if there is none of that name; says whether it did.

    Nobody ever sees a part of it: local files are staged in the folder ``staging`` on the same
    disk and then hard-linked to their name, S3 gets one conditional PUT. If the answer to that
    is lost and it is sent again, it finds its own object and says no: whoever must know whose
    object stands there reads it.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: the store did not answer, or has no room.
    """
    filesystem, path = resolve(uri)

    def attempt() -> None:
        if is_local(filesystem):
            local.create(Path(path), data, Path(resolve(staging)[1]))
        else:
            filesystem.pipe_file(path, data, mode="create", **in_one_request(filesystem))

    return _is_first(attempt, uri)


def create_from(uri: str, source: BinaryIO, staging: str) -> bool:
    """As ``create``, for what the seekable file ``source`` holds, which may be too large to hold.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: the store did not answer, or has no room.
    """
    filesystem, path = resolve(uri)

    def attempt() -> None:
        source.seek(0)
        if is_local(filesystem):
            local.create_from(Path(path), source, Path(resolve(staging)[1]))
        elif is_of_this_process(uri):
            filesystem.pipe_file(path, source.read(), mode="create")
        else:
            upload(source, filesystem, path)

    return _is_first(attempt, uri)


def remove(uri: str) -> None:
    """Removes an object; where there is none, nothing.

    Raises:
        SettingsError: nothing may be removed there.
        StorageError: the store did not answer.
    """
    filesystem, path = resolve(uri)
    with writing_faults(uri), suppress(FileNotFoundError):
        if is_local(filesystem):
            retried(lambda: local.remove(Path(path)), uri)
        else:
            retried(lambda: filesystem.rm_file(path), uri)


def _is_first(create: Callable[[], None], uri: str) -> bool:
    """Creates an object; says whether there was none before."""
    with writing_faults(uri):
        try:
            retried(create, uri)
        except FileExistsError:
            return False
    return True
