"""A Celery application whose broker is a folder: its tasks read shards.

``FAULTS_BROKER`` names the folder. A worker is started by
``celery -A tests.faults.celery_app worker --pool=prefork``.
"""

import os
from pathlib import Path
from typing import Any

from celery import Celery

BROKER = "FAULTS_BROKER"


def app_at(folder: Path) -> Celery:
    """The application over the messages in a folder."""
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    transport = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
    }
    celery = Celery("faults", broker="filesystem://")
    celery.conf.update(
        broker_transport_options=transport,
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=1,
    )
    celery.task(name="infer")(infer)
    return celery


def infer(output: str, run_id: str, shard_id: str) -> dict[str, Any]:
    """Reads one shard, as a task of Airflow's CeleryExecutor does."""
    from ocr_tasks.jobs import archive_ocr

    return archive_ocr.infer(output, run_id, shard_id)


if BROKER in os.environ:
    app = app_at(Path(os.environ[BROKER]))
