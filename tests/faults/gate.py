"""A proxy before the S3 server for one worker: it sees how far the worker is, and can kill it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.faults.hooks import READING
from tests.s3_faults import LOST, RESET, FaultyS3, served

UPLOADING = "uploading"  # the part has left the worker and has not reached the store
ANSWERED = "answer on its way"  # the store has the part and the worker does not know


class Gate(FaultyS3):
    """Notes a worker's steps as ``hooks`` does for local files; ``kill`` is called at one."""

    def __init__(self, upstream: str, die_at: str | None = None, **options: Any) -> None:
        """``die_at`` is UPLOADING, ANSWERED or nothing; options go to the proxy of faults."""
        super().__init__(upstream, **options)
        self.steps: list[tuple[str, float]] = []
        self.kill: Callable[[], None] = lambda: None
        self._die_at = die_at

    def fault_for(self, method: str, path: str) -> str | None:
        """What a request meets: the worker's death at its commit, or what chance has for it."""
        if method == "PUT" and "/part-" in path:
            self._note(UPLOADING)
            if self._die_at == UPLOADING:
                self.kill()
                return RESET
            if self._die_at == ANSWERED:
                return LOST
        elif method == "GET" and "/in/" in path and not self.steps:
            self._note(READING)
        return super().fault_for(method, path)

    def count(self, counter: Counter[str], what: str) -> None:
        """Counts; where an answer is lost, the store has just carried the request out."""
        super().count(counter, what)
        if what == LOST and self._die_at == ANSWERED:
            self._note(ANSWERED)
            self.kill()

    def _note(self, step: str) -> None:
        self.steps.append((step, time.monotonic()))


@contextmanager
def gate_to(upstream: str, die_at: str | None, **options: Any) -> Iterator[Gate]:
    """A gate, served by threads of this process."""
    with Gate(upstream, die_at, **options) as gate, served(gate):
        yield gate
