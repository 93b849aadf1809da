"""The DAG model_finetune where the dataset is of pages: the same tasks promote a detector."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ocr_tasks import storage
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.evaluation.contest import CANDIDATE, CHAMPION, champions_name
from ocr_tasks.evaluation.found import PageReport
from ocr_tasks.evaluation.found_outputs import read_found, write_found
from ocr_tasks.registry.champions import champion
from ocr_tasks.training.detection import loop
from ocr_tasks.training.detection import train as room
from tests.dags.conftest import asset_events, run_of, tasks_of
from tests.training.detection.pages import write_drawn

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow warns about its own parts

SMALLEST = {
    "detector": {"scope": "head", "threads": 1, "batch": 2, "crop_side": 64},
    "engine": {"kind": "onnx", "threads": 1},
    "gate": {"min_documents": 4, "needs_retention": False, "guards": {"max_time_ratio": 100}},
}


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a run is given; the environment of the worker makes it small."""
    for section, values in SMALLEST.items():
        monkeypatch.setenv(f"OCR_TASKS_{section.upper()}", json.dumps(values))
    monkeypatch.setattr(room, "PARITY_CROPS", 2)
    places = {key: storage.absolute(str(tmp_path / key)) for key in ("output", "registry")}
    return places | {"dataset": write_drawn(tmp_path / "pages", train=2, val=1, test=8)}


def plant_gains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has training find more after each epoch, and the candidate find what the champion misses."""
    from ocr_tasks.jobs import model_finetune as job

    score, rising, decide = loop.found_in, iter(range(1, 9)), job.decide

    def found_more(*told: Any) -> Any:
        return replace(score(*told), expected=99, matched=next(rising))

    def decide_on_planted(settings: Any) -> Any:
        both = read_found(settings.output, "test")
        planted = {
            CANDIDATE: _finding(both[CANDIDATE], lambda expected: expected),
            CHAMPION: _finding(both[CHAMPION], lambda expected: expected - 1),
        }
        pages = read_dataset(settings.dataset, settings.layout, settings.groups)
        champion = {CHAMPION: planted[CHAMPION]}
        for name, reports in {"test": planted, champions_name("test"): champion}.items():
            write_found(settings.output, name, reports, pages, settings.limits)
        return decide(settings, workers=1)

    monkeypatch.setattr(loop, "found_in", found_more)
    monkeypatch.setattr(job, "decide", decide_on_planted)


def _finding(report: PageReport, matched: Callable[[int], int]) -> PageReport:
    pages = [
        replace(page, score=replace(page.score, matched=many, found=many))
        for page in report.pages
        for many in [matched(page.score.expected)]
    ]
    return replace(report, pages=tuple(pages))


def state_of(dag_run: Any, task_id: str) -> str:
    return tasks_of(dag_run, task_id)[0].state


def test_a_detector_that_finds_more_is_promoted_and_the_asset_says_what_it_is(
    model_finetune: Any, conf: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_gains(monkeypatch)
    dag_run = run_of(model_finetune, **conf, epochs=2, name="finder")
    assert dag_run.state == "success"
    stands = champion(conf["registry"], "det")
    (event,) = asset_events(dag_run, "ocr_champion")
    assert (event["kind"], event["sha256"]) == ("det", stands.digest)
    assert champion(conf["registry"], "rec") is None
    (asked,) = tasks_of(dag_run, "gate")
    assert "| hmean | 0." in asked.xcom_pull(task_ids="gate")  # for who is asked to approve
    (folder,) = storage.names_in(conf["output"])
    result = json.loads(storage.read_bytes(f"{conf['output']}/{folder}/train_result.json"))
    assert [each["epoch"] for each in result["evaluations"]] == [0, 1, 2]


def test_a_detector_that_finds_no_more_fails_at_the_gate(
    model_finetune: Any, conf: dict[str, Any]
) -> None:
    dag_run = run_of(model_finetune, **conf, epochs=1)
    assert (state_of(dag_run, "evaluate"), state_of(dag_run, "gate")) == ("success", "failed")
    assert champion(conf["registry"], "det") is None


def test_a_sweep_of_pages_is_refused_before_anything_is_read(
    model_finetune: Any, conf: dict[str, Any]
) -> None:
    dag_run = run_of(model_finetune, **conf, sweep=[{"epochs": [1, 2]}])
    assert state_of(dag_run, "evaluate_base") == "failed"
    assert storage.names_in(conf["output"]) == []
