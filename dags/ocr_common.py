"""What the DAGs share: assets, retries by error class, credentials, and what a conf means."""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Connection, ExceptionRetryPolicy, Param, RetryAction, RetryRule

from ocr_tasks.errors import PermanentError, SettingsError, TransientError

RESULTS = Asset("ocr_results", uri="x-ocr-tasks://results")
DATASET = Asset("ocr_dataset", uri="x-ocr-tasks://dataset")
CHAMPION = Asset("ocr_champion", uri="x-ocr-tasks://champion")

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

# The params of every DAG that takes settings.
COMMON_PARAMS = {
    "config": Param(None, type=["null", "string"], description="A YAML file of further settings."),
    "connection": Param(
        None,
        type=["null", "string"],
        description="An Airflow connection of type aws or s3; null: the worker's own credentials.",
    ),
}

PARTITION_KEY = "{partition_key}"

# What a connection decides alone, by the names of Airflow's Amazon provider. Whatever of it the
# worker's environment has would else mix with what the connection leaves out.
OF_EXTRA = {
    "aws_session_token": "AWS_SESSION_TOKEN",
    "endpoint_url": "AWS_ENDPOINT_URL",
    "region_name": "AWS_REGION",
}
DECIDED = {
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION"),
}


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


def told_of(asset: Asset, context: Mapping[str, Any]) -> dict[str, Any]:
    """What the last update said of an asset that triggered the run; nothing if none did."""
    events = (context.get("triggering_asset_events") or {}).get(asset) or ()
    last = max(events, key=lambda event: event.timestamp, default=None)
    return dict(last.extra) if last is not None else {}


def retry_values(values: dict[str, Any], config: str | None) -> tuple[str, dict[str, Any]]:
    """The output that a retry's old run lies in, and what the retry does otherwise than that run.

    Raises:
        SettingsError: there is no output, or a file of settings, of which a retry takes none.
    """
    if config is not None:
        raise SettingsError("a retry has the settings of its run: it takes no config")
    others = dict(values)
    try:
        return others.pop("output"), others
    except KeyError:
        raise SettingsError("a retry needs the output that its run is in") from None


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


@contextmanager
def credentials_of(connection_id: str | None) -> Iterator[None]:
    """An Airflow connection's credentials and endpoint, in this process's environment alone.

    They are there for as long as the context is, and nowhere else: what passes between tasks is
    the connection's id. Without an id the worker's own environment holds.

    Raises:
        SettingsError: the connection is of another type, or says what is not understood here.
    """
    if connection_id is None:
        yield
        return
    from ocr_tasks.stores.filesystems import forget_clients

    given = _environment_of(Connection.get(connection_id))
    before = {name: os.environ.pop(name) for name in DECIDED if name in os.environ}
    os.environ |= given
    forget_clients()
    try:
        yield
    finally:
        for name in given:
            os.environ.pop(name, None)
        os.environ |= before
        forget_clients()


def _environment_of(connection: Connection) -> dict[str, str]:
    if connection.conn_type not in {"aws", "s3"}:
        raise SettingsError(f"the connection {connection.conn_id} is of no type aws or s3")
    extra = connection.extra_dejson
    unknown = ", ".join(sorted(extra.keys() - OF_EXTRA.keys()))
    if unknown:
        raise SettingsError(
            f"the connection {connection.conn_id} has extras that are not understood: {unknown}"
        )
    values = {OF_EXTRA[key]: value for key, value in extra.items()}
    values |= {
        "AWS_ACCESS_KEY_ID": connection.login,
        "AWS_SECRET_ACCESS_KEY": connection.password,
        "AWS_DEFAULT_REGION": extra.get("region_name"),
    }
    return {name: value for name, value in values.items() if value}
