"""Faults from within a process: death at a step of a commit or a training, a wrong clock, NaN."""

import datetime
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from ocr_tasks.arrow import leave_out_pandas

# The steps of a local commit, each told when it is about to be done: a file for the bytes; once
# these are on the disk, their name; the staged name away; the folder to disk.
STAGE, LINK, REMOVE, SYNC = "staging", "linking", "removing", "syncing"
STEPS = (STAGE, LINK, REMOVE, SYNC)
READING = "reading"
EVENTS = ("open", "os.link", "os.remove")

TRACE = "FAULTS_TRACE"  # a file that hears of each step, with its time
DIE_AT = "FAULTS_DIE_AT"  # the step at which the process kills itself
SOURCE = "FAULTS_SOURCE"  # the input's folder: a file opened in it is a page being read
CLOCK = "FAULTS_CLOCK"  # seconds that the process's clock is ahead
TRAINING_DIES_AT = "FAULTS_TRAINING_DIES_AT"  # the step of a training that kills it; 0: none
NAN = "FAULTS_NAN"  # two numbers, as "3:5": which of its batches the recogniser reads as NaN


def install() -> None:
    """Installs what the environment asks for."""
    leave_out_pandas()  # half of a command's start
    if SOURCE in os.environ:
        descriptor = os.open(os.environ[TRACE], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        sys.addaudithook(_step_watcher(descriptor, os.environ[SOURCE], os.environ.get(DIE_AT)))
    if CLOCK in os.environ:
        _set_clock(float(os.environ[CLOCK]))
    if NAN in os.environ:
        first, last = os.environ[NAN].split(":")
        _read_nan(range(int(first), int(last)))
    if TRAINING_DIES_AT in os.environ:
        _train_until(int(os.environ[TRAINING_DIES_AT]))


def _step_watcher(
    descriptor: int, source: str, die_at: str | None
) -> Callable[[str, tuple[Any, ...]], None]:
    """A hook that writes down the steps of reading and committing a part, and dies at one."""
    is_reading = False

    def watch(event: str, args: tuple[Any, ...]) -> None:
        nonlocal is_reading
        step = _step(event, str(args[0]), source) if event in EVENTS else None
        if step is None or (step == READING and is_reading):
            return
        is_reading = True
        os.write(descriptor, f"{step} {time.monotonic()}\n".encode())
        if step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return watch


def _step(event: str, path: str, source: str) -> str | None:
    """The step that an event of Python's own is, if it is one."""
    if event != "open":
        return {"os.link": LINK, "os.remove": REMOVE}[event] if "/staging/" in path else None
    if path.startswith(source):
        return READING
    if "/staging/" in path:
        return STAGE
    return SYNC if "/pages/" in path and path.rpartition("/")[2].startswith("run=") else None


def _set_clock(ahead: float) -> None:
    """Moves what the process takes for the time; must come before the modules that ask for it."""
    true_time, delta = time.time, datetime.timedelta(seconds=ahead)

    class Moved(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Moved":
            return super().now(tz) + delta

    time.time = lambda: true_time() + ahead
    datetime.datetime = Moved


def _read_nan(batches: range) -> None:
    """Makes the fake engine read those of its batches with NaN, as a broken GPU does."""
    from ocr_tasks.engines.fake import FakeRecognizer
    from ocr_tasks.records import LineText

    read, done = FakeRecognizer.recognize, iter(range(sys.maxsize))

    def recognize(self: FakeRecognizer, crops: Any) -> list[LineText]:
        texts = read(self, crops)
        return [LineText("", math.nan) for _ in texts] if next(done) in batches else texts

    FakeRecognizer.recognize = recognize


def _train_until(step: int) -> None:
    """Ends the process once that step is done; little print is watched, as there are many tries."""
    from ocr_tasks.console import TrainingProgress
    from ocr_tasks.training import train
    from ocr_tasks.training.running import Step

    show = TrainingProgress.__call__

    def die_or_show(self: TrainingProgress, done: Step) -> None:
        if done.step == step:
            os.kill(os.getpid(), signal.SIGKILL)
        show(self, done)

    train.RETENTION_LINES = 8
    TrainingProgress.__call__ = die_or_show
