"""A published dataset becomes a recogniser, which reads from then on if it reads better.

`evaluate_base` has the champion of the registry read the test part and the retention set. `train`
begins with its weights, `export` writes what serves, and `evaluate` has that read the same lines.
`gate` compares both; a candidate that it refuses fails the run, without another try, and promotes
nobody. `promote` registers the others, makes them the champion, and updates the asset
`ocr_champion`.

**When.** After each update of the asset `ocr_dataset`, on the version that it tells of; or by hand
with a conf such as
`{"dataset": "s3://labels/letters/", "output": "s3://archive-ocr/tuned", "registry": "s3://archive-ocr/registry"}`.
What the conf leaves out comes from the environment of the worker (`OCR_TASKS_REGISTRY`,
`OCR_TASKS_RETENTION`, …) and from the YAML file that `config` names. Credentials for S3 are the
worker's own, or those of the Airflow connection whose id `connection` is, or of the dataset's.

**Again.** Each run has a folder of its own below the output. A cleared or killed `train` goes on
from its last checkpoint; the other tasks are done again from what lies there.
"""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from ocr_common import (
    CHAMPION,
    COMMON_PARAMS,
    DATASET,
    DEFAULT_ARGS,
    credentials_of,
    nested_without_nulls,
    refuse_unknown_keys,
    run_id_of,
    told_of,
)

PARAMS = {
    "dataset": Param(
        None,
        type=["null", "string"],
        description="What to learn: a version or a folder of lines; left out, the asset's version.",
    ),
    "output": Param(
        None, type=["null", "string"], description="Where each run has a folder for its files."
    ),
    "registry": Param(None, type=["null", "string"], description="The registry of models."),
    "retention": Param(
        None,
        type=["null", "string"],
        description="A dataset of what must be read as well as before, such as print.",
    ),
    "name": Param(
        None,
        type=["null", "string"],
        description="What the model is called; left out, as the dataset's folder.",
    ),
    "epochs": Param(
        None, type=["null", "integer"], minimum=1, description="Rounds through the lines, at most."
    ),
    **COMMON_PARAMS,
}


@dag(
    dag_id="model_finetune",
    schedule=[DATASET],
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,  # two would be judged against the same champion
    params=PARAMS,
    default_args=DEFAULT_ARGS | {"execution_timeout": timedelta(hours=12)},
    doc_md=__doc__,
    tags=["ocr"],
)
def model_finetune() -> None:
    """Wires evaluate_base → train → export → evaluate → gate → promote."""

    @task
    def evaluate_base() -> dict[str, Any]:
        """Has the champion read; returns the settings, as all other tasks have them."""
        from ocr_tasks.jobs import model_finetune as job

        context = get_current_context()
        params, dag_run = context["params"], context["dag_run"]
        refuse_unknown_keys(dag_run.conf or {}, PARAMS)
        told = told_of(DATASET, context)
        connection = params["connection"] or told.get("connection")
        values = {key: params[key] for key in ("output", "registry", "retention")} | {
            "dataset": params["dataset"] or told.get("url"),
            "name": params["name"] or told.get("name"),
            "train": {"epochs": params["epochs"]},
        }
        with credentials_of(connection):
            settings = job.ModelFinetuneSettings.load(
                params["config"], nested_without_nulls(values)
            ).below(run_id_of(dag_run.run_id))
            job.evaluate_base(settings)
        return {"settings": settings.model_dump(mode="json"), "connection": connection}

    @task
    def train(run: dict[str, Any]) -> dict[str, Any]:
        """Trains, or goes on from the last checkpoint; returns the best evaluation."""
        from ocr_tasks.jobs import model_finetune as job

        with credentials_of(run["connection"]):
            result = job.train(job.ModelFinetuneSettings.revive(run["settings"]))
        return result["best"]

    @task
    def export(run: dict[str, Any]) -> dict[str, Any]:
        """Writes what serves the best weights; returns how exact it is."""
        from ocr_tasks.jobs import model_finetune as job

        with credentials_of(run["connection"]):
            result = job.export(job.ModelFinetuneSettings.revive(run["settings"]))
        return result["parity"]

    @task
    def evaluate(run: dict[str, Any]) -> dict[str, Any]:
        """Has the candidate read what the champion read; returns the numbers of both."""
        from ocr_tasks.jobs import model_finetune as job

        with credentials_of(run["connection"]):
            checks = job.evaluate(job.ModelFinetuneSettings.revive(run["settings"]))
        return checks["numbers"]

    @task
    def gate(run: dict[str, Any]) -> list[str]:
        """Fails if the gate refuses the candidate; returns what each rule said."""
        from ocr_tasks.jobs import model_finetune as job

        with credentials_of(run["connection"]):
            verdict = job.decide(job.ModelFinetuneSettings.revive(run["settings"]))
        return [ruling["said"] for ruling in verdict["rulings"]]

    @task(outlets=[CHAMPION])
    def promote(run: dict[str, Any]) -> dict[str, Any]:
        """Makes the candidate the champion."""
        from ocr_tasks.jobs import model_finetune as job

        with credentials_of(run["connection"]):
            told = job.promote(job.ModelFinetuneSettings.revive(run["settings"]))
        told |= {"registry": run["settings"]["registry"], "connection": run["connection"]}
        get_current_context()["outlet_events"][CHAMPION].extra = told
        return told

    run = evaluate_base()
    train(run) >> export(run) >> evaluate(run) >> gate(run) >> promote(run)


model_finetune()
