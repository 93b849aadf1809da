"""The door to S3 alone: keys, buckets, refusals, and a server that does not answer."""

import http.server
import socket
import threading

import pytest
import s3fs

from ocr_tasks import faults, storage
from ocr_tasks.errors import NoAccessError, SettingsError, StorageError
from tests.conftest import point_s3_at
from tests.s3_faults import BROKEN, CUT
from tests.stores import names_at


def test_keys_that_stand_for_folders_are_no_objects(s3_endpoint):
    s3_endpoint.put("marked/", b"")
    s3_endpoint.put("marked/sub/", b"")
    s3_endpoint.put("marked/sub/a.txt", b"x")
    assert names_at(s3_endpoint.uri("marked")) == ["sub/a.txt"]


@pytest.fixture(scope="module")
def many(s3_endpoint):
    """More keys than one answer holds."""
    return s3_endpoint.put_many([f"many/{number:05d}" for number in range(1_001)])


def test_more_keys_than_one_answer_holds_are_all_listed(s3_endpoint, many):
    assert [item.uri for item in storage.list_objects(s3_endpoint.uri("many"))] == many


@pytest.mark.parametrize("kind", [BROKEN, CUT])
def test_of_a_long_listing_only_the_answer_that_was_lost_is_asked_for_again(
    faulty, s3_endpoint, many, kind
):
    found = storage.list_objects(s3_endpoint.uri("many"))
    first = [next(found).uri]
    assert faulty.passed == {"GET": 1}
    faulty.script(kind, "GET", "continuation-token")
    assert first + [item.uri for item in found] == many
    assert faulty.injected == {kind: 1}
    assert faulty.passed["GET"] <= 3


def test_what_others_put_later_is_seen(s3_endpoint):
    s3_endpoint.put("later/a", b"1")
    assert names_at(s3_endpoint.uri("later")) == ["a"]
    s3_endpoint.put("later/b", b"2")
    assert names_at(s3_endpoint.uri("later")) == ["a", "b"]
    assert storage.names_in(s3_endpoint.uri("later")) == ["a", "b"]


def test_a_bucket_that_is_not_there_is_a_wrong_setting_and_is_not_made(s3_endpoint):
    with pytest.raises(SettingsError):
        list(storage.list_objects("s3://nobodys-bucket"))
    with pytest.raises(SettingsError):
        storage.write("s3://nobodys-bucket/x", b"x")
    with pytest.raises(SettingsError):
        storage.create("s3://nobodys-bucket/x", b"x", "s3://nobodys-bucket/staging")
    assert not storage.exists("s3://nobodys-bucket")


@pytest.fixture
def refusing_s3(without_waits):
    """An S3 server that answers every request with one refusal, and where to set which."""

    class Refusal(http.server.BaseHTTPRequestHandler):
        status, code, asked = 403, "AccessDenied", 0

        def answer(self):
            Refusal.asked += 1
            body = f"<Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()
            self.send_response(self.status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = answer  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with pytest.MonkeyPatch.context() as patch:
            point_s3_at(patch, f"http://127.0.0.1:{server.server_port}")
            yield Refusal
        server.shutdown()
        thread.join()
        s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        pytest.param(403, "AccessDenied", NoAccessError, id="the object is denied"),
        pytest.param(403, "InvalidObjectState", NoAccessError, id="the object is in an archive"),
        pytest.param(400, "ExpiredToken", StorageError, id="the credentials ran out"),
        pytest.param(500, "InternalError", StorageError, id="the store is broken"),
    ],
)
def test_a_refusal_is_the_objects_fault_or_the_stores(refusing_s3, status, code, error):
    refusing_s3.status, refusing_s3.code = status, code
    with pytest.raises(error):
        storage.read_bytes("s3://bucket/key")
    assert refusing_s3.asked == (faults.ATTEMPTS if status == 500 else 1)


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"])
def test_wrong_credentials_are_no_fault_of_the_objects(refusing_s3, code):
    refusing_s3.code = code
    with pytest.raises(StorageError):
        list(storage.list_objects("s3://bucket/scans"))
    assert refusing_s3.asked == 1


def test_a_store_that_does_not_answer_may_be_asked_again(monkeypatch, without_waits):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # a port where nobody listens
        point_s3_at(monkeypatch, f"http://127.0.0.1:{unheard.getsockname()[1]}")
        for ask in (
            lambda: storage.read_bytes("s3://bucket/key"),
            lambda: list(storage.list_objects("s3://bucket")),
            lambda: storage.create("s3://bucket/key", b"x", "s3://bucket/staging"),
        ):
            with pytest.raises(StorageError):
                ask()
    s3fs.S3FileSystem.clear_instance_cache()
