"""Shards read in a Celery worker's prefork children, who may have no multiprocessing children."""

import random
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.faults import commands
from tests.faults.celery_app import BROKER, app_at
from tests.faults.comparing import Pages, assert_sealed_like
from tests.faults.conftest import Report
from tests.faults.places import Folder, parts_of
from tests.faults.processes import Started, start, until
from tests.faults.sizes import FAULTS, KILLS

pytestmark = [*FAULTS, pytest.mark.filterwarnings("ignore")]  # Celery warns about its own parts

CHILDREN = 2


@pytest.fixture
def broker(tmp_path: Path) -> Path:
    """The folder of the messages."""
    return tmp_path / "broker"


def started_worker(broker: Path, folder: Path) -> Started:
    """A Celery worker with two prefork children, once it takes tasks."""
    options = ("--pool=prefork", f"--concurrency={CHILDREN}", "--loglevel=info")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    app = ("celery", "-A", "tests.faults.celery_app", "worker", *options, *quiet)
    app_at(broker)
    worker = start((sys.executable, "-m", *app), folder, {BROKER: str(broker)})
    until(lambda: "ready." in worker.said(), 120, worker.said)
    return worker


def send(broker: Path, place: Folder, run_id: str, shard_ids: list[str]) -> None:
    """Sends a task for each shard."""
    with app_at(broker) as app:
        for shard_id in shard_ids:
            app.send_task("infer", (place.output, run_id, shard_id))


def test_shards_are_read_in_prefork_children(
    broker: Path, place: Folder, pages: Pages, tmp_path: Path
) -> None:
    shard_ids = commands.planned_shards(place, tmp_path, "r1")
    worker = started_worker(broker, tmp_path)
    send(broker, place, "r1", shard_ids)
    until(lambda: len(place.keys(parts_of("r1"))) == len(shard_ids), 240, worker.said)
    worker.process.terminate()
    assert worker.wait() == 0
    worker.assert_nobody_left()
    assert "daemonic processes" not in worker.said()
    commands.do_well(place, tmp_path, commands.seal(place, "r1"))
    assert_sealed_like(place, "r1", pages)


def test_no_page_is_lost_or_doubled_when_prefork_workers_are_killed(
    broker: Path, place: Folder, pages: Pages, tmp_path: Path, figures: Report
) -> None:
    """Celery may lose the messages of whom was killed: the run is finished without them."""
    rng, kills, runs, parts = random.Random(KILLS), 0, 0, 0
    while kills < max(4, KILLS // 5):
        runs += 1
        run_id = f"r{runs}"
        shard_ids = commands.planned_shards(place, tmp_path, run_id)
        worker = started_worker(broker, tmp_path)
        send(broker, place, run_id, rng.sample(shard_ids * 2, len(shard_ids) * 2))  # each twice
        time.sleep(rng.uniform(1, 5))
        rng.choice(psutil.Process(worker.process.pid).children()).kill()
        time.sleep(rng.uniform(0, 5))
        worker.kill_tree()
        worker.wait()
        worker.assert_nobody_left()
        kills += 2
        parts += len(place.keys(parts_of(run_id)))
        commands.finish_here(place, run_id)
        assert_sealed_like(place, run_id, pages)
    figures({"kills": kills, "parts committed before": parts, "runs": runs})
