"""The one door to stores: local files, S3, memory, whatever fsspec speaks."""

import errno
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec

from ocr_tasks.errors import NoAccessError, OcrTasksError, SettingsError, StorageError

VERSION_KEYS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")
NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG}
# What S3 says of a single object; expired or wrong credentials are no property of an object.
DENIED = {"AccessDenied", "AllAccessDisabled", "InvalidObjectState", "403"}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing tells it. ``version`` changes when its bytes do."""

    uri: str
    size: int
    version: str
    is_regular: bool


def absolute(url: str) -> str:
    """The URL with its scheme; a bare path becomes ``file://`` and absolute.

    Raises:
        SettingsError: no such scheme is known here.
    """
    if "://" not in url:
        return "file://" + os.path.abspath(os.path.expanduser(url))
    filesystem, path = _resolve(url)
    return cast(str, filesystem.unstrip_protocol(path))


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
    with _faults(url):
        try:
            found = filesystem.find(root, detail=True)
        except FileNotFoundError:
            found = {}
        if not found and not filesystem.exists(root):
            raise SettingsError(f"there is nothing at {url}")
        if list(found) == [root]:  # a single object; some stores list it without its details
            found = {root: filesystem.info(root)}
    for path in sorted(found):
        info = found[path]
        if path.endswith("/") and not info.get("size"):
            continue
        version = next((str(info[key]) for key in VERSION_KEYS if info.get(key)), "")
        yield StoredObject(
            uri=filesystem.unstrip_protocol(path),
            size=int(info.get("size") or 0),
            version=version,
            is_regular=info["type"] == "file",
        )


def read_bytes(uri: str, start: int | None = None, end: int | None = None) -> bytes:
    """The bytes of an object, or those from ``start`` up to ``end``.

    Raises:
        FileNotFoundError: there is no such object.
        NoAccessError: the store will not give it.
        StorageError: the store did not answer.
    """
    filesystem, path = _resolve(uri)
    with _faults(uri):
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
    with _faults(uri):
        file = filesystem.open(path, "rb")
    with file:
        guarded = _GuardedFile(file, uri)
        try:
            yield cast(BinaryIO, guarded)
        finally:
            if guarded.lost is not None:
                raise guarded.lost


class _GuardedFile(io.RawIOBase):
    """A stored object that is being read. It remembers that a request was lost.

    Whoever reads a damaged document catches what a decoder raises, so a lost request would pass
    for damage; ``open_seekable`` raises it once more.
    """

    def __init__(self, file: Any, uri: str) -> None:
        super().__init__()
        self.lost: StorageError | None = None
        self._file = file
        self._uri = uri

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return cast(int, self._file.tell())

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        with self._remembered():
            return cast(int, self._file.seek(offset, whence))

    def readinto(self, buffer: Any, /) -> int:
        with self._remembered():
            return cast(int, self._file.readinto(buffer))

    @contextmanager
    def _remembered(self) -> Iterator[None]:
        if self.lost is not None:  # pdfium goes on asking; the answer would take long each time
            raise self.lost
        try:
            with _faults(self._uri):
                yield
        except StorageError as error:
            self.lost = error
            raise


def exists(uri: str) -> bool:
    """Whether there is an object."""
    filesystem, path = _resolve(uri)
    with _faults(uri):
        return bool(filesystem.exists(path))


def names_in(url: str) -> list[str]:
    """The names of the objects directly in a folder, sorted; none where there is no folder."""
    filesystem, path = _resolve(url)
    with _faults(url):
        try:
            entries = filesystem.ls(path, detail=False)
        except FileNotFoundError:
            return []
    return sorted(entry.rstrip("/").rsplit("/", 1)[-1] for entry in entries)


def write(uri: str, data: bytes) -> None:
    """Writes an object, replacing what was there."""
    filesystem, path = _resolve(uri)
    with _faults(uri):
        if "file" in _protocols(filesystem):  # elsewhere it might make a bucket
            filesystem.makedirs(filesystem._parent(path), exist_ok=True)
        with _known_bucket(uri):
            filesystem.pipe_file(path, data)


def create(uri: str, data: bytes, staging: str) -> bool:
    """Writes a whole object if and only if there is none of that name; says whether it did.

    Nobody ever sees a part of it: local files are staged in the folder ``staging`` on the same
    disk and then hard-linked to their name, S3 gets one conditional PUT.
    """
    filesystem, path = _resolve(uri)
    with _faults(uri):
        if "file" in _protocols(filesystem):
            return _create_local(Path(path), data, Path(_resolve(staging)[1]))
        try:
            with _known_bucket(uri):
                filesystem.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        return True


def _create_local(path: Path, data: bytes, staging: Path) -> bool:
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
    except FileExistsError:
        return False
    finally:
        os.unlink(staged)
    _sync_folder(path.parent)
    return True


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


@contextmanager
def _faults(uri: str) -> Iterator[None]:
    """Turns what stores raise into our errors; an absent object stays FileNotFoundError."""
    try:
        yield
    except (OcrTasksError, FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        kind = NoAccessError if _is_denied(error) else StorageError
        raise kind(f"{uri}: {error}") from error
    except Exception as error:  # clients have errors of their own, as botocore without a network
        raise StorageError(f"{uri}: {error}") from error


def _is_denied(error: OSError) -> bool:
    """Whether the store has the object but will not give it."""
    if isinstance(error, PermissionError) and error.errno is None:  # an answer of S3
        answer = getattr(error.__cause__, "response", {})
        return answer.get("Error", {}).get("Code", "AccessDenied") in DENIED
    return error.errno in NO_ACCESS


@contextmanager
def _known_bucket(uri: str) -> Iterator[None]:
    """Says what it means when an object cannot be written since something is not found."""
    try:
        yield
    except FileNotFoundError as error:
        raise SettingsError(f"{uri}: there is no such bucket ({error})") from error
