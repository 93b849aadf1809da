"""What stores, their clients and damaged files raise, in our own errors."""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from ocr_tasks.errors import (
    DamagedFileError,
    NoAccessError,
    OcrTasksError,
    SettingsError,
    StorageError,
)

NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG}
# What S3 says of a single object; expired or wrong credentials are no property of an object.
DENIED = {"AccessDenied", "AllAccessDisabled", "InvalidObjectState", "403"}


@contextmanager
def store_faults(uri: str) -> Iterator[None]:
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
def writing_faults(uri: str) -> Iterator[None]:
    """As ``store_faults``, for an object that is written: where it cannot be is a wrong setting."""
    try:
        with store_faults(uri):
            yield
    except FileNotFoundError as error:
        raise SettingsError(f"{uri} cannot be written: no such folder or bucket") from error
    except NoAccessError as error:
        raise SettingsError(f"{error}: it cannot be written") from error


@contextmanager
def damage_named(uri: str) -> Iterator[None]:
    """What reading one of a run's own files raises where it is not what was written.

    pyarrow raises ValueError or OSError, json ValueError; an absent key or field is a KeyError.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(f"{uri} cannot be read: {error}") from error


class GuardedFile(io.RawIOBase):
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
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return cast(int, self._file.tell())

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves there; says where that is from the start."""
        return cast(int, self._file.seek(offset, whence))

    def readinto(self, buffer: Any, /) -> int:
        """Reads into ``buffer``; says how much. Once a request was lost, the file is at its end."""
        if self.lost is not None:
            return 0  # pdfium asks on thousands of times, and what it makes of it is not used
        try:
            with store_faults(self._uri):
                return cast(int, self._file.readinto(buffer))
        except StorageError as error:
            self.lost = error
            raise
