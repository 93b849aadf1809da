"""Decoders: what opens hostile bytes for a worker, by processes that may die of it."""

import atexit
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import BinaryIO

import numpy as np

from ocr_tasks.archive.channel import Json
from ocr_tasks.archive.containment import DecoderProcess
from ocr_tasks.archive.contents import Contents, heard_fault, heard_member
from ocr_tasks.archive.media import ARCHIVES, UNKNOWN
from ocr_tasks.archive.members import Member
from ocr_tasks.archive.raster import DecodeSpec, Raster, Rung
from ocr_tasks.errors import (
    DecoderDiedError,
    NotImageError,
    PageError,
    SettingsError,
)

DECODERS = 4  # of one process at a time: each is some 100 MB


class Decoder:
    """One decoder process after the other: a dead or worn one is replaced for the next task."""

    def __init__(self, spec: DecodeSpec, passwords: Sequence[str]) -> None:
        """Starts the first process."""
        self.spec = spec
        self.passwords = tuple(passwords)
        self._process = DecoderProcess(spec, self.passwords)

    def look(self, file: BinaryIO, media_type: str, size: int) -> Iterator[Contents]:
        """What lies in ``file``, which is a PDF, TIFF, tar or zip of ``size`` bytes.

        A member that kills the decoder is told as such, and the archive goes on behind it.
        """
        told = 0
        while True:
            member: Member | None = None
            request = {"do": "look", "media_type": media_type, "size": size, "first": told}
            try:
                for message, _ in self._ask(request, file):
                    if "member" in message:
                        member = heard_member(message["member"])
                    elif "media_type" in message:
                        yield _heard_contents(message, member)
                        told, member = told + 1, None
                return
            except PageError as error:
                if member is None or media_type not in ARCHIVES:
                    yield Contents(media_type, 1, fault=error)
                    return
                yield Contents(UNKNOWN, 1, member, error)
                told += 1

    def unpack(
        self, file: BinaryIO, key: str, media_type: str, size: int, index: int, member_size: int
    ) -> Iterator[bytes]:
        """The bytes of a member of the archive ``file``, which ``key`` names while it is open.

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
        for _, part in self._ask(request, file):
            yield bytes(part)

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
        for message, pixels in self._ask(request, file):
            return _heard_raster(message, pixels)
        raise DecoderDiedError("the decoder answered without a page")

    def _ask(self, request: Json, file: BinaryIO) -> Iterator[tuple[Json, bytearray]]:
        if not self._process.is_fit:
            self._process.close()
            self._process = DecoderProcess(self.spec, self.passwords)
        return self._process.ask(request, file)

    def close(self) -> None:
        """Ends its process."""
        self._process.close()

    def forget(self) -> None:
        """Lets go of a process that another one started."""
        self._process.forget()


def _heard_contents(message: Json, member: Member | None) -> Contents:
    fault = heard_fault(message["fault"]) if message["fault"] else None
    return Contents(str(message["media_type"]), int(message["pages"]), member, fault)


def _heard_raster(message: Json, pixels: bytearray) -> Raster:
    height, width, channels = (int(side) for side in message["shape"])
    if channels != 3 or height * width * 3 != len(pixels) or not pixels:
        raise NotImageError(f"the decoder made {len(pixels)} bytes of {message['shape']}")
    return Raster(
        pixels=np.frombuffer(pixels, np.uint8).reshape(height, width, 3),
        width=int(message["size"][0]),
        height=int(message["size"][1]),
        dpi=message["dpi"],
        render_scale=message["render_scale"],
        exif_orientation=int(message["exif_orientation"]),
    )


class DecoderPool:
    """The decoders of this process that nobody uses, kept as each takes a while to start."""

    def __init__(self) -> None:
        """No decoders yet."""
        self._places = threading.Semaphore(DECODERS)
        self._lock = threading.Lock()
        self._idle: list[Decoder] = []

    @contextmanager
    def borrowed(self, spec: DecodeSpec) -> Iterator[Decoder]:
        """A decoder within these limits, for as long as it is used.

        Raises:
            SettingsError: the variable that should hold passwords is not set.
            WorkerDiedError: no process can be started.
        """
        passwords = passwords_of(spec)
        with self._places:
            decoder = self._fitting(spec, passwords) or Decoder(spec, passwords)
            try:
                yield decoder
            finally:
                with self._lock:
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
        for decoder in self._idle:
            decoder.forget()
        self._idle.clear()
        self._places = threading.Semaphore(DECODERS)
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
