"""A published dataset becomes a model, which reads from then on if it reads better.

Of lines it becomes a recogniser, of pages a detector: the dataset's layout says which.

`evaluate_base` has the champion of the registry read the test part and the retention set. The
group `train` begins with its weights, `export` writes what serves, and `evaluate` has that read
the same lines. `gate` compares both; a candidate that it refuses fails the run, without another
try, and promotes nobody. `promote` registers the others, makes them the champion, and updates the
asset `ocr_champion`.

**A sweep** is a list of options with the values to try, such as
`[{"learning_rate": [0.0002, 0.0005, 0.001]}, {"epochs": [3, 6]}]`: `try_first` is mapped over the
first option's values, `try_second` over the second's, with the best of the first; `best_trial`
takes the best of all. Without a sweep `try_first` is one training, and `try_second` is skipped.
Detectors have no sweep.

**Approval.** If the param `approval` is true, `approval` shows what the gate said, and waits for
somebody to approve or reject it under *Required Actions*. Who rejects it skips `promote`. With
`OCR_TASKS_APPROVAL=true` in the environment every run asks that does not say otherwise.

**When.** After each update of the asset `ocr_dataset`, on the version that it tells of; at the
times of the cron expression in `OCR_TASKS_FINETUNE_CRON` too, if the scheduler has one; or by hand
with a conf such as
`{"dataset": "s3://labels/letters/", "output": "s3://archive-ocr/tuned", "registry": "s3://archive-ocr/registry"}`.
What the conf leaves out comes from the environment of the worker (`OCR_TASKS_REGISTRY`,
`OCR_TASKS_RETENTION`, …) and from the YAML file that `config` names. Credentials for S3 are the
worker's own, or those of the Airflow connection whose id `connection` is, or of the dataset's.

**Again.** Each run has a folder of its own below the output. A cleared or killed trial goes on
from its last checkpoint; the other tasks are done again from what lies there.
"""

import os
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import (
    AssetOrTimeSchedule,
    Context,
    CronTriggerTimetable,
    Param,
    dag,
    get_current_context,
    task,
    task_group,
)
from airflow.sdk.exceptions import AirflowSkipException
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

from ocr_tasks.errors import SettingsError

PARAMS = {
    "dataset": Param(
        None,
        type=["null", "string"],
        description="What to learn: a version or a folder; left out, the asset's version.",
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
        None,
        type=["null", "integer"],
        minimum=1,
        description="Rounds through lines or pages, at most.",
    ),
    "sweep": Param(
        None,
        type=["null", "array"],
        items={"type": "object"},
        maxItems=2,
        description="One or two options with the values to try, each an object, in their order.",
    ),
    "approval": Param(
        None,
        type=["null", "boolean"],
        description="Whether somebody has to approve; left out, as OCR_TASKS_APPROVAL says.",
    ),
    **COMMON_PARAMS,
}

STAGES = ("first", "second")  # of a sweep: as many options can be tried

# As many trainings of a run at once; each takes every core, or the GPU, of the worker it is on.
TRIALS_AT_ONCE = int(os.environ.get("OCR_TASKS_TRIALS_AT_ONCE", "1"))
# Whether runs ask for approval whose conf does not say, such as those after a dataset's update.
ALWAYS_ASK = os.environ.get("OCR_TASKS_APPROVAL") == "true"
# When it runs besides, as "0 3 * * 6"; such a run is told by the environment what to learn.
CRON = os.environ.get("OCR_TASKS_FINETUNE_CRON")
SCHEDULE = (
    AssetOrTimeSchedule(timetable=CronTriggerTimetable(CRON, timezone="UTC"), assets=[DATASET])
    if CRON
    else [DATASET]
)


class PromotionApproval(ApprovalOperator):
    """Asks for approval if the run wants it; else it is skipped, which stops nobody."""

    def execute(self, context: Context) -> Any:
        """Waits for an answer, or skips itself."""
        asked = context["params"]["approval"]
        if not (ALWAYS_ASK if asked is None else asked):
            raise AirflowSkipException("the run asks for nobody's approval")
        return super().execute(context)


@task
def trials(run: dict[str, Any], stage: int) -> list[dict[str, Any]]:
    """Says what is to be trained, with the best of the stage before; may be nothing."""
    from ocr_tasks.jobs import model_finetune as job

    with credentials_of(run["connection"]):
        return job.trials_of(job.ModelFinetuneSettings.revive(run["settings"]), stage)


@task(map_index_template="{{ trial }}", max_active_tis_per_dagrun=TRIALS_AT_ONCE)
def attempt(run: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Trains, or goes on from the last checkpoint; returns what it came to."""
    from ocr_tasks.jobs import model_finetune as job

    get_current_context()["trial"] = job.shown(options) or "as in the settings"
    with credentials_of(run["connection"]):
        return job.attempt(job.ModelFinetuneSettings.revive(run["settings"]), options)


@task(trigger_rule="none_failed")
def best_trial(run: dict[str, Any]) -> dict[str, Any]:
    """Puts the best of a sweep where a training would be; returns all that was tried."""
    from ocr_tasks.jobs import model_finetune as job

    with credentials_of(run["connection"]):
        return job.choose(job.ModelFinetuneSettings.revive(run["settings"]))


@task_group
def train(run: dict[str, Any]) -> None:
    """Tries the options of the sweep one after the other, the values of each at once."""
    before = None
    for number, stage in enumerate(STAGES):
        planned = trials.override(task_id=f"{stage}_trials")(run, number)
        if before is not None:
            before >> planned
        before = attempt.override(task_id=f"try_{stage}").partial(run=run).expand(options=planned)
    before >> best_trial(run)


@dag(
    dag_id="model_finetune",
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,  # two would be judged against the same champion
    params=PARAMS,
    default_args=DEFAULT_ARGS | {"execution_timeout": timedelta(hours=12)},
    doc_md=__doc__,
    tags=["ocr"],
)
def model_finetune() -> None:
    """Wires evaluate_base → train (trials) → export → evaluate → gate → approval → promote."""

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
            "detector": {"epochs": params["epochs"]},
            "sweep": params["sweep"],
        }
        with credentials_of(connection):
            settings = job.ModelFinetuneSettings.load(
                params["config"], nested_without_nulls(values)
            ).below(run_id_of(dag_run.run_id))
            if len(settings.sweep) > len(STAGES):
                raise SettingsError(f"sweep: the DAG tries {len(STAGES)} options, the command more")
            job.evaluate_base(settings)
        return {"settings": settings.model_dump(mode="json"), "connection": connection}

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
    def gate(run: dict[str, Any]) -> str:
        """Fails if the gate refuses the candidate; returns what it said, as Markdown."""
        from ocr_tasks.jobs import model_finetune as job

        with credentials_of(run["connection"]):
            settings = job.ModelFinetuneSettings.revive(run["settings"])
            job.decide(settings)
            return job.verdict_text(settings)

    @task(outlets=[CHAMPION], trigger_rule="none_failed")
    def promote(run: dict[str, Any]) -> dict[str, Any]:
        """Makes the candidate the champion."""
        from ocr_tasks.jobs import model_finetune as job

        with credentials_of(run["connection"]):
            told = job.promote(job.ModelFinetuneSettings.revive(run["settings"]))
        told |= {"registry": run["settings"]["registry"], "connection": run["connection"]}
        get_current_context()["outlet_events"][CHAMPION].extra = told
        return told

    run = evaluate_base()
    judged = gate(run)
    approval = PromotionApproval(
        task_id="approval",
        subject="Shall {{ params.name or 'this model' }} become the champion?",
        body=judged,
        execution_timeout=None,  # who is asked may take their time
    )
    train(run) >> export(run) >> evaluate(run) >> judged >> approval >> promote(run)


model_finetune()
