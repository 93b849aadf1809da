"""A stored object as a seekable file that outlives lost requests."""

import io
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from ocr_tasks.errors import OcrTasksError, SourceChangedError, StorageError
from ocr_tasks.faults import retried
from ocr_tasks.stores.listing import version_in


class SeekableObject(io.RawIOBase):
    """A stored object that is being read. A lost request is made again on a file opened anew.

    Whoever reads a damaged document catches what a decoder raises, so what is lost for good would
    pass for damage. ``lost`` remembers it, and ``storage.open_seekable`` raises it once
    more.
    """

    def __init__(self, file: Any, reopen: Callable[[], Any], uri: str, path: str | None) -> None:
        """A file that is open; ``path`` is as ``file`` of ``retried``."""
        super().__init__()
        self.lost: Exception | None = None
        self._file = file
        self._reopen = reopen
        self._uri = uri
        self._path = path
        self._version = _version(file)
        self._is_broken = False

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

    def close(self) -> None:
        """Closes the file below too."""
        self._file.close()
        super().close()

    def readinto(self, buffer: Any, /) -> int:
        """Reads into ``buffer``; says how much. Once all tries failed, the file is at its end."""
        if self.lost is not None:
            return 0  # pdfium asks on thousands of times, and what it makes of it is not used
        try:
            return retried(partial(self._read_at, self.tell(), buffer), self._uri, self._path)
        except (OcrTasksError, FileNotFoundError) as error:
            self.lost = error
            raise

    def _read_at(self, place: int, buffer: Any) -> int:
        if self._is_broken:
            self._begin_anew_at(place)
        self._is_broken = True  # until the bytes have come
        count = cast(int, self._file.readinto(buffer))
        size = getattr(self._file, "size", None)  # local files have none, and lose nothing
        if size is not None and count < min(len(buffer), size - place):
            raise StorageError(f"{self._uri}: {count} bytes came where there are more")
        self._is_broken = False
        return count

    def _begin_anew_at(self, place: int) -> None:
        self._file.close()
        self._file = self._reopen()
        if _version(self._file) != self._version:
            raise SourceChangedError("the object was replaced while it was read")
        self._file.seek(place)


def _version(file: Any) -> str:
    """The version of the object a file was opened on; of local files none is known."""
    return version_in(getattr(file, "details", None) or {})
