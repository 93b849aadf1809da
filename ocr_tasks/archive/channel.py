"""Messages between a worker and its decoder process: JSON and raw bytes, never pickles."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Json = dict[str, Any]
Seconds = Callable[[], float | None]  # how long may still be waited, if not for ever

_HEAD = struct.Struct(">II")  # bytes of JSON, bytes of payload
MAX_JSON = 1 << 20
MAX_READ = 1 << 22  # bytes that a decoder may ask for at a time
PART_BYTES = 1 << 20  # of a member that are told at a time
AT_ONCE = 1 << 20  # bytes of a payload asked of the kernel at a time


def for_ever() -> None:
    """No limit to waiting."""


class ChannelClosedError(Exception):
    """The other side is gone, or says what is no message."""


class Channel:
    """One end of a pair of sockets, message by message."""

    def __init__(self, end: socket.socket) -> None:
        """Takes over ``end``."""
        self._end = end

    def send(
        self,
        message: Json,
        payload: bytes | memoryview = b"",
        seconds: Seconds = for_ever,
    ) -> None:
        """Sends a message with ``payload`` behind it, waiting ``seconds()`` at most for each.

        Raises:
            ChannelClosedError: nobody takes it.
            TimeoutError: nobody has taken it yet.
        """
        text = json.dumps(message).encode()
        self._give(_HEAD.pack(len(text), len(payload)) + text, seconds)
        if payload:
            self._give(payload, seconds)

    def _give(self, data: bytes | memoryview, seconds: Seconds) -> None:
        try:
            self._wait_at_most(seconds)
            self._end.sendall(data)
        except TimeoutError:
            raise
        except OSError as error:
            raise ChannelClosedError(str(error)) from error

    def receive(self, max_payload: int, seconds: Seconds = for_ever) -> tuple[Json, bytearray]:
        """The next message and its payload, waiting ``seconds()`` at most for each part of it.

        Raises:
            ChannelClosedError: there is none, or it is longer than is allowed.
            TimeoutError: it does not come.
        """
        text_length, payload_length = _HEAD.unpack(self._exactly(_HEAD.size, seconds))
        if text_length > MAX_JSON or payload_length > max_payload:
            raise ChannelClosedError("a message is longer than is allowed")
        text = self._exactly(text_length, seconds)
        payload = self._exactly(payload_length, seconds)
        try:
            message = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ChannelClosedError(f"a message is no JSON: {error}") from error
        if not isinstance(message, dict):
            raise ChannelClosedError("a message is no mapping")
        return message, payload

    def _exactly(self, length: int, seconds: Seconds) -> bytearray:
        data = bytearray(length)
        view, got = memoryview(data), 0
        while got < length:
            try:
                self._wait_at_most(seconds)
                count = self._end.recv_into(view[got : got + AT_ONCE])
            except TimeoutError:
                raise
            except OSError as error:
                raise ChannelClosedError(str(error)) from error
            if count == 0:
                raise ChannelClosedError("the other side is gone")
            got += count
        return data

    def _wait_at_most(self, seconds: Seconds) -> None:
        left = seconds()
        if left is not None and left <= 0:
            raise TimeoutError
        self._end.settimeout(left)

    def close(self) -> None:
        """Closes this end."""
        self._end.close()


@contextmanager
def making_sense() -> Iterator[None]:
    """Takes a message that is none of ours for the end of the conversation."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ChannelClosedError(f"a message makes no sense: {error!r}") from error


class Stopwatch:
    """A budget of seconds that runs only while somebody else works."""

    def __init__(self, seconds: float) -> None:
        """A full budget."""
        self._budget = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that remain."""
        return self._end - time.monotonic()

    def renew(self) -> None:
        """The whole budget again."""
        self._end = time.monotonic() + self._budget

    def forgive(self, seconds: float) -> None:
        """Gives back the seconds that were ours."""
        self._end += seconds
