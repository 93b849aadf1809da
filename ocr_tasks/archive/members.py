"""The members of tars and zips: listed once when a run is planned, read again by place."""

import bz2
import gzip
import io
import lzma
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import IO, BinaryIO

from ocr_tasks.archive.media import COMPRESSED_TAR, HEAD_BYTES, TAR, UNKNOWN, ZIP, sniff
from ocr_tasks.archive.raster import ArchiveSpec
from ocr_tasks.archive.zips import is_folder, open_zip
from ocr_tasks.errors import (
    ArchiveBombError,
    ArchivePathError,
    BadArchiveError,
    PageError,
    UnsupportedError,
)
from ocr_tasks.text.names import printable

_DECOMPRESSORS: dict[bytes, Callable[[IO[bytes]], io.BufferedIOBase]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZ": bz2.BZ2File,
    b"\xfd7": lzma.LZMAFile,
}

COPY_BYTES = 1 << 16
RATIO_FREE_BYTES = 256e6  # a blank page packs a thousand to one, and harms nobody
SPECIAL = "not a regular file: a link, device, pipe or something else"
_KINDS = {0, stat.S_IFREG}  # 0: the program that packed it knew no kinds
MAX_NAME = 1_024  # characters of a name that a message shows

# What the two libraries raise on damaged input; zlib and lzma have no common root.
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    RuntimeError,  # zipfile: a password is wanted, or a method of compression it cannot undo
)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive. Its index tells apart members of one name.

    ``offset`` is where its bytes begin in an uncompressed tar, so that one range is all that has
    to be read. ``fault`` says why it is not read (a link, a device, encrypted, a hostile name).
    """

    index: int
    name: str
    size: int
    offset: int | None
    fault: PageError | None


class OpenArchive:
    """A tar or zip that is open for listing and reading.

    Folders are no members, but what a zip calls a folder and has bytes is a file.
    """

    def __init__(self, file: BinaryIO, media_type: str, packed: int, spec: ArchiveSpec) -> None:
        """Opens the archive in ``file``, which is ``packed`` bytes long.

        Raises:
            BadArchiveError: it is none, or damaged.
            UnsupportedError: it is a compressed file, but no compressed tar.
        """
        self.plain_tar = media_type == TAR
        self._packed = packed
        self._most = _most_bytes(packed, spec)
        self._spec = spec
        self._tar_infos: list[tarfile.TarInfo] = []
        self._archive: tarfile.TarFile | zipfile.ZipFile
        try:
            if media_type == ZIP:
                self._archive = open_zip(file)
            else:
                if media_type == COMPRESSED_TAR:
                    _refuse_other_content(file)
                self._archive = tarfile.open(fileobj=file, mode="r:*")  # noqa: SIM115
        except _DAMAGE as error:
            raise BadArchiveError(f"the archive cannot be opened: {error}") from error

    def members(self) -> Iterator[Member]:
        """Every member, in the archive's order.

        Raises:
            BadArchiveError: the archive ends too early or is damaged.
            ArchiveBombError: it has more members, or more bytes, than it may.
        """
        is_zip = isinstance(self._archive, zipfile.ZipFile)
        unpacked = 0
        try:
            for number, member in enumerate(self._zip_members() if is_zip else self._tar_members()):
                if number == self._spec.max_members:
                    raise ArchiveBombError(f"it has more than {number} members")
                unpacked += member.size
                if unpacked > self._most:  # as its headers say, before anything is unpacked
                    raise ArchiveBombError(f"it unpacks to more than {self._most / 1e6:.0f} MB")
                yield member
        except _DAMAGE as error:
            raise BadArchiveError(f"the archive is damaged: {error}") from error

    def _tar_members(self) -> Iterator[Member]:
        for index in count():
            try:
                info = self._tar_info(index)
            except IndexError:
                self._refuse_false_end()
                return
            if info.isdir():
                continue
            yield self._tar_member(index, info)

    def _tar_member(self, index: int, info: tarfile.TarInfo) -> Member:
        name = printable(info.name)
        if info.size < 0:  # the next header would be this one again
            raise BadArchiveError(f"member {index} is said to have {info.size} bytes")
        if not info.isreg():
            return Member(index, name, 0, None, _fault_of(name, SPECIAL))
        if not self.plain_tar or info.issparse():
            return Member(index, name, info.size, None, _fault_of(name))
        if info.offset_data + info.size > self._packed:
            cut = BadArchiveError("the tar is cut short within this member")
            return Member(index, name, info.size, None, cut)
        return Member(index, name, info.size, info.offset_data, _fault_of(name))

    def _zip_members(self) -> Iterator[Member]:
        assert isinstance(self._archive, zipfile.ZipFile)
        infos = self._archive.infolist()
        for index, info in enumerate(infos):
            if is_folder(info):
                continue
            special = "encrypted in the zip" if info.flag_bits & 0x1 else None
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in _KINDS and not (kind == stat.S_IFDIR and info.file_size > 0):
                special = SPECIAL
            name = printable(info.filename)
            yield Member(index, name, info.file_size, None, _fault_of(name, special))
        first = min((info.header_offset for info in infos), default=0)
        if first > 0:  # the file begins with a member, so it must be one that is not listed
            raise BadArchiveError(
                "the zip is damaged, or joined of two: what comes first is unread"
            )

    def _refuse_false_end(self) -> None:
        """Makes sure that the tar ends where listing did: tarfile takes a damaged header for it.

        A tar ends with blocks of zeros and nothing behind them (POSIX.1, pax interchange format).
        """
        assert isinstance(self._archive, tarfile.TarFile)
        file = self._archive.fileobj
        assert file is not None
        file.seek(self._archive.offset)
        rest = file.read(tarfile.BLOCKSIZE)
        if len(rest) < tarfile.BLOCKSIZE:
            raise BadArchiveError("the tar is cut short: it ends without its end mark")
        while rest:
            if rest.strip(b"\0"):
                raise BadArchiveError("the tar is damaged, or another follows: the rest is unread")
            if file.tell() > self._most:
                raise ArchiveBombError("it goes on without end behind its end mark")
            rest = file.read(COPY_BYTES)

    @contextmanager
    def open(self, index: int) -> Iterator[IO[bytes]]:
        """The member of that index as a file. Rising indices read a compressed tar only once.

        Raises:
            BadArchiveError: the archive is damaged there, which may show only as the member is
                read, or has no such member.
        """
        try:
            with self._member_file(index) as file:
                yield file
        except _DAMAGE as error:
            raise BadArchiveError(f"member {index} cannot be read: {error}") from error

    def refuse_short(self, index: int, size: int) -> None:
        """Makes sure that a member that ended after ``size`` bytes is no longer.

        Raises:
            BadArchiveError: its entry says so. zipfile takes any end for the end.
        """
        if isinstance(self._archive, zipfile.ZipFile):
            said = self._archive.infolist()[index].file_size
            if size < said:
                raise BadArchiveError(
                    f"member {index} has {size} bytes, and is said to have {said}"
                )

    def _member_file(self, index: int) -> IO[bytes]:
        if isinstance(self._archive, zipfile.ZipFile):
            return self._archive.open(self._archive.infolist()[index])
        file = self._archive.extractfile(self._tar_info(index))
        if file is None:
            raise BadArchiveError(f"member {index} is not a regular file")
        return file

    def _tar_info(self, index: int) -> tarfile.TarInfo:
        """The header of that index. Reads on only where it was not reached before."""
        assert isinstance(self._archive, tarfile.TarFile)
        while len(self._tar_infos) <= index:
            info = self._archive.next()
            if info is None:
                raise IndexError(f"there are only {len(self._tar_infos)} members")
            self._tar_infos.append(info)
        return self._tar_infos[index]


def _refuse_other_content(file: BinaryIO) -> None:
    """Makes sure that what was compressed may be a tar. Old tars have no signature."""
    signature = file.read(2)
    file.seek(0)
    with _DECOMPRESSORS[signature](file) as stream:
        content = sniff(stream.read(HEAD_BYTES))
    file.seek(0)
    if content not in {TAR, UNKNOWN}:
        raise UnsupportedError(f"compressed {content}, not a compressed tar")


def _most_bytes(packed: int, spec: ArchiveSpec) -> float:
    """What an archive of ``packed`` bytes may unpack to."""
    return min(spec.max_unpacked_gb * 1e9, max(spec.max_ratio * packed, RATIO_FREE_BYTES))


def _fault_of(name: str, special: str | None = None) -> PageError | None:
    """Why a member of this name is not read; ``special`` is what else it is than a file."""
    parts = posixpath.normpath(name.replace("\\", "/").lstrip("/")).split("/")
    if parts[0] == "..":
        return ArchivePathError(f"the name {name[:MAX_NAME]!r} leads out of the archive")
    return UnsupportedError(special) if special else None
