"""`run` is killed with all its processes, alone, or loses a worker, again and again."""

import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from tests.faults import commands
from tests.faults.comparing import assert_sealed_like, is_sealed
from tests.faults.conftest import Calm, Report
from tests.faults.places import Bucket, Folder, Place, parts_of, staged_of
from tests.faults.processes import COMMAND, HOOKED, KILLED, Started, start, title_of
from tests.faults.sizes import FAULTS, KILLS

pytestmark = FAULTS

TREE, PARENT, WORKER = "whole tree", "parent alone", "one worker"
WAYS = (WORKER, PARENT, TREE)
KILLS_A_RUN = 5
# What a kill can leave behind.
NOTHING_YET, PARTLY, STAGED = "no shard committed", "some shards committed", "a part staged"


@dataclass
class TreeKiller:
    """Starts a run again and again and ends it each time in another way."""

    calm: Calm
    folder: Path
    rng: random.Random
    ways: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)

    def disturb(self, place: Place, run_id: str) -> None:
        """Kills the run some times, unless it is done before; then has it finished."""
        for _ in range(KILLS_A_RUN):
            if not is_sealed(place, run_id):
                self._start_and_kill(place, run_id)
        commands.finish(place, self.folder, run_id)
        assert_sealed_like(place, run_id, self.calm.pages)

    def _start_and_kill(self, place: Place, run_id: str) -> None:
        before = set(place.keys(staged_of(run_id)))
        way = min(WAYS, key=self.ways.__getitem__)
        started = start(HOOKED + commands.run(place, run_id), self.folder, place.env)
        self._wait_for_a_moment(place, run_id, started)
        if way == TREE:
            started.kill_tree()
        elif way == PARENT:
            started.kill()
        elif not _kill_a_worker(started, self.rng):
            way = TREE
            started.kill_tree()
        code = started.wait()
        started.assert_nobody_left()
        if way == WORKER:
            assert code == 0 or "E_WORKER" in started.said(), started.said()
        elif code != KILLED:
            assert code == 0, started.said()
            return  # it was done before
        self.ways[way] += 1
        if set(place.keys(staged_of(run_id))) - before:
            self.moments[STAGED] += 1
        else:
            self.moments[PARTLY if place.keys(parts_of(run_id)) else NOTHING_YET] += 1

    def _wait_for_a_moment(self, place: Place, run_id: str, started: Started) -> None:
        """Every other time until the next part is staged or committed, else for a while."""
        is_aimed = self.rng.random() < 0.5
        longest = self.calm.seconds * (3 if is_aimed else self.rng.uniform(0.1, 1))
        before = _written(place, run_id)
        while not started.has_ended and time.monotonic() < started.started + longest:
            if is_aimed and _written(place, run_id) != before:
                return
            time.sleep(0.002)


def _written(place: Place, run_id: str) -> list[str]:
    return place.keys(staged_of(run_id)) + place.keys(parts_of(run_id))


def _kill_a_worker(started: Started, rng: random.Random) -> bool:
    """Kills one of the pool, if there is one by now; says whether there was."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(started.process.pid).children()
        for worker in rng.sample(children, len(children)):
            if "spawn_main" in title_of(worker):
                worker.kill()
                return True
    return False


def kill_trees(killer: TreeKiller, place: Place, kills: int, figures: Report) -> None:
    """Run after run, until enough were killed, and at moments that matter."""
    runs = 0
    while killer.ways.total() < kills or len(killer.ways) < len(WAYS):
        runs += 1
        killer.disturb(place, f"r{runs}")
    figures({**killer.ways, **killer.moments, "runs": runs})
    assert killer.moments[PARTLY] + killer.moments[STAGED] >= kills / 4


def test_a_run_on_local_files_survives_the_death_of_its_processes(
    scans: str, calm: Calm, tmp_path: Path, figures: Report
) -> None:
    place = Folder(scans, str(tmp_path / "out"))
    killer = TreeKiller(calm, tmp_path, random.Random(KILLS))
    kill_trees(killer, place, max(6, KILLS // 3), figures)


def test_a_run_on_s3_survives_the_death_of_its_processes(
    bucket: Bucket, calm_s3: Calm, tmp_path: Path, figures: Report
) -> None:
    killer = TreeKiller(calm_s3, tmp_path, random.Random(KILLS))
    kill_trees(killer, replace(bucket, prefix="trees"), max(5, KILLS // 6), figures)


def test_two_commands_with_one_run_id_end_in_one_run(
    scans: str, calm: Calm, tmp_path: Path
) -> None:
    place = Folder(scans, str(tmp_path / "out"))
    twins = [start(COMMAND + commands.run(place, "r1"), tmp_path) for _ in range(2)]
    for twin in twins:
        assert twin.wait(240) == 0, twin.said()
        twin.assert_nobody_left()
    assert_sealed_like(place, "r1", calm.pages)
