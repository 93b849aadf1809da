"""A run reads with the champion of its registry, looked up when it is planned and never again."""

import json
import logging
from pathlib import Path
from uuid import uuid4

import onnx
import pytest
from fsspec.implementations.local import LocalFileSystem

from ocr_tasks import storage
from ocr_tasks.engines import fetching
from ocr_tasks.engines.ppocr import DETECTOR, RECOGNIZER, WHEEL_FILES, wheel_models
from ocr_tasks.errors import DamagedFileError, ModelError, PlanConflictError, SettingsError
from ocr_tasks.jobs import archive_ocr
from ocr_tasks.registry.champions import NOBODY, promote, rollback
from ocr_tasks.registry.versions import file_url, register
from tests.jobs.runs import do_in_turn, page, rows_in, settings_for
from tests.makers import fill_folder, jpeg, png
from tests.registry.models import CARD, files_of, registered
from tests.tiny_onnx import write_recognizer

ENGINE = {"kind": "onnx", "threads": 1}


in_each_store = pytest.mark.parametrize("registry", ["local", "s3"], indirect=True)


@pytest.fixture
def registry(request, tmp_path, monkeypatch):
    """A registry without a version, and a cache of this test's own."""
    copies = tmp_path / "copies"
    monkeypatch.setattr(fetching.platformdirs, "user_cache_path", lambda name: copies / name)
    if getattr(request, "param", "local") == "local":
        return str(tmp_path / "registry")
    return request.getfixturevalue("s3_endpoint").uri(f"registry-{uuid4().hex}")


@pytest.fixture
def scans(tmp_path):
    return fill_folder(tmp_path / "scans", {"a.png": png(page("one")), "b.png": png(page("two"))})


@pytest.fixture
def settings(scans, registry, tmp_path):
    """Two shards of a page each, to be read with the registry's champion."""
    return settings_with(scans, tmp_path / "out", registry)


def settings_with(source, output, registry, **sections):
    sections = {"engine": ENGINE, "shards": {"pages": 1}} | sections
    return settings_for(source, output, registry=registry, **sections)


@pytest.fixture
def versions(registry, tmp_path):
    """Two recognisers that are registered, neither of which was promoted."""
    found = []
    for name, confused in (("one", {"a": "b"}), ("other", {"c": "b"})):
        weights = write_recognizer(tmp_path / name / "inference.onnx", confused).read_bytes()
        source = storage.absolute(str(tmp_path / f"{name}-export"))
        found.append(registered(storage.absolute(registry), source, weights, name=name))
    return found


def readers(output, run_id):
    """The recognisers that read the rows of a run, by name and digest."""
    rows = [row for row in rows_in(output) if row["run_id"] == run_id]
    return {(row["rec_model"], row["rec_model_sha256"]) for row in rows}


def of(version):
    return {(version.folder, version.digest)}


BUILT_IN = {(RECOGNIZER.name, RECOGNIZER.sha256)}


@in_each_store
def test_the_champion_reads_from_the_next_plan_on_and_a_rollback_brings_back_what_read_before(
    settings, registry, versions
):
    do_in_turn(settings, "before")
    promote(registry, "rec", versions[0].digest, NOBODY, "better")
    do_in_turn(settings, "promoted")
    rollback(registry, "rec", "worse in use")
    do_in_turn(settings, "rolled-back")
    assert readers(settings.output, "before") == BUILT_IN
    assert readers(settings.output, "promoted") == of(versions[0])
    assert readers(settings.output, "rolled-back") == BUILT_IN


@in_each_store
def test_a_promotion_in_the_middle_of_a_run_changes_nothing_in_it(settings, registry, versions):
    promote(registry, "rec", versions[0].digest, NOBODY, "better")
    planned = archive_ocr.plan(settings, "r1")
    archive_ocr.infer(planned["output"], "r1", "00000")
    promote(registry, "rec", versions[1].digest, 1, "better still")
    assert archive_ocr.plan(settings, "r1") == planned
    archive_ocr.infer_missing(planned["output"], "r1", 1)
    assert archive_ocr.seal(planned["output"], "r1")["engine"]["recognizer"] == {
        "name": versions[0].folder,
        "sha256": versions[0].digest,
    }
    assert readers(settings.output, "r1") == of(versions[0])
    do_in_turn(settings, "r2")
    assert readers(settings.output, "r2") == of(versions[1])


@pytest.fixture
def promoted(settings, registry, versions):
    """The settings, where the first version is champion."""
    promote(registry, "rec", versions[0].digest, NOBODY, "better")
    return settings


def test_the_plan_says_which_champion_of_which_registry_reads(promoted, versions):
    archive_ocr.plan(promoted, "r1")
    told = json.loads(Path(promoted.output, "_runs", "r1", "settings.json").read_text())["settings"]
    assert told["registry"] == storage.absolute(promoted.registry)
    assert told["engine"]["rec_model"] == file_url(told["registry"], versions[0])
    assert told["engine"]["rec_sha256"] == versions[0].digest
    assert told["engine"]["det_model"] is None


def test_a_detector_that_was_promoted_finds_the_lines(promoted, tmp_path):
    detector = registered_detector(promoted.registry, tmp_path)
    promote(promoted.registry, "det", detector.digest, NOBODY, "finds more")
    do_in_turn(promoted)
    (found,) = {(row["det_model"], row["det_model_sha256"]) for row in rows_in(promoted.output)}
    assert found == (detector.folder, detector.digest)


def registered_detector(registry, tmp_path):
    """The built-in detector as a version, of which a name in its metadata is another."""
    model = onnx.load(wheel_models() / WHEEL_FILES[DETECTOR])
    model.producer_name = "another"
    files = files_of(storage.absolute(str(tmp_path / "det")), model.SerializeToString())
    return register(storage.absolute(registry), "det", files, CARD)


def test_a_retry_reads_with_the_champion_of_its_run_unless_it_is_given_a_registry(
    promoted, scans, versions
):
    folder = Path(scans.removeprefix("file://"))
    (folder / "c.jpg").write_bytes(jpeg(page("three"))[:-200])
    do_in_turn(promoted)
    promote(promoted.registry, "rec", versions[1].digest, 1, "better still")
    archive_ocr.retry(promoted.output, "r1", "r2", {}, 1)
    archive_ocr.retry(promoted.output, "r1", "r2", {}, 1)
    archive_ocr.retry(promoted.output, "r1", "r3", {"registry": promoted.registry}, 1)
    archive_ocr.retry(promoted.output, "r1", "r3", {"registry": promoted.registry}, 1)
    archive_ocr.retry(promoted.output, "r2", "r4", {"registry": promoted.registry}, 1)
    seals = {run: archive_ocr.seal(promoted.output, run) for run in ("r2", "r3", "r4")}
    assert seals["r2"]["engine"]["recognizer"]["sha256"] == versions[0].digest
    assert seals["r3"]["engine"]["recognizer"]["sha256"] == versions[1].digest
    assert seals["r4"]["engine"]["recognizer"]["sha256"] == versions[1].digest


def test_a_fault_is_shown_again_with_the_champion_that_met_it(promoted, scans, tmp_path, versions):
    Path(scans.removeprefix("file://"), "c.jpg").write_bytes(jpeg(page("three"))[:-200])
    do_in_turn(promoted)
    archive_ocr.failures(promoted.output, "r1", str(tmp_path / "failed"))
    (line,) = (tmp_path / "failed" / "failures.jsonl").read_text().splitlines()
    assert versions[0].digest in json.loads(line)["reproducer"]


def test_another_registry_is_another_run(promoted, scans, tmp_path):
    archive_ocr.plan(promoted, "r1")
    other = settings_with(scans, promoted.output, str(tmp_path / "elsewhere"))
    with pytest.raises(PlanConflictError, match="other settings of: registry"):
        archive_ocr.plan(other, "r1")


@pytest.mark.parametrize(
    "engine",
    [
        {"rec_model": "models/mine"},
        {"rec_sha256": "0" * 64},
        {"det_model": "models/mine"},
        {"det_sha256": "0" * 64},
        {"kind": "paddle"},
        {"kind": "fake"},
    ],
    ids=lambda engine: next(iter(engine)) + "=" + next(iter(engine.values()))[:6],
)
def test_models_beside_those_of_a_registry_are_refused(scans, tmp_path, engine):
    settings = settings_with(scans, tmp_path / "out", str(tmp_path / "r"), engine=ENGINE | engine)
    with pytest.raises(SettingsError, match=r"registry"):
        archive_ocr.plan(settings, "r1")
    assert not (tmp_path / "out").exists()


def test_where_nobody_was_promoted_yet_that_is_said(scans, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "ocr_tasks"):
        archive_ocr.plan(settings_with(scans, tmp_path / "out", str(tmp_path / "new")), "r1")
    assert "nobody was promoted in file://" in caplog.text


@pytest.mark.parametrize("url", ["http://host/registry", "s3://key:secret@bucket/registry"])
def test_a_registry_that_may_not_be_read_is_refused(scans, tmp_path, url):
    with pytest.raises(SettingsError) as refusal:
        archive_ocr.plan(settings_with(scans, tmp_path / "out", url), "r1")
    assert "secret" not in str(refusal.value)


def test_a_registry_that_the_store_denies_is_refused_by_its_name(scans, tmp_path, monkeypatch):
    def denied(self, path, **_):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(LocalFileSystem, "ls", denied)
    with pytest.raises(SettingsError, match="the registry cannot be read"):
        archive_ocr.plan(settings_with(scans, tmp_path / "out", str(tmp_path / "shut")), "r1")


def test_a_damaged_registry_plans_no_run(promoted, versions):
    log = Path(promoted.registry, "champions", "rec", "000001.json")
    whole = log.read_bytes()
    log.write_bytes(b"{")
    with pytest.raises(DamagedFileError, match=r"000001\.json"):
        archive_ocr.plan(promoted, "r1")
    log.write_bytes(whole)
    storage.write(file_url(storage.absolute(promoted.registry), versions[0]), b"other weights")
    with pytest.raises(ModelError, match="not the pinned"):
        archive_ocr.plan(promoted, "r1")
    assert not Path(promoted.output, "_runs").exists()


def test_the_command_and_the_environment_take_a_registry(
    promoted, scans, call, monkeypatch, versions
):
    given = ["--input", scans, "--output", promoted.output, "-o", "engine.kind=onnx"]
    code, *_ = call(
        "archive-ocr", "plan", *given, "--registry", promoted.registry, "--run-id", "r1"
    )
    assert code == 0
    monkeypatch.setenv("OCR_TASKS_REGISTRY", promoted.registry)
    code, *_ = call("archive-ocr", "run", *given, "--run-id", "r2", "--workers", "1")
    assert code == 0
    for run in ("r1", "r2"):
        told = json.loads(Path(promoted.output, "_runs", run, "settings.json").read_text())
        assert told["engine"]["recognizer"]["sha256"] == versions[0].digest
