"""A program of others', run beside us: its lines are heard, and nothing of it is left behind.

It has the end of a pipe as its standard input, which closes when we die. Whatever it starts
inherits a mark in the environment, so that processes are found that have left its group, as those
of ``paddle.distributed.launch`` do.
"""

import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

MARK = "OCR_TASKS_PROGRAM"
GRACE_SECONDS = 5.0  # for processes that were asked to end
POLL_SECONDS = 0.05


def run_program(
    command: Sequence[str],
    environment: Mapping[str, str],
    hear: Callable[[str], None],
    seconds: float | None = None,
) -> int | None:
    """Runs a command, whose lines of output ``hear`` gets; returns its status when it has ended.

    Returns None where it was ended as it took longer than ``seconds``. Every process that it
    started is gone then, whatever happened.

    Raises:
        Exception: whatever ``hear`` raised.
    """
    mark = uuid.uuid4().hex
    process = subprocess.Popen(  # noqa: S603 - the command is ours
        command,
        env=dict(environment) | {MARK: mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    is_late = threading.Event()
    clock = _clock(seconds, mark, is_late)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            hear(line.rstrip())
        status = process.wait()
        return None if is_late.is_set() else status
    finally:
        if clock is not None:
            clock.cancel()
        end_marked(mark)
        process.communicate()


def _clock(seconds: float | None, mark: str, is_late: threading.Event) -> threading.Timer | None:
    if seconds is None:
        return None

    def end() -> None:
        is_late.set()
        end_marked(mark)

    clock = threading.Timer(seconds, end)
    clock.daemon = True
    clock.start()
    return clock


def end_marked(mark: str) -> None:
    """Ends every process with this mark: it is asked to, and killed if it does not."""
    _signal_marked(mark, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    _signal_marked(mark, signal.SIGKILL)


def _signal_marked(mark: str, number: signal.Signals) -> None:
    for pid in marked(mark):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def marked(mark: str) -> list[int]:
    """The processes that have this mark in their environment and have not ended."""
    wanted = f"{MARK}={mark}".encode()
    folders = (each for each in Path("/proc").iterdir() if each.name.isdigit())
    return [int(each.name) for each in folders if wanted in _environment_of(each)]


def _environment_of(process: Path) -> list[bytes]:
    """The variables of a process; none of one that has ended, or that is another user's."""
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
