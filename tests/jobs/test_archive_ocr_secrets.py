"""Secrets that are in the environment are in nothing that a run leaves: files, rows, output."""

import io
import json
import os
import subprocess
import sys
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from ocr_tasks import storage
from ocr_tasks.errors import SettingsError
from ocr_tasks.jobs import archive_ocr
from tests.encrypted import encrypted_pdf
from tests.jobs.runs import page, settings_for, state_of
from tests.makers import jpeg, png, tar

PLANTED = {
    "AWS_SECRET_ACCESS_KEY": "planted-aws/K7MDENGbPxRfiCY",
    "AWS_SESSION_TOKEN": "planted-session-FwoGZXIvYXdz",
    "PDF_PASSWORDS": "planted-pdf-one\nplanted-pdf-two",
    "AIRFLOW__CORE__FERNET_KEY": "planted-fernet-46BKJoQYlPPOexq0",
    "HF_TOKEN": "planted-hf-token",
}


def called(*arguments):
    """What `ocr-tasks` prints, on both its outputs, with the secrets in its environment."""
    command = [sys.executable, "-m", "ocr_tasks.cli", *arguments]
    done = subprocess.run(command, env=os.environ | PLANTED, capture_output=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def everything_in(url):
    """The bytes of every object below a URL; of Parquet also what they say uncompressed."""
    for found in storage.list_objects(url):
        data = storage.read_bytes(found.uri)
        yield found.uri, data
        if found.uri.endswith(".parquet"):
            table = pq.read_table(io.BytesIO(data))
            yield found.uri, repr((table.to_pylist(), table.schema.metadata)).encode()


def refuse_planted(what, data):
    for name, secret in PLANTED.items():
        for part in secret.splitlines():
            assert part.encode() not in data, f"{name} is in {what}"


def test_a_run_its_failures_and_its_retry_leave_no_secret(s3_endpoint):
    place = s3_endpoint.uri(uuid4().hex)
    files = {
        "encrypted.pdf": encrypted_pdf("planted-pdf-two"),
        "locked.pdf": encrypted_pdf("of somebody else"),
        "box.tar": tar([("cut.jpg", jpeg(page("cut"))[:-200])]),
        "good.png": png(page("good")),
    }
    for name, data in files.items():
        storage.write(f"{place}/in/{name}", data)
    where = ("--output", f"{place}/out", "--run-id", "june")
    said = {
        "run": called(
            *("archive-ocr", "run", "--input", f"{place}/in", *where, "--workers", "1"),
            *("-o", "engine.kind=fake", "-o", "decode.password_variable=PDF_PASSWORDS"),
            *("-o", "failures.max_share=1"),
        ),
        "failures": called("archive-ocr", "failures", *where, "--quarantine", f"{place}/bad"),
        "json": called("archive-ocr", "failures", *where, "--json"),
        "retry": called("archive-ocr", "retry", *where, "--new-run-id", "again", "--workers", "1"),
        "no such bucket": called(
            *("archive-ocr", "run", "--input", "s3://no-such-bucket/x", "--output", f"{place}/o"),
            *("-o", "engine.kind=fake"),
        ),
    }
    assert [code for code, _ in said.values()] == [0, 0, 0, 0, 2], said
    seal = json.loads(storage.read_bytes(f"{place}/out/_runs/june/seal.json"))
    assert seal["by_error"] == {"E_ENCRYPTED": 1, "E_TRUNCATED": 1}  # one password was of use
    for command, (_, output) in said.items():
        refuse_planted(command, output)
    left = [*everything_in(f"{place}/out"), *everything_in(f"{place}/bad")]
    assert len(left) > 10
    for uri, data in left:
        refuse_planted(uri, data)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"input": "s3://AKIA:planted-aws/K7MD@bucket/x"}, id="a key in the input"),
        pytest.param({"output": "s3://AKIA:planted-aws@bucket/x"}, id="a key in the output"),
        pytest.param({"collection": PLANTED["HF_TOKEN"]}, id="a token for a name"),
        pytest.param(
            {"engine": {"kind": "fake", "options": {"api_key": "planted-key"}}}, id="an option"
        ),
        pytest.param(
            {"decode": {"password_variable": "planted-password"}}, id="a password for its variable"
        ),
    ],
)
def test_a_secret_among_the_settings_is_refused_and_nothing_is_written(
    tmp_path, monkeypatch, given
):
    monkeypatch.setenv("HF_TOKEN", PLANTED["HF_TOKEN"])
    values = {"source": tmp_path / "in", "output": tmp_path / "out"} | given
    values["source"] = values.pop("input", values["source"])
    with pytest.raises(SettingsError) as refusal:
        archive_ocr.plan(settings_for(**values), "r1")
    assert "planted" not in str(refusal.value)
    assert state_of(tmp_path) == {}


def test_a_secret_is_no_name_for_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", PLANTED["HF_TOKEN"])
    (tmp_path / "a.png").write_bytes(png(page("a")))
    settings = settings_for(tmp_path / "a.png", tmp_path / "out")
    with pytest.raises(SettingsError, match="run_id holds") as refusal:
        archive_ocr.plan(settings, PLANTED["HF_TOKEN"])
    assert PLANTED["HF_TOKEN"] not in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_a_secret_on_the_command_line_is_not_repeated(tmp_path):
    output = f"s3://AKIA:{PLANTED['AWS_SECRET_ACCESS_KEY']}@bucket/out"
    for command in (
        ("archive-ocr", "run", "--input", str(tmp_path), "--output", output),
        ("archive-ocr", "seal", "--output", output, "--run-id", "june"),
        ("archive-ocr", "failures", "--output", output, "--run-id", "june"),
        ("archive-ocr", "retry", "--output", output, "--run-id", "june"),
        ("ocr", f"{output}/page.jpg", "-o", "engine.kind=fake"),
    ):
        code, said = called(*command)
        assert code == 2
        assert b"E_SETTINGS" in said
        refuse_planted(command[1], said)
