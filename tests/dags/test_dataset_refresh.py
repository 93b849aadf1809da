"""The DAG dataset_refresh: its shape, and whole runs of it in SQLite."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import asset_events, run_of, tasks_of
from tests.dataset.folders import CHARACTERS, drawn_lines, write_lines

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow warns about its own parts


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A dataset that nobody has split yet: thirty groups of three lines, all in train.txt."""
    write_lines(tmp_path / "data", CHARACTERS, train=drawn_lines(90))
    return tmp_path / "data"


def versions_in(output: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in output.glob("datasets/*/*/version.json")]
    return sorted(found, key=lambda each: each["created_at"])


def test_the_task_graph_is_check_split_quality_publish(dataset_refresh: Any) -> None:
    graph = {task.task_id: task.downstream_task_ids for task in dataset_refresh.tasks}
    assert graph == {
        "check": {"split", "quality", "publish"},
        "split": {"quality"},
        "quality": {"publish"},
        "publish": set(),
    }
    outlets = dataset_refresh.get_task("publish").outlets
    assert [asset.name for asset in outlets] == ["ocr_dataset"]


def test_a_run_splits_judges_publishes_and_tells_the_asset(
    dataset_refresh: Any, lines: Path, tmp_path: Path
) -> None:
    conf = {"dataset": str(lines), "output": str(tmp_path / "out"), "split": True, "name": "drawn"}
    dag_run = run_of(dataset_refresh, **conf)
    assert dag_run.state == "success"
    (version,) = versions_in(tmp_path / "out")
    assert sum(version["samples"].values()) == 90
    assert version["samples"]["val"] == 18
    assert version["dag_run_id"] == dag_run.run_id
    (event,) = asset_events(dag_run, "ocr_dataset")
    assert (event["fingerprint"], event["name"]) == (version["fingerprint"], "drawn")
    assert Path(event["url"].removeprefix("file://"), "train.txt").exists()


def test_nothing_new_is_no_update_and_new_lines_are_another_version(
    dataset_refresh: Any, lines: Path, tmp_path: Path
) -> None:
    conf = {"dataset": str(lines), "output": str(tmp_path / "out"), "split": True}
    run_of(dataset_refresh, **conf)
    again = run_of(dataset_refresh, **conf)
    assert {task.state for task in tasks_of(again, "publish")} == {"skipped"}
    assert asset_events(again, "ocr_dataset") == []
    more = drawn_lines(3, first=300)
    for line in more:
        (lines / line.name).write_bytes(line.image)
    with (lines / "train.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{line.name}\t{line.label}\n" for line in more)
    grown = run_of(dataset_refresh, **conf)
    assert len(asset_events(grown, "ocr_dataset")) == 1
    first, second = versions_in(tmp_path / "out")
    assert sum(second["samples"].values()) == sum(first["samples"].values()) + 3


def test_critical_findings_that_no_split_mends_stop_the_run_at_the_check(
    dataset_refresh: Any, lines: Path, tmp_path: Path
) -> None:
    (lines / "images" / "g000_0000.jpg").unlink()
    conf = {"dataset": str(lines), "output": str(tmp_path / "out")}
    dag_run = run_of(dataset_refresh, **conf, split=True)
    assert dag_run.state == "failed"
    assert [(task.state, task.try_number) for task in tasks_of(dag_run, "check")] == [("failed", 1)]
    assert not (lines / "val.txt").exists()
    assert versions_in(tmp_path / "out") == []


def test_a_leak_stops_the_run_unless_it_splits(
    dataset_refresh: Any, lines: Path, tmp_path: Path
) -> None:
    every = (lines / "train.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (lines / "train.txt").write_text("".join(every[:70]), encoding="utf-8")
    (lines / "val.txt").write_text("".join(every[70:]), encoding="utf-8")  # 69 and 70: one group
    conf = {"dataset": str(lines), "output": str(tmp_path / "out")}
    assert run_of(dataset_refresh, **conf).state == "failed"
    assert versions_in(tmp_path / "out") == []
    assert run_of(dataset_refresh, **conf, split=True).state == "success"
    assert len(versions_in(tmp_path / "out")) == 1


def test_an_expectation_that_is_not_met_stops_the_run_at_the_gate(
    dataset_refresh: Any, lines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_TASKS_QUALITY__MIN_VAL", "500")
    conf = {"dataset": str(lines), "output": str(tmp_path / "out"), "split": True}
    dag_run = run_of(dataset_refresh, **conf)
    states = [(task.state, task.try_number) for task in tasks_of(dag_run, "quality")]
    assert states == [("failed", 1)]
    word = json.loads((tmp_path / "out" / "draft_dataset" / "quality.json").read_text())
    assert (word["success"], len(word["failed"])) == (False, 1)
    assert "is_val" in word["failed"][0]
    assert versions_in(tmp_path / "out") == []


def test_an_unknown_key_in_the_conf_stops_the_run_at_once(
    dataset_refresh: Any, lines: Path, tmp_path: Path
) -> None:
    conf = {"dataset": str(lines), "output": str(tmp_path / "out")}
    assert run_of(dataset_refresh, **conf, spilt=True).state == "failed"
    assert not (tmp_path / "out").exists()
