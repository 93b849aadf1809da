"""Objects that are written from a file, as they may be too large to be held."""

import io
import os
import subprocess
import sys
from uuid import uuid4

import boto3
import pytest

from ocr_tasks import storage
from ocr_tasks.errors import SettingsError, StorageError
from tests.s3_faults import BROKEN, LOST, RESET
from tests.stores import names_at

SMALL = b"a few bytes"
PARTS = os.urandom(1 << 20) * 40  # more than two parts of an upload


@pytest.fixture(params=["local", "memory", "s3"])
def folder(request, tmp_path):
    if request.param == "local":
        return storage.absolute(str(tmp_path / "new" / "folder"))
    if request.param == "memory":
        return request.getfixturevalue("memory_url")
    return request.getfixturevalue("s3_endpoint").uri(uuid4().hex)


@pytest.mark.parametrize("data", [b"", SMALL, PARTS], ids=["nothing", "small", "in parts"])
def test_what_a_file_holds_is_written_from_its_beginning(folder, data):
    source = io.BytesIO(data)
    source.seek(0, io.SEEK_END)
    assert storage.create_from(f"{folder}/x", source, folder)
    assert storage.read_bytes(f"{folder}/x") == data
    assert names_at(folder) == ["x"]


@pytest.mark.parametrize("data", [SMALL, PARTS], ids=["small", "in parts"])
def test_what_is_there_is_never_overwritten(folder, data):
    storage.write(f"{folder}/x", b"first")
    assert not storage.create_from(f"{folder}/x", io.BytesIO(data), folder)
    assert storage.read_bytes(f"{folder}/x") == b"first"


class Torn(io.BytesIO):
    """A file whose disk fails behind the first part."""

    def read(self, size=-1, /):
        if self.tell() > 0:
            raise OSError("the disk failed")
        return super().read(size)


@pytest.mark.parametrize("folder", ["local", "s3"], indirect=True)
def test_a_file_that_cannot_be_read_to_its_end_leaves_nothing(folder, without_waits):
    with pytest.raises(StorageError):
        storage.create_from(f"{folder}/x", Torn(PARTS), folder)
    assert storage.names_in(folder) == []


def test_local_copies_are_for_owner_and_group(tmp_path):
    storage.create_from(f"file://{tmp_path}/x", io.BytesIO(SMALL), f"file://{tmp_path}")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_a_bucket_that_is_not_there_is_a_wrong_setting(s3_endpoint):
    for data in (SMALL, PARTS):
        with pytest.raises(SettingsError, match="no such folder or bucket"):
            storage.create_from("s3://no-such-bucket/x", io.BytesIO(data), "")


@pytest.mark.parametrize(
    ("kind", "method", "data"),
    [
        (RESET, "PUT", SMALL),
        (BROKEN, "PUT", PARTS),
        (RESET, "POST", PARTS),
        (LOST, "POST", PARTS),
    ],
)
def test_an_upload_that_was_lost_is_made_again(s3_endpoint, faulty, kind, method, data):
    uri = s3_endpoint.uri(f"{uuid4().hex}/x")
    faulty.script(kind, method, "/x")
    storage.create_from(uri, io.BytesIO(data), "")
    assert faulty.injected == {kind: 1}
    assert storage.read_bytes(uri) == data


def test_an_upload_that_fails_for_good_leaves_no_parts(s3_endpoint, without_waits):
    with pytest.raises(StorageError):
        storage.create_from(s3_endpoint.uri("torn/x"), Torn(PARTS), "")
    client = boto3.client("s3", endpoint_url=s3_endpoint.url)
    uploads = client.list_multipart_uploads(Bucket=s3_endpoint.bucket).get("Uploads", [])
    assert [each["Key"] for each in uploads if each["Key"].startswith("torn/")] == []


COPY_OF_200_MB = """
import sys, tempfile
from ocr_tasks import storage
from ocr_tasks.results.rows import peak_rss_mb
with tempfile.TemporaryFile() as file:
    storage.create_from(sys.argv[1] + "/small", file, sys.argv[1])
    before = peak_rss_mb()
    file.truncate(200_000_000)
    storage.create_from(sys.argv[1] + "/large", file, sys.argv[1])
    print(peak_rss_mb() - before)
"""


def test_a_large_file_is_not_held_whole(tmp_path, s3_endpoint):
    for folder in (str(tmp_path / "out"), s3_endpoint.uri(uuid4().hex)):
        command = [sys.executable, "-c", COPY_OF_200_MB, folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        assert float(done.stdout) < 100  # MB
