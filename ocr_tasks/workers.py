"""A pool of processes for work that fills a core each."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ocr_tasks.errors import WorkerDiedError

POLL_SECONDS = 0.2

Work = Callable[[Any, Callable[[int], None]], Any]

_ticks: Any = None  # in a worker: the queue on which it counts its progress


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))


def run_in_processes(
    work: Work, items: Sequence[Any], processes: int, on_progress: Callable[[int], None]
) -> Iterator[Any]:
    """``work(item, tick)`` for every item, in fresh processes; yields results as they come.

    ``work`` calls ``tick(n)`` when n units are done; ``on_progress`` hears of it here. Processes
    are spawned, not forked: inference libraries start threads, which a fork does not survive.

    Raises:
        WorkerDiedError: a process was killed or crashed.
        Exception: whatever ``work`` raised.
    """
    context = multiprocessing.get_context("spawn")
    ticks = context.SimpleQueue()  # no thread behind it: a tick is there before its result is
    pool = ProcessPoolExecutor(processes, context, initializer=_start, initargs=(ticks,))
    try:
        waiting = {pool.submit(_call, work, item) for item in items}
        while waiting:
            done, waiting = wait(waiting, POLL_SECONDS, FIRST_COMPLETED)
            while not ticks.empty():
                on_progress(ticks.get())
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:  # a result's, or that of handing out further items
        raise WorkerDiedError("a worker process ended without an answer") from error
    except (KeyboardInterrupt, GeneratorExit):  # nobody waits for what is under way
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(ticks: Any) -> None:
    global _ticks
    _ticks = ticks
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process once its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _call(work: Work, item: Any) -> Any:
    return work(item, _ticks.put)
