"""Processes of the command line that are started, killed, and looked for afterwards."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.faults.hooks import TRACE

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "ocr_tasks.cli", "archive-ocr")
HOOKED = (sys.executable, "-m", "tests.faults.child", "archive-ocr")  # which starts sooner
KILLED = 128 + signal.SIGKILL
MARK = "FAULTS_MARK"  # in the environment of all that descend from one start


@dataclass
class Started:
    """A process that leads a session of its own, and what it wrote."""

    process: subprocess.Popen[bytes]
    log: Path
    mark: str
    started: float = field(default_factory=time.monotonic)

    @property
    def trace(self) -> Path:
        """Where the hooks in it, if it has any, write down its steps."""
        return self.log.with_suffix(".trace")

    @property
    def has_ended(self) -> bool:
        """Whether it ended, by itself or not."""
        return self.process.poll() is not None

    def wait(self, seconds: float = 120) -> int:
        """Its exit code; 128 and more where a signal ended it, as shells have it."""
        code = self.process.wait(seconds)
        return code if code >= 0 else 128 - code

    def said(self) -> str:
        """Everything it wrote to both outputs."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL for this process alone."""
        self.process.kill()

    def kill_tree(self) -> None:
        """SIGKILL for its whole session, as the kernel or a container's end does."""
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.killpg(self.process.pid, signal.SIGKILL)

    def family(self) -> list[psutil.Process]:
        """Every process that descends from this start and still runs, itself included."""
        everybody, leader = psutil.process_iter(), self.process.pid
        return [process for process in everybody if _descends(process, leader, self.mark)]

    def assert_nobody_left(self, seconds: float = 15) -> None:
        """Fails where a process of this start still runs after some seconds."""
        until(lambda: not self.family(), seconds, lambda: f"left running: {self.family()}")


def start(
    command: tuple[str, ...], folder: Path, env: Mapping[str, str] | None = None, **options: Any
) -> Started:
    """Starts ``command`` from the project's root; its output goes to a file in ``folder``."""
    mark = uuid.uuid4().hex
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{mark}.log"
    own = {MARK: mark, TRACE: str(log.with_suffix(".trace"))}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_clean() | dict(env or {}) | own,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            **options,
        )
    return Started(process, log, mark)


def title_of(process: psutil.Process) -> str:
    """Its command line; empty once it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie is one too
        return ""


def s3_env(url: str) -> dict[str, str]:
    """What leads a process to that server, with credentials that open no real door."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether somebody does."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(
    condition: Callable[[], object], seconds: float, why: Callable[[], str] = lambda: "it never did"
) -> None:
    """Waits until the condition holds; fails with the reason where it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.02)


def _clean() -> dict[str, str]:
    """The environment without what is set up on this machine for real runs."""
    ours = ("AWS_", "OCR_TASKS_", "AIRFLOW_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _descends(process: psutil.Process, leader: int, mark: str) -> bool:
    """By its session, or, for whom it left that, by its environment."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return os.getsid(process.pid) == leader or process.environ().get(MARK) == mark
    except (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError):
        return False
