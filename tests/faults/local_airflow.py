"""A whole Airflow on this machine: scheduler, DAG processor, API server, LocalExecutor, SQLite."""

import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.faults.processes import ROOT, Started, free_port, is_listening, start, title_of, until

AIRFLOW = (sys.executable, "-m", "airflow")
SLOTS = 2
TASK = re.compile(r"airflow worker -- [0-9a-f-]{36}")  # what Airflow calls such a process


@dataclass
class LocalAirflow:
    """An installation in a folder of its own, with this project's DAGs."""

    home: Path
    dags: Path = ROOT / "dags"
    port: int = field(default_factory=free_port)
    services: list[Started] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """Its settings."""
        return {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(SLOTS),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__API_AUTH__JWT_SECRET": "no secret: it guards nothing beyond this test run",
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # only what is triggered runs
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
        }

    def command(self, *args: str) -> str:
        """What the command said; fails unless its exit code is 0."""
        done = start(AIRFLOW + args, self.home / "said", self.env)
        assert done.wait(240) == 0, done.said()
        return done.said()

    def start(self) -> None:
        """Makes the database, and starts all services."""
        self.command("db", "migrate")
        self.command("pools", "set", "ocr", str(SLOTS), "shards read at once")
        api = ("api-server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1")
        for args in (api, ("dag-processor",), ("scheduler",)):
            self.services.append(start(AIRFLOW + args, self.home / "said", self.env))
        until(lambda: is_listening(self.port), 240, self.said)
        until(lambda: self.ask("SELECT 1 FROM dag WHERE dag_id = 'archive_ocr'"), 240, self.said)
        self.command("dags", "unpause", "archive_ocr", "--yes")

    def trigger(self, run_id: str, conf: dict[str, Any]) -> None:
        """Starts a run of the DAG archive_ocr."""
        args = ("--run-id", run_id, "--conf", json.dumps(conf))
        self.command("dags", "trigger", "archive_ocr", *args)

    def wait_for(self, run_id: str, seconds: float) -> str:
        """The state the run ends in."""
        query = "SELECT state FROM dag_run WHERE run_id = ?"
        until(lambda: self.ask(query, run_id) in (["success"], ["failed"]), seconds, self.said)
        return str(self.ask(query, run_id)[0])

    def tries(self, run_id: str, task_id: str) -> list[int]:
        """How often each of a task's instances was tried."""
        query = "SELECT try_number FROM task_instance WHERE run_id = ? AND task_id = ?"
        return [int(number) for number in self.ask(query, run_id, task_id)]

    def ask(self, query: str, *values: str) -> list[Any]:
        """The first column of what the database holds."""
        uri = f"file:{self.home / 'airflow.db'}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
            return [row[0] for row in database.execute(query, values)]

    def task_processes(self) -> list[psutil.Process]:
        """The processes in which tasks run now; each executor's worker has one."""
        scheduler = psutil.Process(self.services[-1].process.pid)
        below = scheduler.children(recursive=True)
        return [process for process in below if TASK.search(title_of(process))]

    def said(self) -> str:
        """The end of what each service wrote."""
        return "\n\n".join(f"{s.process.args}\n{s.said()[-4000:]}" for s in self.services)

    def stop(self) -> None:
        """Ends all services and whatever they started."""
        for service in self.services:
            if not service.has_ended:
                service.kill_tree()
            service.wait()
            for process in service.family():
                process.kill()


@contextmanager
def airflow_at(home: Path) -> Iterator[LocalAirflow]:
    """An Airflow that runs while the ``with`` statement does."""
    home.mkdir(parents=True)
    airflow = LocalAirflow(home)
    try:
        airflow.start()
        yield airflow
    finally:
        airflow.stop()
