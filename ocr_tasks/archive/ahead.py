"""Running an iterator in a thread of its own, a little ahead of its use."""

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _End:
    """What a source ends with: nothing more, or the error it raised."""

    error: BaseException | None


class _Handover(Generic[T]):
    """A queue of bounded length between a source's thread and its reader."""

    def __init__(self, length: int) -> None:
        self.items: queue.Queue[T | _End] = queue.Queue(length)
        self.unwanted = threading.Event()

    def fill_from(self, source: Iterator[T]) -> None:
        """Puts in everything of ``source``, until nobody wants more."""
        try:
            for item in source:
                self._put(item)
                if self.unwanted.is_set():
                    return
        except BaseException as error:  # handed over, and raised where the items are used
            self._put(_End(error))
        else:
            self._put(_End(None))

    def _put(self, item: T | _End) -> None:
        while not self.unwanted.is_set():
            with suppress(queue.Full):
                self.items.put(item, timeout=0.1)
                return


def iterate_ahead(source: Iterator[T], length: int) -> Iterator[T]:
    """The items of ``source``, of which up to ``length`` are made before they are asked for.

    An error in ``source`` is raised here, behind the items that came before it. Whoever stops
    early leaves no thread behind.
    """
    handover: _Handover[T] = _Handover(max(1, length))
    thread = threading.Thread(target=handover.fill_from, args=(source,), daemon=True)
    thread.start()
    try:
        while not isinstance(item := handover.items.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        handover.unwanted.set()
        thread.join()
