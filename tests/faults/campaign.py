"""Runs whose workers are killed at every shard, at random moments and at aimed ones."""

import random
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import commands
from tests.faults.attempts import Attempt, Ground
from tests.faults.comparing import Pages, assert_sealed_like
from tests.faults.places import Place, part_of, staged_of
from tests.faults.processes import KILLED

ROUNDS = 3  # of attempts at a shard, before it is left to the end of the run


@dataclass(frozen=True)
class Fate:
    """When a worker is to die: at a step, at a time since it started or since it read, or never."""

    at_step: str | None = None
    after: float | None = None
    since_reading: bool = False

    def is_due(self, attempt: Attempt) -> bool:
        """Whether the time has come."""
        if self.after is None:
            return False
        since = attempt.reading_since() if self.since_reading else attempt.worker.started
        return since is not None and time.monotonic() >= since + self.after


@dataclass
class Tally:
    """What was done to the workers. A moment is the last step that a killed worker took."""

    runs: int = 0
    attempts: int = 0
    duplicates: int = 0  # attempts beside another one at the same shard
    aimed: Counter[str] = field(default_factory=Counter)  # kills at a step, by moment
    random: Counter[str] = field(default_factory=Counter)  # kills at a time, by moment
    part_stood: int = 0  # kills of a worker whose shard was committed, by it or by another
    orphans: int = 0  # staged files that killed workers left

    @property
    def kills(self) -> int:
        """Kills of running workers."""
        return self.aimed.total() + self.random.total()

    def figures(self) -> dict[str, object]:
        """All of it, for the report."""
        return {
            "kills": self.kills,
            "aimed": dict(self.aimed),
            "random": dict(self.random),
            "committed when killed": self.part_stood,
            "duplicates": self.duplicates,
            "orphans": self.orphans,
            "attempts": self.attempts,
            "runs": self.runs,
        }


@dataclass
class Campaign:
    """Kills workers in one run after the other, until enough were killed."""

    ground: Ground
    undisturbed: Pages
    folder: Path
    rng: random.Random
    until_read: float  # seconds a worker that nobody disturbs takes until it reads a page
    until_end: float  # and until it has ended
    tally: Tally = field(default_factory=Tally)
    deck: list[Fate] = field(default_factory=list)

    def until_killed(self, kills: int) -> Tally:
        """Each run ends sealed, with the undisturbed run's rows."""
        while self.tally.kills < kills or set(self.tally.aimed) < set(self.ground.commit_steps):
            self.tally.runs += 1
            run_id = f"r{self.tally.runs}"
            place = self.ground.place(f"{self.folder.name}-{run_id}")
            for shard_id in commands.planned_shards(place, self.folder, run_id):
                for _ in range(ROUNDS):
                    self._round(place, run_id, shard_id)
                    if place.keys(part_of(run_id, shard_id)):
                        break
            self.tally.orphans += len(place.keys(staged_of(run_id)))
            commands.finish(place, self.folder, run_id)
            assert_sealed_like(place, run_id, self.undisturbed)
        return self.tally

    def _round(self, place: Place, run_id: str, shard_id: str) -> None:
        """One to three attempts at a shard at once, each to its end."""
        count = self.rng.choice([1, 2, 2, 3])
        self.tally.attempts += count
        self.tally.duplicates += count - 1
        with ExitStack() as opened:
            running = []
            for _ in range(count):
                fate = self._fate()
                context = self.ground.attempt(place, run_id, shard_id, fate.at_step)
                running.append((opened.enter_context(context), fate))
            while running:
                time.sleep(0.003)
                for attempt, fate in list(running):
                    if fate.is_due(attempt):
                        attempt.worker.kill()
                        attempt.worker.wait()
                    if attempt.worker.has_ended:
                        running.remove((attempt, fate))
                        committed = bool(place.keys(part_of(run_id, shard_id)))
                        self._account_for(attempt, fate, committed)

    def _fate(self) -> Fate:
        """The next of a shuffled deck, so that even few kills are of every kind."""
        if not self.deck:
            random_moments = [Fate(after=self.rng.uniform(0, self.until_end)) for _ in range(2)]
            reading = self.until_end - self.until_read
            while_reading = [
                Fate(after=self.rng.uniform(0, reading), since_reading=True) for _ in range(4)
            ]
            at_steps = [Fate(at_step=step) for step in self.ground.commit_steps]
            self.deck = [Fate(), Fate(), *random_moments, *while_reading, *at_steps]
            self.rng.shuffle(self.deck)
        return self.deck.pop()

    def _account_for(self, attempt: Attempt, fate: Fate, committed: bool) -> None:
        """Counts a worker that has ended; one that was not killed must have done its work."""
        attempt.worker.assert_nobody_left()
        code = attempt.worker.wait()
        if code == KILLED:
            moments = self.tally.random if fate.at_step is None else self.tally.aimed
            moments[attempt.moment()] += 1
            self.tally.part_stood += committed
        elif code != 0:
            said = attempt.worker.said()
            assert self.ground.share > 0, said
            assert "E_IO" in said, said
