"""The DAG archive_ocr under a real scheduler, LocalExecutor and API server."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.commands import PAGES_A_SHARD
from tests.faults.comparing import Pages, assert_sealed_like
from tests.faults.conftest import Report
from tests.faults.local_airflow import LocalAirflow, airflow_at
from tests.faults.places import Folder, parts_of
from tests.faults.processes import until
from tests.faults.sizes import FAULTS, KILLS, LONG

pytestmark = FAULTS

LONGEST = 600  # seconds of a run: a killed task waits for two minutes before it is tried again


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """One installation for all tests here: it takes half a minute to start."""
    with airflow_at(tmp_path_factory.mktemp("airflow") / "home") as started:
        yield started


def conf_for(place: Folder, tmp_path: Path) -> dict[str, Any]:
    """What the run is triggered with; of the input more fails than by default may."""
    config = tmp_path / "config.yaml"
    config.write_text("failures: {max_share: 0.9}\n")
    return {
        "input": place.source,
        "output": place.output,
        "engine": "fake",
        "pages_per_shard": PAGES_A_SHARD,
        "config": str(config),
    }


def test_a_run_under_the_local_executor_is_sealed(
    airflow: LocalAirflow, place: Folder, pages: Pages, tmp_path: Path
) -> None:
    airflow.trigger("calm", conf_for(place, tmp_path))
    assert airflow.wait_for("calm", LONGEST) == "success", airflow.said()
    assert_sealed_like(place, "calm", pages)
    assert set(airflow.tries("calm", "infer")) == {1}


@pytest.mark.skipif(not LONG, reason="Airflow's retries take minutes: FAULTS=100 and more")
def test_tasks_that_are_killed_are_tried_again_and_the_run_is_sealed(
    airflow: LocalAirflow, place: Folder, pages: Pages, tmp_path: Path, figures: Report
) -> None:
    rng, kills = random.Random(KILLS), 0
    airflow.trigger("killed", conf_for(place, tmp_path))
    until(lambda: airflow.tries("killed", "infer"), 120, airflow.said)
    while kills < 3:
        until(airflow.task_processes, LONGEST, airflow.said)
        time.sleep(rng.uniform(0, 3))
        for process in airflow.task_processes()[:1]:
            process.kill()
            kills += 1
            psutil.wait_procs([process], timeout=10)
    assert airflow.wait_for("killed", 3 * LONGEST) == "success", airflow.said()
    assert_sealed_like(place, "killed", pages)
    tries = [n for task in ("infer", "seal") for n in airflow.tries("killed", task)]
    figures({"kills": kills, "tries": sorted(tries), "parts": len(place.keys(parts_of("killed")))})
    assert sum(tries) > len(tries)
