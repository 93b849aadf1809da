"""The decoder process: opens hostile bytes and answers with pages, pixels or errors.

It has no credentials, no store and no files. What it reads it asks of the worker that started it,
over one socket, on which it also answers; JSON and raw bytes, no pickles. It may be killed at any
moment: nothing in it is of value. ``ocr_tasks.archive.containment`` is the other end.
"""

import errno
import io
import os
import resource
import select
import signal
import socket
import sys
import threading
from typing import Any, BinaryIO, cast

import cv2

from ocr_tasks.archive.channel import (
    MAX_READ,
    PART_BYTES,
    Channel,
    ChannelClosedError,
    Json,
    Seconds,
    for_ever,
)
from ocr_tasks.archive.contents import told_contents, told_fault, told_member
from ocr_tasks.archive.images import decode_frame
from ocr_tasks.archive.looking import contents_of
from ocr_tasks.archive.media import ARCHIVES, PDF
from ocr_tasks.archive.members import OpenArchive
from ocr_tasks.archive.page_text import told_text
from ocr_tasks.archive.pdf import OpenPdf
from ocr_tasks.archive.raster import ArchiveSpec, DecodeSpec, Raster, Rung
from ocr_tasks.errors import (
    BadArchiveError,
    BadPdfError,
    NotImageError,
    OutOfMemoryError,
    PageError,
)

READ_BYTES = 1 << 18  # asked of the worker at a time, where less is wanted
CPU_GRACE_SECONDS = 10
# What an error nobody foresaw is called, by what was opened.
_NAMED: dict[str, type[PageError]] = {PDF: BadPdfError, **dict.fromkeys(ARCHIVES, BadArchiveError)}


class TaskChannel(Channel):
    """The worker's end as a task sees it. Whatever is sent shows that the task goes on."""

    def __init__(self, end: socket.socket, spec: DecodeSpec) -> None:
        super().__init__(end)
        self._spec = spec

    def send(
        self, message: Json, payload: bytes | memoryview = b"", seconds: Seconds = for_ever
    ) -> None:
        """Sends a message, from which on the task has all its time on a core again."""
        limit_task(self._spec)
        super().send(message, payload, seconds)


class AskedFile(io.RawIOBase):
    """A file that lies with the worker, read by asking for parts of it."""

    def __init__(self, channel: Channel, size: int) -> None:
        super().__init__()
        self._channel = channel
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves there; says where that is from the start."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:  # as a file on disk says it; zipfile counts on that
            raise OSError(errno.EINVAL, "before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Reads into ``buffer``; says how much."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._at, MAX_READ)
        if wanted <= 0:
            return 0
        self._channel.send({"read": [self._at, wanted]})
        _, data = self._channel.receive(wanted)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class Decoder:
    """Does what it is asked, and remembers the archive and the document it last opened."""

    def __init__(self, channel: Channel, spec: DecodeSpec, passwords: list[str]) -> None:
        """A decoder that answers on ``channel``."""
        self._channel = channel
        self._spec = spec
        self._passwords = passwords
        self._archive: tuple[str, OpenArchive] | None = None
        self._document: tuple[str, OpenPdf | bytes] | None = None

    def look(self, request: Json) -> None:
        """Tells what lies in a file, and each member before it is opened."""
        found = contents_of(
            self._file(request["size"]),
            request["media_type"],
            request["size"],
            self._spec,
            self._passwords,
            request["first"],
            lambda member: self._channel.send({"member": told_member(member)}),
        )
        for one in found:
            self._channel.send(told_contents(one))
        self._channel.send({"done": True})

    def unpack(self, request: Json) -> None:
        """Sends the bytes of an archive's member, and no more than it was planned to have."""
        key, size = request["key"], request["size"]
        if self._archive is None or self._archive[0] != key:
            self._archive = None
            file = self._file(size)
            opened = OpenArchive(file, request["media_type"], size, self._spec.archives)
            self._archive = (key, opened)
        archive, index = self._archive[1], request["index"]
        left = request["member_size"] + 1  # one more shows that it is longer
        with archive.open(index) as member:
            while left > 0 and (data := member.read(min(left, PART_BYTES))):
                self._channel.send({"part": len(data)}, data)
                left -= len(data)
        if left > 0:  # it was read to its end
            archive.refuse_short(index, request["member_size"] + 1 - left)
        self._channel.send({"done": True})

    def decode(self, request: Json) -> None:
        """Sends the pixels of a page, and its text where that came with it."""
        key, rung = request["key"], Rung(**request["rung"])
        if self._document is None or self._document[0] != key:
            self._forget_document()
            self._document = (key, self._open(request))
        document = self._document[1]
        if isinstance(document, OpenPdf):
            raster = document.render(request["page_index"], rung.dpi)
        else:
            raster = decode_frame(
                document, request["media_type"], request["page_index"], self._spec, rung
            )
        self._channel.send(_told_raster(raster), raster.pixels.data.cast("B"))

    def _open(self, request: Json) -> OpenPdf | bytes:
        file = self._file(request["size"])
        if request["media_type"] == PDF:
            return OpenPdf(file, self._spec, self._passwords)
        return file.read(request["size"])  # at one go: without a size it is 8 KB at a time

    def _forget_document(self) -> None:
        if self._document is not None and isinstance(self._document[1], OpenPdf):
            self._document[1].close()
        self._document = None

    def _file(self, size: int) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(AskedFile(self._channel, size), READ_BYTES))


def _told_raster(raster: Raster) -> Json:
    return {
        "done": True,
        "shape": raster.pixels.shape,
        "size": [raster.width, raster.height],
        "dpi": raster.dpi,
        "render_scale": raster.render_scale,
        "exif_orientation": raster.exif_orientation,
        "text": None if raster.embedded is None else told_text(raster.embedded),
    }


def answer(decoder: Decoder, channel: Channel, request: Json) -> None:
    """Does one task; whatever it ends with is told.

    Raises:
        ChannelClosedError: nobody listens any more.
    """
    task = {"look": decoder.look, "unpack": decoder.unpack, "decode": decoder.decode}
    try:
        task[request["do"]](request)
    except PageError as error:
        channel.send({"error": told_fault(error)})
    except MemoryError:
        channel.send({"error": [OutOfMemoryError.code, "more memory than decode.memory_mb"]})
    except ChannelClosedError:
        raise
    except Exception as error:  # a decoder's own fault is this page's, not its neighbours'
        kind = _NAMED.get(request["media_type"], NotImageError)
        if isinstance(error, cv2.error) and "Insufficient memory" in str(error):
            kind = OutOfMemoryError
        message = f"the decoder failed: {type(error).__name__}: {error}"
        channel.send({"error": told_fault(kind(message))})


def limit_process(spec: DecodeSpec) -> None:
    """Gives this process limits that it cannot leave again."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        idle = int(file.read().split()[0]) * resource.getpagesize()
    _lower(resource.RLIMIT_AS, idle + spec.memory_mb * 1_000_000)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 1 << 20)  # its own standard error


def _lower(limit: int, most: int) -> None:
    """Sets a limit, unless the worker's own is lower: then that one stays."""
    most, _ = _within_hard(limit, most)
    resource.setrlimit(limit, (most, most))


def _within_hard(limit: int, most: int) -> tuple[int, int]:
    """The limit that may be had where ``most`` is wanted, and the worker's own, which is hard."""
    _, hard = resource.getrlimit(limit)
    return most if hard == resource.RLIM_INFINITY else min(most, hard), hard


def limit_task(spec: DecodeSpec) -> None:
    """Ends this process if a task fills a core for longer than it may, even if nobody waits."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime + spec.timeout_seconds + CPU_GRACE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, _within_hard(resource.RLIMIT_CPU, int(seconds)))


def end_with_worker(end: socket.socket) -> None:
    """Ends this process once the worker is gone, though a task may be under way."""
    poll = select.poll()
    poll.register(end, select.POLLRDHUP)
    poll.poll()
    os._exit(0)


def main() -> None:
    """Serves the worker at the other end of the socket whose number is the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker hears it too, and closes
    cv2.setNumThreads(1)
    end = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=end_with_worker, args=(end,), daemon=True).start()
    try:
        start, _ = Channel(end).receive(0)
        archives = ArchiveSpec(**start["spec"].pop("archives"))
        spec = DecodeSpec(**start["spec"], archives=archives)
        limit_process(spec)
        channel = TaskChannel(end, spec)
        decoder = Decoder(channel, spec, start["passwords"])
        channel.send({"ready": os.getpid()})
        while True:
            request, _ = channel.receive(0)
            limit_task(spec)
            answer(decoder, channel, request)
    except ChannelClosedError:
        pass  # the worker is done, or gone


if __name__ == "__main__":
    main()
