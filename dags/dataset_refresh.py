"""Labelled lines or pages become a version that a model may be trained on.

`check` looks at every sample as it is. `split` parts the dataset by groups, where
`split.enable` says so. `quality` checks again what stands there now, and holds the version that
it makes to the expectations of a Great Expectations suite. `publish` copies exactly what was
judged into `datasets/<name>/<fingerprint>/`, and only then is the asset `ocr_dataset` updated,
with the fingerprint in its metadata.

**Run it by hand** with a conf such as
`{"dataset": "s3://labels/letters/", "output": "s3://archive-ocr/", "split": true}`.
What the conf leaves out comes from the environment of the worker (`OCR_TASKS_DATASET`,
`OCR_TASKS_SPLIT__ENABLE`, …) and from the YAML file that `config` names. Credentials for S3 are
the worker's own, or those of the Airflow connection whose id `connection` is.

**Nothing new** is no update: if the same content was published before, `publish` is skipped,
and nobody is trained again on the same lines.

**Again.** A cleared task does its work again from what stands there: images that have not
changed are not decoded twice, and a publication that was broken off goes on.
"""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from ocr_common import (
    COMMON_PARAMS,
    DATASET,
    DEFAULT_ARGS,
    credentials_of,
    nested_without_nulls,
    refuse_unknown_keys,
)

PARAMS = {
    "dataset": Param(
        None,
        type=["null", "string"],
        description="The folder of the label files, as a path or URL.",
    ),
    "output": Param(None, type=["null", "string"], description="Where results and versions go."),
    "name": Param(
        None,
        type=["null", "string"],
        description="What versions are published under; left out, the folder's name.",
    ),
    "split": Param(
        None,
        type=["null", "boolean"],
        description="Whether the dataset is split anew; no group ever moves.",
    ),
    **COMMON_PARAMS,
}


@dag(
    dag_id="dataset_refresh",
    schedule="@weekly",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,  # one dataset, one split at a time
    params=PARAMS,
    default_args=DEFAULT_ARGS | {"execution_timeout": timedelta(hours=3)},
    doc_md=__doc__,
    tags=["ocr"],
)
def dataset_refresh() -> None:
    """Wires check → split → quality → publish."""

    @task
    def check() -> dict[str, Any]:
        """Checks every sample; returns the settings, as all other tasks have them."""
        from ocr_tasks.jobs import dataset_refresh as job

        context = get_current_context()
        params = context["params"]
        refuse_unknown_keys(context["dag_run"].conf or {}, PARAMS)
        values = nested_without_nulls(
            {
                "dataset": params["dataset"],
                "output": params["output"],
                "name": params["name"],
                "split": {"enable": params["split"]},
            }
        )
        with credentials_of(params["connection"]):
            settings = job.DatasetRefreshSettings.load(params["config"], values)
            job.check_before_split(settings)
        return {"settings": settings.model_dump(mode="json"), "connection": params["connection"]}

    @task
    def split(run: dict[str, Any]) -> dict[str, Any]:
        """Splits by groups if that was asked for; returns how many samples each part has."""
        from ocr_tasks.jobs import dataset_refresh as job

        settings = job.DatasetRefreshSettings.revive(run["settings"])
        if not settings.split.enable:
            return {}
        with credentials_of(run["connection"]):
            done = job.split(settings)
        return {key: done[key] for key in ("samples", "missed", "left_out", "seed", "backups")}

    @task
    def quality(run: dict[str, Any]) -> str:
        """Holds the version that the dataset makes to the suite; returns its fingerprint."""
        from ocr_tasks.jobs import dataset_refresh as job

        with credentials_of(run["connection"]):
            word = job.quality(job.DatasetRefreshSettings.revive(run["settings"]))
        return word["fingerprint"]

    @task(outlets=[DATASET])
    def publish(run: dict[str, Any], fingerprint: str) -> dict[str, Any]:
        """Copies what was judged into an immutable version."""
        from ocr_tasks.jobs import dataset_refresh as job

        context = get_current_context()
        settings = job.DatasetRefreshSettings.revive(run["settings"])
        with credentials_of(run["connection"]):
            version = job.publish(settings, fingerprint, context["dag_run"].run_id)
        if not version["is_new"]:
            raise AirflowSkipException(f"{version['url']} was published before: nothing is new")
        told = {key: version[key] for key in ("fingerprint", "url", "name", "samples", "groups")}
        context["outlet_events"][DATASET].extra = told | {"connection": run["connection"]}
        return told

    run = check()
    judged = quality(run)
    split(run) >> judged
    publish(run, judged)


dataset_refresh()
