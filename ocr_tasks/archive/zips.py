"""Zips as the library opens them, but for names that it gives up on."""

import io
import struct
import zipfile
from typing import BinaryIO, cast

SIGNATURE = b"PK\x01\x02"  # of an entry in a zip's directory (APPNOTE, 4.3.12)
ENTRY_BYTES = 46  # of it, before its name
LENGTHS_AT = 28  # of its name, its extra field and its comment
FLAGS_AT = 9  # the upper byte of its flags
UTF8_FLAG = 0x08  # in that byte: the name is UTF-8


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    r"""The zip in ``file``, also if names in it are marked as UTF-8 and are none.

    The library would give up the whole zip for one of them. Its members can be listed, their
    names with a ``\udcNN`` for each byte that is none, but it does not open them.

    Raises:
        zipfile.BadZipFile, ValueError, OSError, RuntimeError: it is no zip, or damaged.
    """
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError:
        unmarked = _Unmarked(file)
        archive = zipfile.ZipFile(cast(BinaryIO, unmarked))
        archive.fp = file
        infos = archive.infolist()
        for index in unmarked.bad:
            raw = infos[index].filename.encode("cp437")  # as it is read without the mark
            infos[index].filename = raw.decode("utf-8", "surrogateescape")
        return archive


def is_folder(info: zipfile.ZipInfo) -> bool:
    """Whether it is called a folder and has no bytes; one that lies of its size has a checksum."""
    return info.filename.endswith("/") and info.file_size == 0 and info.CRC == 0


class _Unmarked(io.RawIOBase):
    """A zip in whose directory bad names are not marked as UTF-8; ``bad`` are their numbers."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self.bad: list[int] = []
        self._file = file

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves there; says where that is from the start."""
        return self._file.seek(offset, whence)

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes. The directory is read at one go, so it is what begins as an entry."""
        data = self._file.read(size)
        return self._unmarked(bytearray(data)) if data.startswith(SIGNATURE) else data

    def _unmarked(self, entries: bytearray) -> bytes:
        self.bad, at, number = [], 0, 0
        while entries.startswith(SIGNATURE, at) and at + ENTRY_BYTES <= len(entries):
            name, *others = struct.unpack_from("<3H", entries, at + LENGTHS_AT)
            end = at + ENTRY_BYTES + name
            if entries[at + FLAGS_AT] & UTF8_FLAG and not _is_utf8(entries[at + ENTRY_BYTES : end]):
                entries[at + FLAGS_AT] &= ~UTF8_FLAG
                self.bad.append(number)
            at, number = end + sum(others), number + 1
        return bytes(entries)


def _is_utf8(name: bytearray) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
