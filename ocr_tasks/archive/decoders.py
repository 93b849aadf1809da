"""Decoders: what opens hostile bytes for a worker, by processes that may die of it."""

import atexit
import math
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import count
from typing import BinaryIO

import numpy as np

from ocr_tasks.archive.channel import PART_BYTES, Json
from ocr_tasks.archive.containment import DecoderProcess
from ocr_tasks.archive.contents import Contents, Telling
from ocr_tasks.archive.media import UNKNOWN
from ocr_tasks.archive.page_text import heard_text
from ocr_tasks.archive.raster import DecodeSpec, Raster, Rung
from ocr_tasks.errors import ArchiveBombError, PageError, SettingsError, WorkerDiedError

STARTS = 3  # of a process, before the machine is to blame
MAX_DEATHS = 20  # of decoders by one archive, each of which may take a minute
CHANNELS = 3
MAX_SIDE = 1 << 31  # what a row can hold


class Decoder:
    """One decoder process after the other: a dead or worn one is replaced for the next task."""

    def __init__(self, spec: DecodeSpec, passwords: Sequence[str]) -> None:
        """Starts the first process. Only the first task waits until it has started."""
        self.spec = spec
        self.passwords = tuple(passwords)
        self._process: DecoderProcess | None = None
        with suppress(WorkerDiedError):  # the first task tries again, and says so if it has to
            self._process = DecoderProcess(spec, self.passwords)

    def look(self, file: BinaryIO, media_type: str, size: int) -> Iterator[Contents]:
        """What lies in ``file``, which is a PDF, TIFF, tar or zip of ``size`` bytes.

        A member that kills the decoder is told as such, and the archive goes on behind it; after
        MAX_DEATHS of them the rest is not opened, and the last answer is a fault of the whole.
        """
        telling = Telling(self.spec, media_type, size)
        for deaths in count(1):
            request = {"do": "look", "media_type": media_type, "size": size, "first": telling.told}
            try:
                for found in self._fit_process().ask(request, file, telling.hear):
                    if found is not None:
                        yield found
                return
            except PageError as error:
                if telling.member is None:
                    yield Contents(media_type, 1, fault=error)
                    return
                yield Contents(UNKNOWN, 1, telling.member, error)
                if deaths == MAX_DEATHS or isinstance(error, ArchiveBombError):
                    yield Contents(media_type, 1, fault=_hopeless(error, deaths))
                    return
                telling.pass_over()

    def unpack(
        self, file: BinaryIO, key: str, media_type: str, size: int, index: int, member_size: int
    ) -> Iterator[bytes]:
        """The bytes of a member of the archive ``file``, which ``key`` names while it is open.

        There is one more than ``member_size`` where the member is longer.

        Raises:
            PageError: the archive is damaged there, or killed the decoder.
        """
        request = {
            "do": "unpack",
            "key": key,
            "media_type": media_type,
            "size": size,
            "index": index,
            "member_size": member_size,
        }
        left = member_size + 1

        def hear(message: Json, part: bytearray) -> bytes:
            nonlocal left
            left -= len(part)
            if left < 0 or bool(part) == ("done" in message):
                raise ValueError("more bytes than were asked for, or a part without any")
            return bytes(part)

        return self._fit_process().ask(request, file, hear, PART_BYTES)

    def decode(
        self, file: BinaryIO, key: str, media_type: str, size: int, page_index: int, rung: Rung
    ) -> Raster:
        """The pixels of a page of the document ``file``; ``key`` is the same for equal bytes.

        Raises:
            PageError: it cannot be decoded in this way, or killed the decoder.
        """
        request = {
            "do": "decode",
            "key": key,
            "media_type": media_type,
            "size": size,
            "page_index": page_index,
            "rung": asdict(rung),
        }
        most = CHANNELS * self.spec.max_pixels
        return next(self._fit_process().ask(request, file, _heard_raster, most))

    def _fit_process(self) -> DecoderProcess:
        """A process that waits for a task. One that is killed as it starts is no page's fault.

        Raises:
            WorkerDiedError: none has started, STARTS times.
        """
        starts = 0
        while True:
            starts += 1
            try:
                if self._process is None or not self._process.is_fit:
                    self.close()
                    self._process = DecoderProcess(self.spec, self.passwords)
                self._process.wait_until_ready()
            except WorkerDiedError:
                if starts == STARTS:
                    raise
            else:
                return self._process

    def close(self) -> None:
        """Ends its process."""
        if self._process is not None:
            self._process.close()

    def forget(self) -> None:
        """Lets go of a process that another one started."""
        if self._process is not None:
            self._process.forget()


def _hopeless(last: PageError, deaths: int) -> PageError:
    """Why the rest of an archive is not opened."""
    if isinstance(last, ArchiveBombError):
        return last
    return type(last)(f"{deaths} of its members ended the decoder, so the rest is unread: {last}")


def _heard_raster(message: Json, pixels: bytearray) -> Raster:
    height, width, channels = (int(side) for side in message["shape"])
    frame_width, frame_height = (int(side) for side in message["size"])
    orientation = int(message["exif_orientation"])
    if not (0 < width <= frame_width < MAX_SIDE and 0 < height <= frame_height < MAX_SIDE):
        raise ValueError(f"{width} x {height} pixels of {frame_width} x {frame_height}")
    if channels != CHANNELS or "done" not in message or orientation not in range(1, 9):
        raise ValueError("it is no page, or half a page")
    return Raster(
        pixels=np.frombuffer(pixels, np.uint8).reshape(height, width, channels),
        width=frame_width,
        height=frame_height,
        dpi=_heard_number(message["dpi"]),
        render_scale=_heard_number(message["render_scale"]),
        exif_orientation=orientation,
        embedded=heard_text(message["text"], frame_width, frame_height),
    )


def _heard_number(value: float | None) -> float | None:
    if value is None:
        return None
    if not 0 < float(value) < math.inf:
        raise ValueError(f"{value} is no measure")
    return float(value)


class DecoderPool:
    """The decoders of this process that nobody uses, kept as each takes a while to start."""

    def __init__(self) -> None:
        """No decoders yet."""
        self._lock = threading.Lock()
        self._idle: list[Decoder] = []
        self._lent: set[Decoder] = set()

    @contextmanager
    def borrowed(self, spec: DecodeSpec) -> Iterator[Decoder]:
        """A decoder within these limits, for as long as it is used.

        Raises:
            SettingsError: the variable that should hold passwords is not set.
            WorkerDiedError: no process can be started.
        """
        passwords = passwords_of(spec)
        decoder = self._fitting(spec, passwords) or Decoder(spec, passwords)
        self._lent.add(decoder)
        try:
            yield decoder
        finally:
            with self._lock:
                self._lent.discard(decoder)
                self._idle.append(decoder)

    def _fitting(self, spec: DecodeSpec, passwords: tuple[str, ...]) -> Decoder | None:
        with self._lock:
            while self._idle:
                decoder = self._idle.pop()
                if (decoder.spec, decoder.passwords) == (spec, passwords):
                    return decoder
                decoder.close()
        return None

    def close(self, keep: int = 0) -> None:
        """Ends those that wait, but for ``keep``."""
        with self._lock:
            while len(self._idle) > keep:
                self._idle.pop().close()

    def forget(self) -> None:
        """Leaves them to the process that this one was forked from."""
        for decoder in (*self._idle, *self._lent):
            decoder.forget()
        self._idle.clear()
        self._lent.clear()
        self._lock = threading.Lock()


def passwords_of(spec: DecodeSpec) -> tuple[str, ...]:
    """The passwords of PDFs, one a line of the variable that the settings name.

    Raises:
        SettingsError: there is no such variable.
    """
    if spec.password_variable is None:
        return ()
    if spec.password_variable not in os.environ:
        raise SettingsError(
            f"decode.password_variable names {spec.password_variable}, which is not set here"
        )
    return tuple(os.environ[spec.password_variable].splitlines())


POOL = DecoderPool()
atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.forget)
