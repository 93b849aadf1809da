"""The DAG model_finetune: its shape, and whole runs of it with the smallest training."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from ocr_tasks import storage
from ocr_tasks.evaluation import contest
from ocr_tasks.registry.champions import champion
from ocr_tasks.training import train as room
from tests.dags.conftest import DAGS, asset_events, run_of, tasks_of
from tests.jobs.tuning import SMALLEST, nudged_weights, plant_readings, settings_in

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow warns about its own parts

TRAIN = ["first_trials", "try_first", "second_trials", "try_second", "best_trial"]
STEPS = [
    "evaluate_base",
    *(f"train.{task}" for task in TRAIN),
    *("export", "evaluate", "gate", "approval", "promote"),
]


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a run is given; the environment of the worker makes it small."""
    monkeypatch.setattr(room, "RETENTION_LINES", 3)
    for section, values in SMALLEST.items():
        monkeypatch.setenv(f"OCR_TASKS_{section.upper()}", json.dumps(values))
    settings = settings_in(tmp_path)
    return {key: getattr(settings, key) for key in ("dataset", "output", "registry", "retention")}


def states_of(dag_run: Any) -> dict[str, tuple[str, int]]:
    told = {step: tasks_of(dag_run, step)[0] for step in STEPS}
    return {step: (task.state, task.try_number) for step, task in told.items()}


def plant_better_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every candidate read better than the champion, once it was evaluated."""
    from ocr_tasks.jobs import model_finetune as job

    decide = job.decide

    def decide_on_planted(settings: Any) -> Any:
        plant_readings(settings)
        return decide(settings, workers=1)

    monkeypatch.setattr(job, "decide", decide_on_planted)


def test_the_environment_may_name_times_at_which_it_runs_besides(
    airflow_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    monkeypatch.setenv("OCR_TASKS_FINETUNE_CRON", "0 3 * * 6")
    file = DAGS / "model_finetune.py"
    bag = BundleDagBag(dag_folder=file, bundle_path=DAGS, bundle_name="dags-folder")
    timetable = bag.dags["model_finetune"].timetable
    assert [asset.name for asset in timetable.asset_condition.objects] == ["ocr_dataset"]
    assert timetable.timetable.expression == "0 3 * * 6"


def test_the_task_graph_is_one_line_from_the_base_to_the_promotion(model_finetune: Any) -> None:
    graph = {task.task_id: task.downstream_task_ids for task in model_finetune.tasks}
    for first, then in itertools.pairwise(STEPS):
        assert then in graph[first]
    assert graph["promote"] == set()
    outlets = model_finetune.get_task("promote").outlets
    assert [asset.name for asset in outlets] == ["ocr_champion"]
    scheduled = model_finetune.timetable.asset_condition.objects
    assert [asset.name for asset in scheduled] == ["ocr_dataset"]


def test_a_candidate_that_the_gate_refuses_fails_the_run_once_and_nobody_is_promoted(
    model_finetune: Any, conf: dict[str, str]
) -> None:
    dag_run = run_of(model_finetune, **conf, epochs=1)
    assert dag_run.state == "failed"
    states = states_of(dag_run)
    assert states["train.try_second"][0] == "skipped"
    before = STEPS[: STEPS.index("gate")]
    assert {states[step] for step in before if step != "train.try_second"} == {("success", 1)}
    assert states["gate"] == ("failed", 1)
    assert states["approval"][0] == "upstream_failed"
    assert states["promote"][0] == "upstream_failed"
    assert champion(conf["registry"], "rec") is None
    assert asset_events(dag_run, "ocr_champion") == []
    (folder,) = storage.names_in(conf["output"])
    verdict = json.loads(storage.read_bytes(f"{conf['output']}/{folder}/verdict.json"))
    assert verdict["promoted"] is False


def test_the_best_of_a_sweep_that_reads_better_is_promoted_and_the_asset_is_told(
    model_finetune: Any, conf: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_TASKS_TRAIN__BASE", nudged_weights(tmp_path))
    plant_better_readings(monkeypatch)
    sweep = [{"learning_rate": [1e-6, 1e38]}, {"epochs": [1, 2]}]
    dag_run = run_of(model_finetune, **conf, sweep=sweep)
    assert dag_run.state == "success"
    assert states_of(dag_run)["approval"][0] == "skipped"
    (event,) = asset_events(dag_run, "ocr_champion")
    stands = champion(conf["registry"], "rec")
    assert (stands.digest, stands.number) == (event["sha256"], event["number"])
    assert event["registry"] == conf["registry"]
    assert event["url"].endswith(contest.WEIGHTS)
    tried = [*tasks_of(dag_run, "train.try_first"), *tasks_of(dag_run, "train.try_second")]
    assert [task.rendered_map_index for task in tried] == [
        "learning_rate=1e-06",
        "learning_rate=1e+38",
        "learning_rate=1e-06, epochs=1",
        "learning_rate=1e-06, epochs=2",
    ]
    (folder,) = storage.names_in(conf["output"])
    told = json.loads(storage.read_bytes(f"{conf['output']}/{folder}/sweep.json"))
    assert "the loss is nan" in told["stages"][0]["trials"][1]["fault"]
    assert len(storage.names_in(f"{conf['output']}/{folder}/trials")) == 3


def test_more_options_than_stages_are_refused_before_anything_is_read(
    model_finetune: Any, conf: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    three = {"epochs": [1], "batch": [4], "seed": [1]}
    monkeypatch.setenv("OCR_TASKS_SWEEP", json.dumps(three))
    dag_run = run_of(model_finetune, **conf)
    assert states_of(dag_run)["evaluate_base"] == ("failed", 1)
    assert storage.names_in(conf["output"]) == []


def test_an_unknown_key_in_the_conf_stops_the_run_at_once(
    model_finetune: Any, conf: dict[str, str]
) -> None:
    dag_run = run_of(model_finetune, **conf, epoch=1)
    assert states_of(dag_run)["evaluate_base"] == ("failed", 1)
    assert storage.names_in(conf["output"]) == []
