"""A pool of processes for work that fills a core each, and that outlives their deaths."""

import logging
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from ocr_tasks.arrow import leave_out_pandas
from ocr_tasks.errors import WorkerDiedError

TRIES = 3  # of an item whose processes die
ITEMS_A_PROCESS = 16  # then a fresh one takes over, and whatever memory was lost comes back
POLL_SECONDS = 0.2
GRACE_SECONDS = 10.0  # for a process that was asked to end

Work = Callable[[Any, Callable[[int], None]], Any]

log = logging.getLogger(__name__)
_number = 0  # of this process among the workers


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))


def worker_number() -> int:
    """Which this process is of those that work at the same time, from 0; 0 for any other.

    Whoever takes the place of one that has gone takes its number.
    """
    return _number


def run_in_processes(
    work: Work,
    items: Sequence[Any],
    processes: int,
    on_progress: Callable[[int], None],
    name: Callable[[Any], str] = str,
) -> Iterator[Any]:
    """``work(item, tick)`` for every item, in fresh processes; yields results as they come.

    ``work`` calls ``tick(n)`` when n units are done; ``on_progress`` hears of it here. Processes
    are spawned, not forked: inference libraries start threads, which a fork does not survive.

    An item whose process is killed is handed out again, TRIES times in all, and ``on_progress``
    hears the units of the lost try as a negative number. The last try waits until nothing else
    is under way, as the machine may have been short of memory. ``name`` says an item in a message.

    Raises:
        WorkerDiedError: the processes of an item died in every try; all other items are done.
        Exception: whatever ``work`` raised first; what was under way then has been finished.
    """
    crew = _Crew(work, [_Task(item, name(item)) for item in items], processes, on_progress)
    try:
        yield from crew.results()
    finally:
        crew.dismiss()


@dataclass(slots=True, eq=False)
class _Task:
    """An item to be worked on."""

    item: Any
    name: str
    deaths: int = 0
    ticks: int = 0  # of the try under way


class _Worker:
    """A process, and the pipe on which it takes items and answers."""

    def __init__(self, work: Work, number: int) -> None:
        self.number = number
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(work, theirs, number))
        self.process.start()
        theirs.close()
        self.ready = False
        self.task: _Task | None = None
        self.taken = 0

    @property
    def idle(self) -> bool:
        """Whether it waits for an item."""
        return self.ready and self.task is None

    def take(self, task: _Task) -> None:
        """Hands it an item."""
        self.task, self.taken = task, self.taken + 1
        with suppress(OSError):  # it is dead by now, which its pipe will say in its turn
            self.pipe.send(task.item)

    def said(self) -> tuple[str, Any]:
        """Its next message, or that it is dead."""
        try:
            message: tuple[str, Any] = self.pipe.recv() if self.pipe.poll() else ("dead", None)
        except (EOFError, OSError):
            return "dead", None
        return message

    def end(self) -> None:
        """Waits until it has ended, by itself or not."""
        self.pipe.close()  # at which it goes, if it is idle
        self.process.join(GRACE_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class _Crew:
    """The workers, and what is left for them to do."""

    def __init__(
        self, work: Work, tasks: list[_Task], processes: int, on_progress: Callable[[int], None]
    ) -> None:
        self._work = work
        self._waiting = deque(tasks)
        self._last_tries: deque[_Task] = deque()
        self._processes = processes
        self._on_progress = on_progress
        self._workers: list[_Worker] = []
        self._leaving: list[_Worker] = []
        self._false_starts = 0
        self._error: Exception | None = None
        self._given_up: list[str] = []

    def results(self) -> Iterator[Any]:
        """Every item's result, then the error if there is one."""
        while self._busy() or self._waiting or self._last_tries:
            self._hand_out()
            for worker in self._heard_from():
                yield from self._hear(worker)
        if self._error is not None:
            raise self._error
        if self._given_up:
            raise WorkerDiedError(f"{TRIES} times each: {'; '.join(self._given_up)}")

    def dismiss(self) -> None:
        """Ends every process, whatever it is doing."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers + self._leaving:
            worker.end()

    def _busy(self) -> int:
        return sum(worker.task is not None for worker in self._workers)

    def _hand_out(self) -> None:
        """Gives every idle worker an item or its leave, and has as many workers as are wanted."""
        for worker in [worker for worker in self._workers if worker.idle]:
            task = self._next() if worker.taken < ITEMS_A_PROCESS else None
            if task is not None:
                worker.take(task)
            else:
                self._workers.remove(worker)
                self._leaving.append(worker)
                worker.pipe.close()  # at which it goes; nobody waits for it meanwhile
        wanted = min(self._processes, self._busy() + len(self._waiting))
        while len(self._workers) < (wanted or bool(self._last_tries)):
            self._workers.append(self._started())

    def _started(self) -> _Worker:
        try:
            return _Worker(self._work, self._free_number())
        except OSError as error:  # no memory, or too many processes
            raise WorkerDiedError(f"no worker process can be started: {error}") from error

    def _free_number(self) -> int:
        taken = {worker.number for worker in self._workers}
        return next(number for number in count() if number not in taken)

    def _next(self) -> _Task | None:
        if self._waiting:
            return self._waiting.popleft()
        if self._last_tries and not self._busy():
            return self._last_tries.popleft()
        return None

    def _heard_from(self) -> list[_Worker]:
        """The workers that have said something, or that are dead."""
        pipes = multiprocessing.connection.wait(
            [worker.pipe for worker in self._workers], POLL_SECONDS
        )
        return [
            worker
            for worker in self._workers
            if worker.pipe in pipes or not worker.process.is_alive()
        ]

    def _hear(self, worker: _Worker) -> Iterator[Any]:
        """Takes in one message; yields the result if it is one."""
        said, value = worker.said()
        if said == "dead":
            self._bury(worker)
        elif said == "ready":
            worker.ready, self._false_starts = True, 0
        elif said == "ticks":
            self._count(worker.task, value)
        else:
            worker.task = None
            if said == "result":
                yield value
            else:
                self._stop_for(value)

    def _count(self, task: _Task | None, units: int) -> None:
        """Units of progress, or those of a lost try, taken back."""
        if task is not None and units:
            task.ticks += units
            self._on_progress(units)

    def _stop_for(self, error: Exception) -> None:
        """Hands out nothing more; what is under way is finished, as it may be worth hours."""
        self._error = self._error or error
        self._waiting.clear()
        self._last_tries.clear()

    def _bury(self, worker: _Worker) -> None:
        """Parts with a worker that died; its item is tried again, or given up."""
        self._workers.remove(worker)
        worker.end()
        how, task = _ending_of(worker.process), worker.task
        if not worker.ready:
            self._false_starts += 1
            if self._false_starts == TRIES:
                raise WorkerDiedError(f"no worker process can be started: the last {how}")
        if task is None:
            return
        self._count(task, -task.ticks)
        task.deaths += 1
        log.warning("the process of %s %s, in try %d of %d", task.name, how, task.deaths, TRIES)
        if task.deaths == TRIES:
            self._given_up.append(f"the process of {task.name} {how}")
        elif self._error is None:
            queue = self._last_tries if task.deaths == TRIES - 1 else self._waiting
            queue.append(task)


def _ending_of(process: BaseProcess) -> str:
    code = process.exitcode or 0
    if code < 0:
        return f"was ended by signal {-code} ({signal.strsignal(-code)})"
    return f"ended with exit code {code}"


def _serve(work: Work, pipe: Connection, number: int) -> None:
    """What a worker process does: items in, ticks and answers out, until the pipe is closed."""
    global _number
    _number = number
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    leave_out_pandas()
    pipe.send(("ready", None))
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        try:
            answer = "result", work(item, lambda units: pipe.send(("ticks", units)))
        except Exception as error:  # whatever it is, it is raised in the parent
            answer = "error", _portable(error)
        pipe.send(answer)


def _portable(error: Exception) -> Exception:
    """The error with the place it was raised at, as something that survives the pipe."""
    note = f"raised in a worker process:\n{''.join(traceback.format_exception(error))}"
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301, these are our own bytes
    except Exception:  # some classes cannot be made anew from what they keep
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(note)
    return error


def _end_with_parent() -> None:
    """Ends this process once its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
