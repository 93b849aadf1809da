"""A decoder process as a worker sees it: asked, watched, and killed where it hangs.

It is a plain process that speaks over a socket, so it can be had wherever a process can be
started, also in a Celery worker's child, which may have no multiprocessing children.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import BinaryIO

from ocr_tasks.archive.channel import Channel, ChannelClosedError, Json, Stopwatch
from ocr_tasks.archive.contents import heard_fault
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import DecoderDiedError, PageError, TimedOutError, WorkerDiedError

START_SECONDS = 120.0  # for a machine that is short of everything
PIXEL_BYTES = 3


class DecoderProcess:
    """One process that opens hostile bytes, for one task after the other."""

    def __init__(self, spec: DecodeSpec, passwords: Sequence[str]) -> None:
        """Starts the process. Only its first task waits until it has started."""
        self._spec = spec
        self._tasks = 0
        self._ready = False
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", "ocr_tasks.archive.decoder", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                env=_bare_environment(spec),
                cwd="/",
            )
        start = {"spec": asdict(spec), "passwords": list(passwords)}
        with _as_worker_fault(self):
            self._channel.send(start)

    @property
    def is_fit(self) -> bool:
        """Whether it may be given another task."""
        return self._process.poll() is None and self._tasks < self._spec.max_tasks

    def ask(self, request: Json, file: BinaryIO) -> Iterator[tuple[Json, bytearray]]:
        """Has a task done on ``file``; yields the answers, of which the last says ``done``.

        The seconds that reading ``file`` takes are not counted.

        Raises:
            PageError: what the task ended with; TimedOutError or DecoderDiedError where it ended
                the process, which is of no more use then.
        """
        self._wait_until_ready()
        self._tasks += 1
        watch = Stopwatch(self._spec.timeout_seconds)
        done = False
        try:
            self._channel.send(request)
            while not done:
                message, payload = self._answer(file, watch)
                done = "done" in message
                yield message, payload
                watch.renew()  # an archive takes as long as it has members
        except TimeoutError as error:
            self.kill()
            seconds = self._spec.timeout_seconds
            raise TimedOutError(f"it was not decoded within {seconds:g} seconds") from error
        except ChannelClosedError as error:
            raise self._death(str(error)) from error
        except PageError:
            raise
        except BaseException:  # the answers that are yet to come would be taken for others
            if not done:
                self.kill()
            raise

    def _answer(self, file: BinaryIO, watch: Stopwatch) -> tuple[Json, bytearray]:
        """The next answer; what the task wants to read until then is read for it."""
        most = PIXEL_BYTES * self._spec.max_pixels
        while True:
            message, payload = self._channel.receive(most, watch.left)
            if "error" in message:
                raise heard_fault(message["error"])
            if "read" not in message:
                return message, payload
            started = time.monotonic()
            offset, length = message["read"]
            file.seek(offset)
            self._channel.send({}, file.read(length))
            watch.forgive(time.monotonic() - started)

    def _wait_until_ready(self) -> None:
        if not self._ready:
            watch = Stopwatch(START_SECONDS)
            with _as_worker_fault(self):
                self._channel.receive(0, watch.left)
            self._ready = True

    def _death(self, how: str) -> PageError:
        """The error that stands for how the process ended."""
        self.kill()
        code = self._process.returncode
        if code == -signal.SIGXCPU:
            return TimedOutError("it kept a core busy for longer than a page may")
        if code < 0 and code != -signal.SIGKILL:
            how = f"ended by {signal.Signals(-code).name}"
        return DecoderDiedError(f"the decoder's process ended: {how}{self.last_words()}")

    def last_words(self) -> str:
        """The last line it wrote to its standard error."""
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - 1_000))
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return f" ({lines[-1]})" if lines else ""

    def kill(self) -> None:
        """Ends the process at once, if it has not ended by itself."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._channel.close()

    def close(self) -> None:
        """Ends the process and forgets it."""
        self.kill()
        self._said.close()

    def forget(self) -> None:
        """Lets go of a process that belongs to the process we were forked from."""
        self._channel.close()
        self._said.close()
        self._process.returncode = 0  # not our child: it cannot be waited for


@contextmanager
def _as_worker_fault(decoder: DecoderProcess) -> Iterator[None]:
    """A decoder that does not even start is no page's fault."""
    try:
        yield
    except (ChannelClosedError, TimeoutError) as error:
        decoder.kill()
        message = f"the decoder process cannot be started{decoder.last_words()}"
        raise WorkerDiedError(message) from error


def _bare_environment(spec: DecodeSpec) -> dict[str, str]:
    """What the process needs to run, and nothing that could be worth stealing."""
    kept = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(spec.max_pixels),
    }
