"""What lies below a URL, object by object and in order, however many there are."""

import datetime
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ocr_tasks.errors import NoAccessError, SettingsError, StorageError, refuse_for_row
from ocr_tasks.faults import retried
from ocr_tasks.stores.filesystems import is_local, is_s3

VERSION_KEYS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")

Info = dict[str, Any]  # what fsspec says of an object


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing tells it.

    ``version`` changes when its bytes do; it is empty where the store keeps none. ``is_closed``
    marks a folder that may not be listed, so that nobody knows what lies in it, and ``fault``
    says why of a file nothing but its name is known.
    """

    uri: str
    size: int
    version: str
    is_regular: bool
    is_closed: bool = False
    fault: NoAccessError | StorageError | None = None


def objects_below(filesystem: Any, root: str, url: str) -> Iterator[StoredObject]:
    """Every object below the path ``root``, or the one that it names, sorted by URI.

    Folders, and the empty keys that stand for folders in S3, are no objects. A link that is
    named itself stands for the file it leads to; no other is followed. Raises as
    ``storage.list_objects``.
    """
    if is_local(filesystem) and os.path.islink(root) and not os.path.isdir(root):
        root = os.path.realpath(root)  # as no link is opened when the file is read
    if is_local(filesystem) and os.path.isdir(root):
        found = _below_folder(root, url)
    elif is_s3(filesystem):
        found = _below_prefix(filesystem, root, url)
    else:
        found = _as_fsspec_finds(filesystem, root, url)
    try:
        first = next(found, None)
        if first is not None:
            yield first
            yield from found
            return
        file = root if is_local(filesystem) else None
        info = retried(partial(filesystem.info, root), url, file)
    except FileNotFoundError as error:
        raise SettingsError(f"there is nothing at {url}") from error
    if info["type"] != "directory":
        yield _stored_object(filesystem, root, info)


def version_in(info: Info) -> str:
    """The version of an object of which fsspec says this."""
    # The time 0 is a version too.
    value = next((info[key] for key in VERSION_KEYS if info.get(key) not in (None, "")), "")
    # The same time is a number in one answer of a store and a datetime in another.
    return str(value.timestamp() if isinstance(value, datetime.datetime) else value)


def _stored_object(filesystem: Any, path: str, info: Info) -> StoredObject:
    return StoredObject(
        uri=filesystem.unstrip_protocol(path),
        size=int(info.get("size") or 0),
        version=version_in(info),
        is_regular=info["type"] == "file",
    )


def _below_folder(root: str, url: str) -> Iterator[StoredObject]:
    """All below a local folder, in the order of their paths; only one folder is held at a time."""
    waiting = _paths_in(root.rstrip("/") + "/", url)
    if waiting is None:
        raise SettingsError(f"{url} may not be listed")
    while waiting:
        path = waiting.pop()
        if not path.endswith("/"):
            yield from _file_at(path)
            continue
        inside = _paths_in(path, url)
        if inside is None:
            yield StoredObject("file://" + path.rstrip("/"), 0, "", False, is_closed=True)
        else:
            waiting += inside


def _paths_in(folder: str, url: str) -> list[str] | None:
    """The paths in a folder, the last first and folders with a slash; None if it is closed.

    With the slash a folder stands where the paths of its files stand among its neighbours.
    """

    def scan() -> list[str]:
        with os.scandir(folder) as entries:
            ends = (
                (entry, "/" if entry.is_dir(follow_symlinks=False) else "") for entry in entries
            )
            return sorted((folder + entry.name + end for entry, end in ends), reverse=True)

    try:
        return retried(scan, url)
    except NoAccessError:
        return None
    except FileNotFoundError:  # it was removed since its parent was listed
        return []


def _file_at(path: str) -> Iterator[StoredObject]:
    try:
        status = retried(partial(os.lstat, path), f"file://{path}", path)
    except FileNotFoundError:  # it was removed since its folder was listed
        return
    except (NoAccessError, StorageError) as error:  # as in a folder that may not be entered
        refuse_for_row(error)
        yield StoredObject(f"file://{path}", 0, "", True, fault=error)
        return
    is_regular, version = stat.S_ISREG(status.st_mode), version_in({"mtime": status.st_mtime})
    yield StoredObject(f"file://{path}", status.st_size, version, is_regular)


def _below_prefix(filesystem: Any, root: str, url: str) -> Iterator[StoredObject]:
    """All below a prefix in S3, which lists by the order of keys.

    Each answer of a thousand keys is asked for by itself, and asked for again where it was lost;
    s3fs would begin a listing of a million keys anew.
    """
    bucket, prefix, _ = filesystem.split_path(root)
    if not bucket:
        raise SettingsError(f"{url} names no bucket")
    asked = {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else ""}
    is_more = True
    while is_more:
        answer = retried(partial(filesystem.call_s3, "list_objects_v2", **asked), url)
        for info in answer.get("Contents", ()):
            path, size = f"{bucket}/{info['Key']}", info["Size"]
            if size or not path.endswith("/"):
                uri = filesystem.unstrip_protocol(path)
                yield StoredObject(uri, size, version_in(info), is_regular=True)
        is_more = answer["IsTruncated"]
        if is_more:
            asked["ContinuationToken"] = answer["NextContinuationToken"]


def _as_fsspec_finds(filesystem: Any, root: str, url: str) -> Iterator[StoredObject]:
    find = partial(filesystem.find, root, detail=True)
    found: dict[str, Info] = retried(find, url)
    if list(found) == [root]:  # a single object; some stores list it without its details
        return
    for path in sorted(found):
        info = found[path]
        if info.get("size") or not path.endswith("/"):
            yield _stored_object(filesystem, path, info)
