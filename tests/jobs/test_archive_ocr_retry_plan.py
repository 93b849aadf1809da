"""What a retry refuses, and how it is taken up again."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ocr_tasks import storage
from ocr_tasks.archive.shards import manifest_bytes
from ocr_tasks.errors import PlanConflictError, SettingsError
from ocr_tasks.jobs import archive_ocr
from ocr_tasks.planning import PLAN_KEY, read_plan
from tests.jobs.runs import do_in_turn, page, settings_for, state_of
from tests.makers import fill_folder, jpeg


@pytest.fixture
def failed_run(settings):
    """A sealed run r1 of the fixture `scans` with one failed page; its output."""
    do_in_turn(settings)
    return settings.output


def test_a_retry_that_was_broken_off_is_taken_up_by_its_name(failed_run, scans):
    broken = {f"torn-{number}.jpg": jpeg(page(f"torn {number}"))[:-200] for number in range(4)}
    folder = fill_folder(Path(scans.removeprefix("file://")).with_name("many"), broken)
    output = Path(failed_run).with_name("other")
    do_in_turn(settings_for(folder, output))
    planned = archive_ocr.plan_retry(str(output), "r1", "r2")
    assert (planned["pages"], planned["shards"]) == (4, ["00000", "00001"])
    archive_ocr.infer(str(output), "r2", "00000")
    before = state_of(output)
    for number in range(4):  # nothing is looked into a second time
        Path(folder.removeprefix("file://"), f"torn-{number}.jpg").unlink()
    heard = []
    seal = archive_ocr.retry(str(output), "r1", "r2", None, 1, lambda *told: heard.append(told))
    assert heard[0] == (2, 4)
    assert seal["by_error"] == {"E_TRUNCATED": 2, "E_CHANGED": 2}
    after = state_of(output)
    assert {name: after[name] for name in before} == before
    assert archive_ocr.retry(str(output), "r1", "r2", None, 1) == seal


@pytest.mark.parametrize(
    ("new_run_id", "overrides", "conflict"),
    [
        pytest.param("r1", {}, "run r1 was planned as no retry, not a retry of r1", id="itself"),
        pytest.param("plain", {}, "plain was planned as no retry, not a retry of r1", id="a run"),
        pytest.param("r2", {"decode": {"pdf_dpi": 72}}, "decode.pdf_dpi", id="other settings"),
        pytest.param(
            "of-r2", {}, "of-r2 was planned as a retry of r2, not a retry of r1", id="of another"
        ),
    ],
)
def test_a_name_that_stands_for_another_run_is_refused(
    failed_run, settings, new_run_id, overrides, conflict
):
    archive_ocr.retry(failed_run, "r1", "r2", None, 1)
    archive_ocr.plan(settings, "plain")
    archive_ocr.plan_retry(failed_run, "r2", "of-r2")
    before = state_of(failed_run)
    with pytest.raises(PlanConflictError, match=conflict):
        archive_ocr.retry(failed_run, "r1", new_run_id, overrides, 1)
    assert state_of(failed_run) == before


def test_a_retry_is_not_taken_up_as_a_run_of_its_own(failed_run, settings):
    archive_ocr.plan_retry(failed_run, "r1", "r2")
    with pytest.raises(PlanConflictError, match="r2 was planned as a retry of r1, not no retry"):
        archive_ocr.plan(settings, "r2")


def test_a_run_that_is_not_sealed_is_to_be_taken_up_first(settings):
    planned = archive_ocr.plan(settings, "r1")
    for shard_id in planned["shards"]:
        archive_ocr.infer(planned["output"], "r1", shard_id)
    with pytest.raises(SettingsError, match="run r1 is not sealed"):
        archive_ocr.retry(settings.output, "r1", "r2")
    archive_ocr.seal(settings.output, "r1")
    assert archive_ocr.retry(settings.output, "r1", "r2", None, 1)["pages"] == 1


@pytest.mark.parametrize("key", ["input", "output", "collection"])
def test_a_retry_keeps_input_output_and_collection(failed_run, key):
    with pytest.raises(SettingsError, match=f"a retry keeps the {key} of its run"):
        archive_ocr.retry(failed_run, "r1", "r2", {key: "other"})


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"decode": {"pdf_dpo": 72}}, "decode.pdf_dpo: there is no such setting"),
        ({"engine": {"options": {"api_key": "hunter2hunter2"}}}, "engine.options.api_key"),
        ({"schemes": ["s3"]}, "schemes are s3"),
    ],
)
def test_overrides_of_a_retry_are_held_to_the_rules_of_settings(failed_run, overrides, named):
    with pytest.raises(SettingsError, match=named):
        archive_ocr.retry(failed_run, "r1", "r2", overrides)


def test_a_plan_from_before_there_were_retries_is_read_and_retried(failed_run):
    manifest = Path(failed_run) / "_runs" / "r1" / "manifest.parquet"
    table = pq.read_table(manifest)
    plan = json.loads(table.schema.metadata[PLAN_KEY.encode()])
    del plan["retry_of"]
    pages = table.replace_schema_metadata().to_reader()
    manifest.write_bytes(manifest_bytes(pages, {PLAN_KEY: json.dumps(plan)}))
    assert read_plan(failed_run, "r1").frozen.retry_of is None
    assert archive_ocr.retry(failed_run, "r1", "r2", None, 1)["retry_of"] == "r1"


def test_a_retry_whose_first_run_was_deleted_cannot_know_its_pages(failed_run):
    archive_ocr.retry(failed_run, "r1", "r2", None, 1)
    (Path(failed_run) / "_runs" / "r1" / "manifest.parquet").unlink()
    with pytest.raises(SettingsError, match="no run 'r1' was planned"):
        archive_ocr.retry(failed_run, "r2", "r3", None, 1)


@pytest.mark.parametrize("name", ["b", "b\udcff"], ids=["a name", "a name that is no UTF-8"])
def test_a_folder_that_was_closed_is_read_once_it_is_open(settings, scans, monkeypatch, name):
    """Root may list every folder, so the store is made to say that one is closed."""
    root = Path(storage.absolute(scans).removeprefix("file://"))
    (root / "b").rename(root / name)
    folder = f"{storage.absolute(scans)}/{name}"
    listed = storage.list_objects

    def closed(url):
        if url == folder:
            raise SettingsError(f"{url} may not be listed")
        inside = [found for found in listed(url) if not found.uri.startswith(f"{folder}/")]
        shut = storage.StoredObject(folder, 0, "", False, is_closed=True)
        return iter(sorted([*inside, shut], key=lambda found: found.uri))

    with monkeypatch.context() as patch:
        patch.setattr(storage, "list_objects", closed)
        assert do_in_turn(settings)["by_error"]["E_ACCESS"] == 1
        still = archive_ocr.retry(settings.output, "r1", "r2", None, 1)
    assert still["by_error"] == {"E_ACCESS": 1, "E_TRUNCATED": 1}
    opened = archive_ocr.retry(settings.output, "r2", "r3", None, 1)
    assert opened["by_status"] == {"ok": 1, "blank": 1, "failed": 1, "skipped": 1}
    assert opened["by_error"] == {"E_CHANGED": 1, "E_TRUNCATED": 1}
