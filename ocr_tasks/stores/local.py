"""Local files: read, and written whole or not at all, for their owner and group alone."""

import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

from ocr_tasks.errors import SourceChangedError

# As under umask 027, however lax this process's own is; a stricter one is kept to.
FILE_MODE = 0o640
FOLDER_MODE = 0o750


NOT_REGULAR = {errno.ELOOP, errno.ENXIO}  # a link, a socket, a device that is not there


def open_regular(path: str) -> BinaryIO:
    """A file that was regular when it was listed; what it is now is seen as it is opened.

    No link is followed, and no pipe is waited for.

    Raises:
        SourceChangedError: it is no regular file any more.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in NOT_REGULAR:
            raise SourceChangedError("it is no regular file any more") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceChangedError("it is no regular file any more")
    return open(descriptor, "rb")


def read(path: str, start: int | None, end: int | None, as_listed: bool) -> bytes:
    """The bytes of a file, or those from ``start`` up to ``end``.

    fsspec does so too, but takes several times as long, which shows in a million heads.
    """
    with open_regular(path) if as_listed else open(path, "rb") as file:
        file.seek(start or 0)
        return file.read(-1 if end is None else end - (start or 0))


def create(path: Path, data: bytes, staging: Path) -> None:
    """Writes the file whole if there is none of that name; else FileExistsError.

    It is staged in the folder ``staging`` on the same disk and then hard-linked to its name.
    """
    make_folder(path.parent)
    make_folder(staging)
    _staged(staging, lambda file: file.write(data), lambda staged: os.link(staged, path))
    _sync_folder(path.parent)


def create_from(path: Path, source: BinaryIO, staging: Path) -> None:
    """As ``create``, with what follows in ``source``."""
    make_folder(path.parent)
    make_folder(staging)
    _staged(staging, lambda file: copyfileobj(source, file), lambda staged: os.link(staged, path))
    _sync_folder(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Writes the file whole in place of what was there."""
    make_folder(path.parent)
    _staged(path.parent, lambda file: file.write(data), lambda staged: os.replace(staged, path))
    _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Removes the file."""
    path.unlink()
    _sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, as far as they are missing."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(FOLDER_MODE)
    except FileExistsError:
        if not folder.is_dir():  # else another process was faster
            raise NotADirectoryError(errno.ENOTDIR, "Not a folder", str(folder)) from None
    _sync_folder(folder.parent)


def _staged(
    folder: Path, fill: Callable[[BinaryIO], object], give_name: Callable[[Path], None]
) -> None:
    """Writes a file of no name that matters, has it named, and removes it whatever happens."""
    staged = folder / f".{secrets.token_hex(8)}.part"
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with open(descriptor, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        give_name(staged)
    finally:
        staged.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Makes a new name in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
