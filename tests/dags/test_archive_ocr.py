"""The DAG archive_ocr: its shape, and whole runs of it in SQLite."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from ocr_tasks import storage
from ocr_tasks.registry.champions import promote
from tests.dags.conftest import DAGS, asset_events, run_of, tasks_of
from tests.makers import fill_folder, noise_pages
from tests.registry.models import registered
from tests.tiny_onnx import write_recognizer

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow warns about its own parts

SAMPLE = Path(__file__).parents[1] / "data" / "sample_archive"


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Five small pages, each with its own noise, for the fake engine."""
    fill_folder(tmp_path / "scans", noise_pages(5))
    return tmp_path / "scans"


def test_every_dag_imports(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}
    assert set(dag_bag.dags) == {"archive_ocr", "dataset_refresh", "model_finetune"}


def test_the_task_graph_is_plan_infer_seal(archive_ocr: Any) -> None:
    graph = {task.task_id: sorted(task.downstream_task_ids) for task in archive_ocr.tasks}
    assert graph == {"plan": ["infer", "seal"], "infer": ["seal"], "seal": []}
    infer = archive_ocr.get_task("infer")
    assert infer.is_mapped
    assert (infer.pool, infer.queue) == ("ocr", "ocr")
    assert infer.execution_timeout is not None
    assert [asset.name for asset in archive_ocr.get_task("seal").outlets] == ["ocr_results"]


@pytest.mark.parametrize("name", ["archive_ocr", "dataset_refresh"])
def test_parsing_imports_no_ocr_code(name: str) -> None:
    code = (
        f"import sys; sys.path.insert(0, sys.argv[1]); import {name};"
        "heavy = {'cv2', 'numpy', 'onnxruntime', 'paddle', 'pyarrow', 'PIL', 'pypdfium2',"
        "'great_expectations'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(DAGS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr


def test_a_run_reads_real_pages(archive_ocr: Any, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    shutil.copy(SAMPLE / "library" / "annual-report-1984.pdf", scans)
    shutil.copy(SAMPLE / "theatre" / "act-1-page-11.jpg", scans)
    dag_run = _run(archive_ocr, scans, tmp_path / "out", collection="three")
    assert dag_run.state == "success"
    rows = ds.dataset(tmp_path / "out" / "pages").to_table().to_pylist()
    assert len(rows) == 3
    assert {row["dag_run_id"] for row in rows} == {dag_run.run_id}
    text = "\n".join(row["text"] for row in rows)
    for words in ("dont les collections", "le prêt", "SCENE I"):
        assert words in text


def test_a_run_maps_a_task_a_shard_and_tells_the_asset(
    archive_ocr: Any, scans: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    dag_run = _run(archive_ocr, scans, output, collection="c", engine="fake", pages_per_shard=2)
    assert dag_run.state == "success"
    assert len(tasks_of(dag_run, "infer")) == 3
    (seal,) = (json.loads(path.read_text()) for path in output.glob("_runs/*/seal.json"))
    assert seal["by_status"] == {"ok": 5}
    events = asset_events(dag_run)
    assert [(event["run_id"], event["pages"]) for event in events] == [(seal["run_id"], 5)]


def test_the_champion_of_the_registry_reads_and_the_next_run_has_the_next_one(
    archive_ocr: Any, scans: Path, tmp_path: Path
) -> None:
    root, output = storage.absolute(str(tmp_path / "registry")), tmp_path / "out"
    conf = {"registry": root, "engine": "onnx", "pages_per_shard": 4}
    digests = []
    for number, confused in enumerate(({"a": "b"}, {"c": "b"})):
        weights = write_recognizer(tmp_path / "bars" / "inference.onnx", confused).read_bytes()
        digests.append(registered(root, storage.absolute(str(tmp_path / "e")), weights).digest)
        promote(root, "rec", digests[number], number, "better")
        dag_run = _run(archive_ocr, scans, output, **conf)
        assert dag_run.state == "success"
        rows = ds.dataset(output / "pages").to_table().to_pylist()
        of_run = [row for row in rows if row["dag_run_id"] == dag_run.run_id]
        assert {row["rec_model_sha256"] for row in of_run} == {digests[number]}
    assert len({*digests}) == 2


def test_an_unknown_key_in_the_conf_stops_the_run_at_once(
    archive_ocr: Any, scans: Path, tmp_path: Path
) -> None:
    dag_run = _run(archive_ocr, scans, tmp_path / "out", engine="fake", pages_per_shrd=2)
    assert dag_run.state == "failed"
    assert [(task.state, task.try_number) for task in tasks_of(dag_run, "plan")] == [("failed", 1)]
    assert not (tmp_path / "out").exists()


def test_too_many_failed_pages_fail_the_seal_but_the_run_is_sealed(
    archive_ocr: Any, scans: Path, tmp_path: Path
) -> None:
    (scans / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"no image")
    dag_run = _run(archive_ocr, scans, tmp_path / "out", engine="fake")
    assert dag_run.state == "failed"
    assert [task.try_number for task in tasks_of(dag_run, "seal")] == [1]
    assert len(list((tmp_path / "out").glob("_runs/*/seal.json"))) == 1
    assert asset_events(dag_run) == []


def test_a_retry_reads_the_failed_pages_of_a_run_and_tells_the_asset(
    archive_ocr: Any, scans: Path, tmp_path: Path
) -> None:
    whole = (scans / "page-0.png").read_bytes()
    (scans / "page-0.png").write_bytes(whole[:-2000])
    output = tmp_path / "out"
    first = _run(archive_ocr, scans, output, engine="fake", max_failed_share=0.5)
    assert first.state == "success"
    (old,) = [path.name for path in (output / "_runs").iterdir()]
    (scans / "page-0.png").write_bytes(whole)
    retry = run_of(archive_ocr, retry_of=old, output=str(output))
    assert retry.state == "success"
    rows = ds.dataset(output / "pages").to_table().to_pylist()
    assert sorted(row["status"] for row in rows) == ["failed", *["ok"] * 5]
    again = [row for row in rows if row["dag_run_id"] == retry.run_id]
    assert [row["source_uri"].rsplit("/", 1)[1] for row in again] == ["page-0.png"]
    assert [event["pages"] for event in asset_events(retry)] == [1]


def test_a_retry_of_a_run_without_failures_is_skipped(
    archive_ocr: Any, scans: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    _run(archive_ocr, scans, output, engine="fake")
    (old,) = [path.name for path in (output / "_runs").iterdir()]
    retry = run_of(archive_ocr, retry_of=old, output=str(output))
    assert {task.state for task in retry.get_task_instances()} == {"skipped"}
    assert [path.name for path in (output / "_runs").iterdir()] == [old]


@pytest.mark.parametrize("conf", [{}, {"input": "/in"}, {"collection": "other"}, {"config": "x"}])
def test_a_retry_takes_the_output_and_nothing_that_its_run_decided(
    archive_ocr: Any, scans: Path, tmp_path: Path, conf: dict[str, str]
) -> None:
    output = tmp_path / "out"
    _run(archive_ocr, scans, output, engine="fake")
    (old,) = [path.name for path in (output / "_runs").iterdir()]
    given = {"output": str(output)} | conf if conf else {}
    retry = run_of(archive_ocr, retry_of=old, **given)
    assert retry.state == "failed"
    assert [path.name for path in (output / "_runs").iterdir()] == [old]


def test_a_backfill_makes_a_run_a_day_with_the_day_as_its_key(
    archive_ocr: Any, airflow_home: Path, scans: Path, tmp_path: Path
) -> None:
    _run(archive_ocr, scans, tmp_path / "out", engine="fake")  # stores the DAG in the database
    span = ["--from-date", "2026-03-01", "--to-date", "2026-03-03"]
    command = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", "archive_ocr"]
    subprocess.run([*command, *span], check=True, timeout=120)
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        runs = session.query(DagRun).where(DagRun.run_type == "backfill").all()
        keys = sorted(run.partition_key for run in runs)
    assert keys == ["2026-03-01", "2026-03-02", "2026-03-03"]


def _run(dag: Any, scans: Path, output: Path, **conf: Any) -> Any:
    return run_of(dag, input=str(scans), output=str(output), **conf)
