"""Credentials by an Airflow connection: they reach the store, and nothing else."""

import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import boto3
import pytest

from ocr_tasks import storage
from ocr_tasks.errors import SettingsError
from ocr_tasks.stores.filesystems import forget_clients
from tests.conftest import S3Endpoint
from tests.dags.conftest import run_of
from tests.makers import noise_pages

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow warns about its own parts

SECRET = "planted-Zq8vN2xT5wLr9KdH"
TOKEN = "planted-token-Jm4cYb7s"


@pytest.fixture
def alone(s3_endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No AWS variable in the environment: whoever finds the store was told by a connection."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    forget_clients()
    yield
    forget_clients()


@pytest.fixture
def connect(alone: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Defines the connection `archive`."""

    def define(**values: Any) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_ARCHIVE", json.dumps(values))

    return define


def connection_to(url: str, **changes: Any) -> dict[str, Any]:
    extra = {"endpoint_url": url, "region_name": "us-east-1", "aws_session_token": TOKEN}
    values = {"conn_type": "aws", "login": "reader", "password": SECRET, "extra": extra}
    return values | changes


def test_a_run_reaches_its_store_by_the_connection_alone_and_tells_no_secret(
    archive_ocr: Any,
    airflow_home: Path,
    s3_endpoint: S3Endpoint,
    connect: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    connect(**connection_to(s3_endpoint.url))
    name = uuid4().hex
    client = boto3.client(
        "s3", endpoint_url=s3_endpoint.url, aws_access_key_id="x", aws_secret_access_key="x"
    )
    for path, data in noise_pages(3).items():
        client.put_object(Bucket=s3_endpoint.bucket, Key=f"{name}/in/{path}", Body=data)
    conf = {
        "input": s3_endpoint.uri(f"{name}/in"),
        "output": s3_endpoint.uri(f"{name}/out"),
        "engine": "fake",
        "pages_per_shard": 2,
        "connection": "archive",
    }
    with caplog.at_level(logging.DEBUG, "ocr_tasks"):
        good = run_of(archive_ocr, **conf)
        bad = run_of(archive_ocr, **conf | {"output": "s3://nobodys-bucket/out"})
    assert (good.state, bad.state) == ("success", "failed")
    assert not [name for name in os.environ if name.startswith("AWS_")]

    found = client.list_objects_v2(Bucket=s3_endpoint.bucket, Prefix=f"{name}/out")["Contents"]
    keys = [item["Key"] for item in found]
    assert len([key for key in keys if key.endswith(".parquet")]) == 3  # two parts, one manifest
    assert len([key for key in keys if key.endswith(".json")]) == 2
    written = [client.get_object(Bucket=s3_endpoint.bucket, Key=key)["Body"].read() for key in keys]
    told = [caplog.text.encode(), *(text.encode() for text in capfd.readouterr())]
    kept = [path.read_bytes() for path in airflow_home.rglob("*") if path.is_file()]
    assert _xcoms(airflow_home, good.run_id)["run"]["connection"] == "archive"
    assert "nobodys-bucket" in b"".join(told).decode()
    for data in (*written, *told, *kept):
        assert SECRET.encode() not in data
        assert TOKEN.encode() not in data


def _xcoms(home: Path, run_id: str) -> dict[str, Any]:
    """What a run's plan has pushed, as the metadata database keeps it."""
    with sqlite3.connect(home / "airflow.db") as database:
        query = "SELECT key, value FROM xcom WHERE run_id = ? AND task_id = 'plan'"
        rows = database.execute(query, [run_id]).fetchall()
    database.close()
    return {key: json.loads(value) for key, value in rows}


@pytest.fixture
def common(airflow_home: Path, dag_bag: Any) -> ModuleType:
    import ocr_common

    return ocr_common


def test_the_environment_is_as_it_was_when_the_work_is_done_or_has_failed(
    common: ModuleType, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(**connection_to("http://here"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the worker's")
    monkeypatch.setenv("AWS_PROFILE", "the worker's")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/a/bundle")
    before = dict(os.environ)
    given = {}

    def fail() -> None:
        given.update({name: os.environ[name] for name in os.environ if name.startswith("AWS_")})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), common.credentials_of("archive"):
        fail()
    assert given == {
        "AWS_ACCESS_KEY_ID": "reader",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_ENDPOINT_URL": "http://here",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CA_BUNDLE": "/a/bundle",
    }
    assert dict(os.environ) == before


def test_a_client_made_before_is_not_used_with_a_connection_nor_the_other_way_round(
    common: ModuleType, s3_endpoint: S3Endpoint, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(**connection_to(s3_endpoint.url))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # where nobody listens
    with common.credentials_of("archive"):
        assert not storage.exists(s3_endpoint.uri("absent"))
        inside = storage.resolve("s3://x")[0]
    assert storage.resolve("s3://x")[0] is not inside


def test_without_a_connection_the_workers_own_credentials_hold(
    common: ModuleType, alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the worker's")
    with common.credentials_of(None):
        assert os.environ["AWS_ACCESS_KEY_ID"] == "the worker's"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"conn_type": "postgres"}, "no type aws or s3", id="another type"),
        pytest.param({"extra": {"role_arn": SECRET}}, "role_arn", id="an extra unknown here"),
    ],
)
def test_a_connection_that_is_not_understood_is_refused_without_its_values(
    common: ModuleType, connect: Any, changes: dict[str, Any], named: str
) -> None:
    connect(**connection_to("http://here", **changes))
    with pytest.raises(SettingsError, match=named) as told, common.credentials_of("archive"):
        pass
    assert SECRET not in str(told.value)
