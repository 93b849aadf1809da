"""What the DAGs share: assets, retries by error class, pool and queue, and what a conf means."""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule

from ocr_tasks.errors import PermanentError, SettingsError, TransientError

RESULTS = Asset("ocr_results", uri="x-ocr-tasks://results")

# Create the pool with as many slots as shards may be read at once: a GPU or a core each.
OCR_POOL = "ocr"
# Workers that have the OCR packages listen on this queue: `airflow celery worker -q ocr`.
OCR_QUEUE = "ocr"

RETRY_BY_ERROR_CLASS = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=PermanentError,
            action=RetryAction.FAIL,
            reason="the same call would fail the same way",
        ),
        RetryRule(
            exception=TransientError,
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=1),
            reason="a fault of the moment",
        ),
    ]
)

DEFAULT_ARGS = {
    "owner": "ocr-tasks",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_policy": RETRY_BY_ERROR_CLASS,
    "queue": OCR_QUEUE,
}

PARTITION_KEY = "{partition_key}"


def refuse_unknown_keys(conf: dict[str, Any], known: Collection[str]) -> None:
    """Makes sure that a run's conf has no key that no param stands for; Airflow lets it pass.

    Raises:
        SettingsError: it has; it names them.
    """
    unknown = sorted(conf.keys() - set(known))
    if unknown:
        raise SettingsError(
            f"the conf has unknown keys {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )


def nested_without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    """The values that were given: what is null is left to the file, environment and defaults."""
    kept = {
        key: nested_without_nulls(value) if isinstance(value, dict) else value
        for key, value in values.items()
    }
    return {key: value for key, value in kept.items() if value not in (None, {})}


def with_partition_key(source: str, partition_key: str | None) -> str:
    """The input with the run's partition key in its place.

    Raises:
        SettingsError: the input wants a key and the run has none.
    """
    if PARTITION_KEY not in source:
        return source
    if partition_key is None:
        raise SettingsError(f"input {source} needs a partition key, which a manual run has not")
    return source.replace(PARTITION_KEY, partition_key)


def run_id_of(dag_run_id: str) -> str:
    """The Airflow run's id as a folder can be named; the same for every retry of that run."""
    return re.sub(r"[^A-Za-z0-9._+-]", "-", dag_run_id)[:128]
