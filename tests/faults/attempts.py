"""Attempts at a shard by ``infer --shard``, which may be killed, and how far they had come."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.faults import commands, gate, hooks
from tests.faults.places import Bucket, Folder, Place
from tests.faults.processes import HOOKED, Started, start

STARTING = "starting"
Steps = list[tuple[str, float]]  # each with its time on the monotonic clock


@dataclass
class Attempt:
    """A worker at a shard."""

    worker: Started
    steps: Callable[[], Steps]

    def moment(self) -> str:
        """The last step it took."""
        return ([STARTING] + [step for step, _ in self.steps()])[-1]

    def reading_since(self) -> float | None:
        """When it opened its first page."""
        return next((when for step, when in self.steps() if step == hooks.READING), None)


class Ground(Protocol):
    """A kind of store: where its runs lie, and how a worker on it is watched and hit."""

    commit_steps: tuple[str, ...]  # at which a worker can be made to die
    share: float  # of requests that meet a fault

    def place(self, name: str) -> Place:
        """A fresh output of that name beside the one input."""
        ...

    def attempt(
        self, place: Place, run_id: str, shard_id: str, die_at: str | None
    ) -> AbstractContextManager[Attempt]:
        """A worker at the shard, started."""
        ...


@dataclass
class OnDisk:
    """Local files: the worker itself tells its steps."""

    source: str
    folder: Path
    commit_steps: tuple[str, ...] = hooks.STEPS
    share: float = 0.0

    def place(self, name: str) -> Folder:
        return Folder(self.source, str(self.folder / name))

    @contextmanager
    def attempt(
        self, place: Place, run_id: str, shard_id: str, die_at: str | None
    ) -> Iterator[Attempt]:
        args = commands.infer(place, run_id, shard_id)
        env = {hooks.SOURCE: self.source.removeprefix("file://")}
        if die_at is not None:
            env[hooks.DIE_AT] = die_at
        worker = start(HOOKED + args, self.folder / "logs", env)
        yield Attempt(worker, lambda: _told(worker.trace))


@dataclass
class OnS3:
    """A bucket: each worker has a gate of its own before the server."""

    bucket: Bucket
    url: str
    folder: Path
    share: float = 0.0
    commit_steps: tuple[str, ...] = (gate.UPLOADING, gate.ANSWERED)
    attempts: int = 0

    def place(self, name: str) -> Bucket:
        return Bucket(self.bucket.bucket, name, self.bucket.client, self.bucket.env)

    @contextmanager
    def attempt(
        self, place: Place, run_id: str, shard_id: str, die_at: str | None
    ) -> Iterator[Attempt]:
        self.attempts += 1
        args = commands.infer(place, run_id, shard_id)
        with gate.gate_to(self.url, die_at, share=self.share, seed=self.attempts) as opened:
            env = dict(place.env) | {"AWS_ENDPOINT_URL": opened.url}
            worker = start(HOOKED + args, self.folder / "logs", env)
            opened.kill = worker.kill
            yield Attempt(worker, lambda: list(opened.steps))


def _told(trace: Path) -> Steps:
    lines = trace.read_text().splitlines() if trace.exists() else []
    return [(step, float(when)) for step, when in (line.split() for line in lines)]
