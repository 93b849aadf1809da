"""Batches of images or pages, done by several processes or by this one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ocr_tasks.workers import cores, run_in_processes

Tick = Callable[[int], None]


def done_in_batches(
    work: Callable[[Any, Tick], Any],
    batches: Sequence[tuple[Sequence[Any], *tuple[Any, ...]]],
    workers: int | None,
    here: Callable[[int], bool],
    on_progress: Callable[[int, int], None],
    name: Callable[[Any], str],
) -> Iterator[Any]:
    """What ``work`` makes of each batch, whose first element is what is counted.

    ``here`` says, by the number of processes there would be, whether all is done in this one.
    ``on_progress`` hears (done, in all), and ``name`` says a batch in a message.

    Raises:
        WorkerDiedError: the processes of a batch died in every try.
    """
    done, total = 0, sum(len(batch[0]) for batch in batches)
    on_progress(done, total)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        on_progress(done, total)

    processes = max(1, min(workers or cores(), len(batches)))
    if here(processes):
        for batch in batches:
            yield work(batch, advance)
    else:
        yield from run_in_processes(work, batches, processes, advance, name)
