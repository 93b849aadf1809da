"""What tests of many rooms use: stores, one in memory and one that speaks S3, and the command."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import fsspec
import pytest
import s3fs
from hypothesis import settings
from moto.server import ThreadedMotoServer

from ocr_tasks import faults
from ocr_tasks.cli.main import main
from tests.s3_faults import FaultyS3, faulty_s3

BUCKET = "scans"

# A shared machine may take any time for an example; pytest-timeout ends what hangs.
settings.register_profile("shared machines", deadline=None)
settings.load_profile("shared machines")

# What is set up on this machine for real runs must not reach the tests.
for name in [name for name in os.environ if name.startswith("OCR_TASKS_")]:
    del os.environ[name]


@dataclass(frozen=True)
class S3Endpoint:
    """A running S3 server: its address, and a bucket that is there."""

    url: str
    bucket: str

    def uri(self, key: str = "") -> str:
        """The URI of a key in the bucket."""
        return f"s3://{self.bucket}/{key}"

    def put(self, key: str, data: bytes) -> str:
        """Puts an object past the code under test; returns its URI."""
        return self.put_many([key], data)[0]

    def put_many(self, keys: list[str], data: bytes = b"x") -> list[str]:
        """Puts many objects of equal bytes; returns their URIs."""
        client = _client(self.url)
        for key in keys:
            client.put_object(Bucket=self.bucket, Key=key, Body=data)
        return [self.uri(key) for key in keys]


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[S3Endpoint]:
    """moto's S3 server with one bucket, and the environment that leads every client to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        point_s3_at(patch, url)
        _client(url).create_bucket(Bucket=BUCKET)
        yield S3Endpoint(url, BUCKET)
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def point_s3_at(patch: pytest.MonkeyPatch, url: str) -> None:
    """Leads S3 clients made from now on to ``url``, with credentials that open no real door."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    patch.setenv("AWS_ENDPOINT_URL", url)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_REGION", "us-east-1")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()


def _client(url: str) -> Any:
    return boto3.client("s3", endpoint_url=url)


@pytest.fixture(scope="module")
def s3_proxy(s3_endpoint: S3Endpoint) -> Iterator[FaultyS3]:
    """A proxy before the S3 server, to which all clients of a module's tests go."""
    with (
        faulty_s3(s3_endpoint.url, slow_seconds=0.05) as proxy,
        pytest.MonkeyPatch.context() as patch,
    ):
        point_s3_at(patch, proxy.url)
        yield proxy
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def faulty(s3_proxy: FaultyS3, without_waits: None) -> Iterator[FaultyS3]:
    """The proxy, which passes everything on until a test tells it otherwise."""
    yield s3_proxy
    s3_proxy.calm()


@pytest.fixture
def without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost requests are made again at once, as often as ever."""
    monkeypatch.setattr(faults, "FIRST_WAIT", 0)


@pytest.fixture
def memory_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A folder of this test's own in the store that lives in memory; empty before and after."""
    filesystem = fsspec.filesystem("memory")
    root = f"/{request.node.name}".replace("[", "-").replace("]", "-")
    filesystem.store.clear()
    yield f"memory://{root}"
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs ``ocr-tasks`` with arguments; returns exit code, standard output and error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ocr-tasks", *(str(part) for part in arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return run
