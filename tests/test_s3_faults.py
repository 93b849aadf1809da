"""The proxy of faults itself: clients see each of them, and everything else as it is."""

import http.client
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import boto3
import botocore.config
import botocore.exceptions
import pytest

from tests.s3_faults import BROKEN, CUT, KINDS, LOST, RESET, SLOW, SLOW_DOWN, faulty_s3


@pytest.fixture
def key(s3_endpoint):
    """An object of ten thousand bytes behind every proxy."""
    name = f"faults-{uuid4().hex}"
    s3_endpoint.put(name, bytes(10_000))
    return name


@pytest.fixture
def proxy(s3_endpoint):
    with faulty_s3(s3_endpoint.url, slow_seconds=0.3) as server:
        yield server


def client_of(proxy):
    """boto3 that asks once, signs with v4, and lets every fault through."""
    once = botocore.config.Config(
        retries={"total_max_attempts": 1}, signature_version="s3v4", s3={"payload_signing": True}
    )
    return boto3.client("s3", endpoint_url=proxy.url, config=once)


def get(proxy, endpoint, key, **options):
    return client_of(proxy).get_object(Bucket=endpoint.bucket, Key=key, **options)["Body"].read()


@pytest.mark.parametrize(
    ("kind", "error", "told"),
    [
        pytest.param(BROKEN, botocore.exceptions.ClientError, "InternalError", id="500"),
        pytest.param(SLOW_DOWN, botocore.exceptions.ClientError, "SlowDown", id="503"),
        pytest.param(RESET, botocore.exceptions.ConnectionClosedError, None, id="reset before"),
        pytest.param(LOST, botocore.exceptions.ConnectionClosedError, None, id="lost answer"),
        pytest.param(CUT, botocore.exceptions.ResponseStreamingError, None, id="cut body"),
    ],
)
def test_a_client_sees_the_fault_once_and_then_the_object(
    proxy, s3_endpoint, key, kind, error, told
):
    proxy.script(kind, "GET", key)
    with pytest.raises(error, match=told):
        get(proxy, s3_endpoint, key)
    assert proxy.injected == {kind: 1}
    assert get(proxy, s3_endpoint, key) == bytes(10_000)
    assert proxy.injected == {kind: 1}


def test_a_slow_answer_is_late_and_whole(proxy, s3_endpoint, key):
    proxy.script(SLOW, "GET", key)
    started = time.monotonic()
    assert get(proxy, s3_endpoint, key) == bytes(10_000)
    assert time.monotonic() - started >= 0.3
    assert proxy.injected == {SLOW: 1}


def test_a_cut_body_stands_under_its_full_length(proxy, s3_endpoint, key):
    proxy.script(CUT, "GET", key)
    url = client_of(proxy).generate_presigned_url(
        "get_object", Params={"Bucket": s3_endpoint.bucket, "Key": key}
    )
    connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port)
    connection.request("GET", url.removeprefix(proxy.url))
    answer = connection.getresponse()
    assert answer.headers["Content-Length"] == "10000"
    with pytest.raises(http.client.IncompleteRead) as told:
        answer.read()
    assert len(told.value.partial) == 5_000
    connection.close()


@pytest.mark.parametrize(("kind", "is_there"), [(RESET, False), (LOST, True)])
def test_a_lost_answer_was_carried_out_and_a_reset_before_was_not(
    proxy, s3_endpoint, kind, is_there
):
    client, name = client_of(proxy), f"put-{uuid4().hex}"
    proxy.script(kind, "PUT", name)
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        client.put_object(Bucket=s3_endpoint.bucket, Key=name, Body=b"x")
    found = client.list_objects_v2(Bucket=s3_endpoint.bucket, Prefix=name)
    assert found["KeyCount"] == is_there


def test_conditions_ranges_heads_and_chunked_bodies_pass(proxy, s3_endpoint):
    client, name = client_of(proxy), f"passed é {uuid4().hex}"
    place = {"Bucket": s3_endpoint.bucket, "Key": name}
    data = bytes(range(256)) * 1_000
    client.put_object(**place, Body=data, IfNoneMatch="*", ChecksumAlgorithm="SHA256")
    with pytest.raises(botocore.exceptions.ClientError, match="PreconditionFailed"):
        client.put_object(**place, Body=b"other", IfNoneMatch="*")
    assert client.head_object(**place)["ContentLength"] == len(data)
    assert get(proxy, s3_endpoint, name, Range="bytes=256-511") == data[256:512]
    assert get(proxy, s3_endpoint, name) == data
    url = client.generate_presigned_url("put_object", Params=place)
    connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port)
    connection.request("PUT", url.removeprefix(proxy.url), iter([b"one", b"two"]))
    assert connection.getresponse().status == 200
    connection.close()
    assert get(proxy, s3_endpoint, name) == b"onetwo"
    assert proxy.injected == {}


def test_the_share_is_kept_and_kinds_come_evenly(s3_endpoint, key):
    with faulty_s3(s3_endpoint.url, share=0.3, seed=1, slow_seconds=0) as proxy:
        for _ in range(600):
            connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port)
            with suppress(ConnectionError, http.client.HTTPException):
                connection.request("GET", f"/{s3_endpoint.bucket}/absent")
                connection.getresponse().read()
            connection.close()
    assert 0.2 < proxy.injected.total() / 600 < 0.4
    assert set(proxy.injected) == set(KINDS)


def test_many_clients_at_once_are_served_quickly(proxy, s3_endpoint, key):
    client = client_of(proxy)

    def ask(_):
        answer = client.get_object(Bucket=s3_endpoint.bucket, Key=key)
        return len(answer["Body"].read())

    started = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(200))) == {10_000}
    assert time.monotonic() - started < 30
    assert proxy.passed == {"GET": 200}


def test_it_can_run_in_a_process_of_its_own(s3_endpoint, key):
    command = [sys.executable, "-m", "tests.s3_faults", s3_endpoint.url, "--share", "1"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("HEAD", f"/{s3_endpoint.bucket}/{key}")
        with suppress(ConnectionError):
            connection.getresponse().read()
        connection.close()
        process.stdin.close()
        injected = json.loads(process.stdout.read())
    assert sum(injected.values()) == 1


@pytest.mark.parametrize(
    "torn",
    [
        pytest.param("Content-Length: 1000\r\n\r\nthe beginning", id="of known length"),
        pytest.param("Content-Length: 1000\r\n\r\n", id="before its first byte"),
        pytest.param("Transfer-Encoding: chunked\r\n\r\n64\r\nthe beginning", id="in a chunk"),
        pytest.param("Transfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n", id="between chunks"),
    ],
)
def test_an_upload_whose_client_dies_never_reaches_the_store(proxy, s3_endpoint, key, torn):
    with socket.create_connection(("127.0.0.1", proxy.server_port)) as client:
        request = f"PUT /{s3_endpoint.bucket}/{key}-torn HTTP/1.1\r\nHost: store\r\n{torn}"
        client.sendall(request.encode())
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""
    assert proxy.passed["PUT"] == 0
