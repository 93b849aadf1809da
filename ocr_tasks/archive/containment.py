"""A decoder process as a worker sees it: asked, watched, and killed where it hangs.

It is a plain process that speaks over a socket, so it can be had wherever a process can be
started, also in a Celery worker's child, which may have no multiprocessing children.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, TypeVar

from ocr_tasks.archive.channel import (
    MAX_READ,
    Channel,
    ChannelClosedError,
    Json,
    Stopwatch,
    making_sense,
)
from ocr_tasks.archive.contents import heard_fault
from ocr_tasks.archive.media import ARCHIVES
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import (
    DecoderDiedError,
    OutOfMemoryError,
    PageError,
    TimedOutError,
    WorkerDiedError,
)

DECODER = ("-P", "-m", "ocr_tasks.archive.decoder")  # what Python runs in the process
# Without the last, Python would write what it caches, and cut it at a limit of file sizes.
ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "PYTHONDONTWRITEBYTECODE")
START_SECONDS = 120.0  # for a machine that is short of everything
LEAST_SPEED = 250e3  # bytes of an archive a second; what unpacks more slowly hangs

T = TypeVar("T")


class DecoderProcess:
    """One process that opens hostile bytes, for one task after the other."""

    def __init__(self, spec: DecodeSpec, passwords: Sequence[str]) -> None:
        """Starts the process, and does not wait until it has started.

        Raises:
            WorkerDiedError: it cannot be started.
        """
        self._spec = spec
        self._tasks = 0
        self._said_before = 0  # bytes, by the tasks before this one
        self._ready = False
        self._busy = False
        try:
            self._start()
        except OSError as error:  # no memory, no more processes, no place for temporary files
            raise WorkerDiedError(f"no decoder process can be started: {error}") from error
        start = {"spec": asdict(spec), "passwords": list(passwords)}
        with _as_worker_fault(self):
            self._channel.send(start)

    def _start(self) -> None:
        with ExitStack() as opened:
            ours, theirs = (opened.enter_context(end) for end in socket.socketpair())
            said = opened.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, *DECODER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=_bare_environment(self._spec),
                cwd="/",
            )
            theirs.close()
            self._channel, self._said = Channel(ours), said
            opened.pop_all()

    @property
    def is_fit(self) -> bool:
        """Whether it may be given another task: it lives, and owes no answers to the last."""
        if self._busy or self._tasks >= self._spec.max_tasks:
            return False
        return self._process.poll() is None and not self._is_spent()

    def _is_spent(self) -> bool:
        """Whether it has used half of the seconds on a core that our own limit leaves it.

        At their end it is killed, whatever page it is at.
        """
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        return hard != resource.RLIM_INFINITY and _seconds_used(self._process.pid) > hard / 2

    def ask(
        self, request: Json, file: BinaryIO, hear: Callable[[Json, bytearray], T], most: int = 0
    ) -> Iterator[T]:
        """Has a task done on ``file``; yields what ``hear`` makes of the answers.

        An answer has at most ``most`` bytes of payload. The seconds that reading ``file`` takes
        are not counted.

        Raises:
            PageError: what the task ended with; TimedOutError or DecoderDiedError where it ended
                the process, which is of no more use then.
        """
        self.wait_until_ready()
        self._tasks += 1
        self._busy = True
        self._said_before = os.fstat(self._said.fileno()).st_size  # a seek would move its end too
        watch = Stopwatch(self._spec.timeout_seconds)
        lent = _LentFile(file, watch, request["media_type"] in ARCHIVES)
        try:
            self._channel.send(request, seconds=watch.left)
            while self._busy:
                message, payload = self._answer(lent, watch, most)
                with making_sense():
                    heard = hear(message, payload)
                self._busy = "done" not in message
                yield heard
                watch.renew()  # an archive takes as long as it has members
        except TimeoutError as error:
            self.kill()
            seconds = self._spec.timeout_seconds
            raise TimedOutError(f"it was not decoded within {seconds:g} seconds") from error
        except ChannelClosedError as error:
            raise self._death(str(error)) from error
        except BaseException:
            if self._busy:  # the answers that are yet to come would be taken for others
                self.kill()
            raise

    def _answer(self, lent: "_LentFile", watch: Stopwatch, most: int) -> tuple[Json, bytearray]:
        """The next answer; what the task wants to read until then is read for it."""
        while True:
            message, payload = self._channel.receive(most, watch.left)
            if "error" in message:
                with making_sense():
                    fault = heard_fault(message["error"])
                # With no memory left it may have broken off in the midst of a message.
                self._busy = isinstance(fault, OutOfMemoryError)
                raise fault
            if "read" not in message:
                return message, payload
            with making_sense():
                offset, length = (int(value) for value in message["read"])
                if offset < 0 or not 0 < length <= MAX_READ:
                    raise ValueError("no range that may be read")
            self._channel.send({}, lent.read(offset, length), watch.left)

    def wait_until_ready(self) -> None:
        """Waits until it has started.

        Raises:
            WorkerDiedError: it ended before, or takes too long.
        """
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
            how = f"ended by signal {-code}, {signal.strsignal(-code)}"
        return DecoderDiedError(f"the decoder's process ended: {how}{self.last_words()}")

    def last_words(self) -> str:
        """The last line it wrote to its standard error, in this task or as it started."""
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(self._said_before, size - 1_000))
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


class _LentFile:
    """The file that a task reads. The watch stops meanwhile, as that is the store's time."""

    def __init__(self, file: BinaryIO, watch: Stopwatch, is_archive: bool) -> None:
        self._file = file
        self._watch = watch
        self._is_archive = is_archive
        self._reached = 0

    def read(self, offset: int, length: int) -> bytes:
        """Its bytes from ``offset`` on; fewer than ``length`` where it ends."""
        started = time.monotonic()
        self._file.seek(offset)
        data = self._file.read(length)
        self._watch.forgive(time.monotonic() - started)
        if self._is_archive and offset + len(data) > self._reached:
            # Whatever lies before a member is unpacked first, without an answer on the way.
            self._watch.forgive((offset + len(data) - self._reached) / LEAST_SPEED)
            self._reached = offset + len(data)
        return data


@contextmanager
def _as_worker_fault(decoder: DecoderProcess) -> Iterator[None]:
    """A decoder that does not even start is no page's fault."""
    try:
        yield
    except (ChannelClosedError, TimeoutError) as error:
        decoder.kill()
        message = f"the decoder process cannot be started{decoder.last_words()}"
        raise WorkerDiedError(message) from error


def _seconds_used(pid: int) -> float:
    """The time on a core that a process has had (proc(5): utime and stime)."""
    stat = Path(f"/proc/{pid}/stat").read_bytes()  # in which it may give itself any name
    fields = stat.rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bare_environment(spec: DecodeSpec) -> dict[str, str]:
    """What the process needs to run, and nothing that could be worth stealing."""
    return {
        **{name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        "PYTHONPATH": os.pathsep.join(str(Path(part).absolute()) for part in sys.path),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(spec.max_pixels),
    }
