import datetime
import json
from dataclasses import replace

import pytest

from ocr_tasks import storage
from ocr_tasks.archive.shards import ShardSpec, manifest_bytes, plan_shards
from ocr_tasks.engines.fake import load
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError, PlanConflictError, SettingsError
from ocr_tasks.planning import (
    PLAN_KEY,
    FrozenPlan,
    freeze,
    is_planned,
    lineage,
    read_plan,
    show_settings,
)
from ocr_tasks.records import ModelInfo
from ocr_tasks.results.layout import RunLayout, manifest_uri
from tests.makers import expected_page

ENGINE = load(EngineSpec(kind="fake")).info
SETTINGS = {"collection": "ledgers", "engine": {"kind": "fake", "threads": 0}, "note": "é 漢"}
PLAN = FrozenPlan(
    run_id="r1",
    settings=SETTINGS,
    config_sha256="c" * 64,
    engine=ENGINE,
    pipeline_version="0.0",
    dag_run_id="manual__2026-11-21",
    planned_at=datetime.datetime(2026, 11, 21, 8, 40, 1, 5, tzinfo=datetime.UTC),
)
PAGES = [
    expected_page(0, source_member="box/é.jpg", member_index=3, member_offset=1536),
    expected_page(1, media_type="application/pdf", page_index=2, page_count=9),
    expected_page(2, skipped=True, error_class="E_UNSUPPORTED", error_message="no scan"),
]


@pytest.fixture(params=["local", "memory"])
def layout(request, tmp_path):
    url = str(tmp_path) if request.param == "local" else request.getfixturevalue("memory_url")
    return RunLayout(storage.absolute(url), "ledgers", "r1")


def manifest_of(pages, pages_a_shard=2):
    return plan_shards(pages, ShardSpec(pages=pages_a_shard), 1)


@pytest.fixture
def run(layout):
    freeze(layout, PLAN, manifest_of(PAGES))
    return read_plan(layout.output, "r1")


def test_a_frozen_plan_is_read_as_it_was(run, layout):
    assert run.frozen == PLAN
    assert run.layout == layout


def test_the_manifest_gives_back_every_expected_page_in_order(run):
    assert run.manifest.expected() == PAGES
    assert run.manifest.shard_ids() == ["00000", "00001"]


def test_a_shard_is_read_with_the_plan_but_without_the_other_pages(run, layout):
    part = read_plan(layout.output, "r1", "00001")
    assert part.frozen == PLAN
    assert part.manifest.expected() == PAGES[2:]


def test_whoever_plans_second_finds_the_first_plan_in_force(run, layout):
    freeze(layout, replace(PLAN, config_sha256="d" * 64), manifest_of(PAGES[:1]))
    standing = read_plan(layout.output, "r1")
    assert standing.frozen.config_sha256 == PLAN.config_sha256
    assert standing.manifest.expected() == PAGES


def test_a_run_is_planned_when_its_manifest_is_there_and_not_before(layout):
    assert not is_planned(layout)
    freeze(layout, PLAN, manifest_of(PAGES))
    assert is_planned(layout)
    assert not is_planned(replace(layout, run_id="r2"))


@pytest.mark.parametrize(
    ("run_id", "shard_id", "named"),
    [
        pytest.param("r2", None, "no run 'r2' was planned", id="unknown run"),
        pytest.param("r1", "00009", "no shard '00009'", id="unknown shard"),
        pytest.param("../r1", None, "run id '../r1'", id="a path for a run id"),
    ],
)
def test_what_was_never_planned_is_refused_by_name(run, layout, run_id, shard_id, named):
    with pytest.raises(SettingsError, match=named):
        read_plan(layout.output, run_id, shard_id)


def test_the_same_settings_are_no_conflict(run):
    run.refuse_other_settings(json.loads(json.dumps(SETTINGS)))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param(
            {"engine": {"kind": "fake", "threads": 2}}, "engine.threads", id="a nested value"
        ),
        pytest.param({"note": "e"}, "note", id="a value"),
        pytest.param({"note": None, "collection": "x"}, "collection, note", id="two of them"),
        pytest.param({"new": 1}, "new", id="a setting the plan does not know"),
    ],
)
def test_other_settings_are_a_conflict_that_names_them(run, changes, named):
    with pytest.raises(PlanConflictError) as refusal:
        run.refuse_other_settings(SETTINGS | changes)
    assert str(refusal.value) == f"run r1 was planned with other settings of: {named}"


def test_the_same_models_may_go_on_elsewhere(run):
    run.refuse_other_models(replace(ENGINE, device="gpu:0", engine_version="next"))


@pytest.mark.parametrize("part", ["engine", "detector", "recognizer", "dict_sha256"])
def test_other_models_are_refused_by_name(run, part):
    other = ModelInfo("fake", "0" * 64) if part in {"detector", "recognizer"} else "other"
    with pytest.raises(ModelError, match=f"planned with {part} "):
        run.refuse_other_models(replace(ENGINE, **{part: other}))


def test_a_plan_that_is_older_than_retries_is_read(layout):
    footer = PLAN.as_json()
    del footer["retry_of"]
    pages = manifest_of(PAGES)
    uri = manifest_uri(layout.output, "r1")
    storage.write(uri, manifest_bytes(pages, {PLAN_KEY: json.dumps(footer)}))
    assert read_plan(layout.output, "r1").frozen == PLAN


def test_a_retry_is_no_run_of_its_own_and_no_retry_of_another(layout):
    freeze(layout, replace(PLAN, retry_of="r0"), manifest_of(PAGES))
    run = read_plan(layout.output, "r1")
    run.refuse_other_settings(SETTINGS, "r0")
    for other in (None, "r2"):
        with pytest.raises(PlanConflictError, match="r1 was planned as a retry of r0, not"):
            run.refuse_other_settings(SETTINGS, other)


def test_a_run_and_those_it_is_a_retry_of_are_found_from_the_newest_to_the_oldest(layout):
    for run_id, retry_of in (("r1", None), ("r2", "r1"), ("r3", "r2")):
        plan = replace(PLAN, run_id=run_id, retry_of=retry_of)
        freeze(replace(layout, run_id=run_id), plan, manifest_of(PAGES))
    runs = lineage(read_plan(layout.output, "r3"))
    assert [run.frozen.run_id for run in runs] == ["r3", "r2", "r1"]


def test_pages_are_found_by_their_ids_in_the_order_of_the_manifest(run):
    ids = [PAGES[2].page_id, PAGES[0].page_id, "no such id"]
    assert run.pages(ids) == [PAGES[0], PAGES[2]]


def test_an_output_with_credentials_is_refused_before_it_is_asked(layout):
    with pytest.raises(SettingsError) as refusal:
        read_plan("s3://AKIA:planted-secret@bucket/out", "r1")
    assert "planted" not in str(refusal.value)


def test_settings_json_repeats_the_plan_and_is_not_needed(run, layout):
    show_settings(run)
    shown = json.loads(storage.read_bytes(layout.settings))
    assert shown == PLAN.as_json()
    storage.write(layout.settings, b"somebody's notes")
    show_settings(run)
    assert storage.read_bytes(layout.settings) == b"somebody's notes"
    assert read_plan(layout.output, "r1").frozen == PLAN
