"""A SQLite Airflow in a temporary folder, with the DAGs of this project."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).parents[2] / "dags"


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """AIRFLOW_HOME with a fresh metadata database. Airflow must not be imported before."""
    home = tmp_path_factory.mktemp("airflow")
    assert "airflow" not in sys.modules, "Airflow reads its settings when it is imported"
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    before = {key: os.environ.get(key) for key in settings}
    os.environ |= settings
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, timeout=120)
    pool = [sys.executable, "-m", "airflow", "pools", "set", "ocr", "2", "shards at once"]
    subprocess.run(pool, check=True, timeout=120)
    yield home
    for key, value in before.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


@pytest.fixture(scope="session")
def dag_bag(airflow_home: Path) -> Any:
    """Every DAG of the folder, parsed as the DAG processor does it."""
    from airflow.dag_processing.dagbag import BundleDagBag

    return BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags-folder")


@pytest.fixture(scope="session")
def archive_ocr(dag_bag: Any) -> Any:
    """The DAG archive_ocr."""
    return dag_bag.dags["archive_ocr"]


@pytest.fixture(scope="session")
def dataset_refresh(dag_bag: Any) -> Any:
    """The DAG dataset_refresh."""
    return dag_bag.dags["dataset_refresh"]


@pytest.fixture(scope="session")
def model_finetune(dag_bag: Any) -> Any:
    """The DAG model_finetune."""
    return dag_bag.dags["model_finetune"]


def run_of(dag: Any, **conf: Any) -> Any:
    """A whole run of a DAG, in this process."""
    try:
        return dag.test(run_conf=conf)
    finally:  # Airflow writes a conf into the params of the process, which here has more runs
        for holder in (dag, *dag.tasks):
            for _, param in holder.params.items():
                param.value = None


def tasks_of(dag_run: Any, task_id: str) -> list[Any]:
    """The tasks of a run with that id: several where it is mapped."""
    return [task for task in dag_run.get_task_instances() if task.task_id == task_id]


def asset_events(dag_run: Any, name: str = "ocr_results") -> list[dict[str, Any]]:
    """What the run told about an asset: the extra of each event."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        events = session.query(AssetEvent).where(AssetEvent.source_run_id == dag_run.run_id).all()
        return [event.extra for event in events if event.asset.name == name]
