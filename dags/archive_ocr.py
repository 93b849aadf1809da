"""Every page of an archive becomes one row of Parquet.

`plan` lists the input and freezes pages, settings and models in a manifest. `infer` runs once a
shard and commits its rows with a single object. `seal` holds the rows against the manifest, page
for page, and only then is the asset `ocr_results` updated.

**Run it by hand** with a conf such as
`{"input": "s3://archive/maps/", "output": "s3://archive-ocr/", "collection": "maps"}`.
With `registry` the champion of that registry reads: `plan` looks it up once, and a promotion
meanwhile waits for the next run.
What the conf leaves out comes from the environment of the worker (`OCR_TASKS_INPUT`,
`OCR_TASKS_ENGINE__DEVICE`, …) and from the YAML file that `config` names. Credentials for S3 are
the worker's own, or those of the Airflow connection whose id `connection` is.

**By date.** The schedule gives every run a partition key, the date. Where `input` holds
`{partition_key}`, as in `s3://archive/ingest/{partition_key}/`, each run reads its own day, and
`airflow backfill create --dag-id archive_ocr --from-date … --to-date …` reads a span of them.

**What failed.** A conf such as `{"output": "s3://archive-ocr/", "retry_of": "june"}` reads the
failed pages of that run again, in a run of their own.

**Again.** A cleared task, or a whole run cleared, does only what is missing. Page failures are
rows, not task failures; `seal` fails when their share is above `failures.max_share`.
"""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronPartitionTimetable, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from ocr_common import (
    COMMON_PARAMS,
    DEFAULT_ARGS,
    OCR_POOL,
    RESULTS,
    credentials_of,
    nested_without_nulls,
    refuse_unknown_keys,
    retry_values,
    run_id_of,
    with_partition_key,
)

from ocr_tasks.text.names import NAME

PARAMS = {
    "input": Param(
        None,
        type=["null", "string"],
        description="What to read: a folder, file or prefix, as a path or URL.",
    ),
    "output": Param(None, type=["null", "string"], description="Where results go."),
    "collection": Param(
        None,
        type=["null", "string"],
        pattern=f"^{NAME}$",
        description="The name pages are filed under.",
    ),
    "registry": Param(
        None,
        type=["null", "string"],
        description="The registry whose champions read; left out, the engine's own models.",
    ),
    "pages_per_shard": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        description="Pages a task; left out, about five minutes of work.",
    ),
    "engine": Param(
        None,
        type=["null", "string"],
        enum=[None, "auto", "onnx", "openvino", "paddle", "fake"],
        description="Engine.",
    ),
    "max_failed_share": Param(
        None,
        type=["null", "number"],
        minimum=0,
        maximum=1,
        description="The largest share of failed pages with which the run succeeds.",
    ),
    "retry_of": Param(
        None,
        type=["null", "string"],
        description="A run of the same output, whose failed pages are read again; no input then.",
    ),
    **COMMON_PARAMS,
}


@dag(
    dag_id="archive_ocr",
    # At midnight, with the day that has just ended as the key.
    schedule=CronPartitionTimetable(
        "0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"
    ),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    params=PARAMS,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["ocr"],
)
def archive_ocr() -> None:
    """Wires plan → infer (mapped) → seal."""

    @task
    def plan() -> list[str]:
        """Lists the input and freezes the run; returns the shards, pushes `run` for the others."""
        from ocr_tasks.jobs import archive_ocr as job

        context = get_current_context()
        dag_run, params = context["dag_run"], context["params"]
        refuse_unknown_keys(dag_run.conf or {}, PARAMS)
        values = nested_without_nulls(
            {
                "input": params["input"],
                "output": params["output"],
                "collection": params["collection"],
                "registry": params["registry"],
                "shards": {"pages": params["pages_per_shard"]},
                "engine": {"kind": params["engine"]},
                "failures": {"max_share": params["max_failed_share"]},
            }
        )
        run_id, old_run_id = run_id_of(dag_run.run_id), params["retry_of"]
        with credentials_of(params["connection"]):
            if old_run_id is not None:
                output, values = retry_values(values, params["config"])
                planned = job.plan_retry(
                    output, old_run_id, run_id, values, dag_run_id=dag_run.run_id
                )
            else:
                settings = job.ArchiveOcrSettings.load(params["config"], values)
                source = with_partition_key(settings.input, dag_run.partition_key)
                settings = settings.model_copy(update={"input": source})
                planned = job.plan(settings, run_id, dag_run_id=dag_run.run_id)
        if planned is None:
            raise AirflowSkipException(f"no page of run {old_run_id} failed: nothing to retry")
        run = {key: planned[key] for key in ("output", "run_id", "collection", "pages")}
        run["connection"] = params["connection"]
        context["ti"].xcom_push("run", run)
        return planned["shards"]

    @task(
        pool=OCR_POOL,
        execution_timeout=timedelta(hours=1),
        map_index_template="shard {{ shard_id }}",
    )
    def infer(run: dict[str, Any], shard_id: str) -> dict[str, Any]:
        """Reads one shard's pages and commits their rows."""
        from ocr_tasks.jobs import archive_ocr as job

        get_current_context()["shard_id"] = shard_id
        with credentials_of(run["connection"]):
            return job.infer(run["output"], run["run_id"], shard_id)

    @task(outlets=[RESULTS])
    def seal(run: dict[str, Any]) -> dict[str, Any]:
        """Holds the rows against the manifest, page for page."""
        from ocr_tasks.jobs import archive_ocr as job

        with credentials_of(run["connection"]):
            sealed = job.seal(run["output"], run["run_id"])
        if not sealed["within_budget"]:
            share = f"{sealed['failed_share']:.1%}"
            raise AirflowFailException(f"sealed, but {share} of the pages failed")
        get_current_context()["outlet_events"][RESULTS].extra = run
        return {key: value for key, value in sealed.items() if key != "files"}

    shards = plan()
    run = shards["run"]
    infer.partial(run=run).expand(shard_id=shards) >> seal(run)


archive_ocr()
