"""A PUT that was carried out and whose answer never came: the object counts as its writer's."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest

from ocr_tasks import storage
from ocr_tasks.jobs import archive_ocr
from ocr_tasks.planning import freeze, read_plan
from ocr_tasks.results.commit import commit_shard, committed_tally
from ocr_tasks.results.layout import RunLayout
from tests.jobs.runs import do_in_turn, settings_for
from tests.makers import noise_pages
from tests.results.answers import ONE_OF_EACH, row
from tests.s3_faults import BROKEN, LOST, RESET
from tests.stores import names_at
from tests.test_planning import PAGES, PLAN, manifest_of

SHARD = "00003"


@pytest.fixture
def layout(s3_endpoint, faulty):
    return RunLayout(s3_endpoint.uri(uuid4().hex), "ledgers", "r1")


def rows_of(attempt):
    return [row(answer, SHARD, attempt) for answer in ONE_OF_EACH.values()]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_commit_whose_answers_were_lost_is_ones_own(faulty, layout, times):
    for _ in range(times):
        faulty.script(LOST, "PUT", "part-")
    told = commit_shard(layout, SHARD, "mine", rows_of("mine"))
    assert told.attempt == "mine"
    assert faulty.injected == {LOST: times}
    assert committed_tally(layout, SHARD) == told
    assert commit_shard(layout, SHARD, "other", rows_of("other")) == told
    assert len(names_at(layout.output)) == 1


def test_a_commit_that_was_lost_before_it_came_is_made_again(faulty, layout):
    faulty.script(RESET, "PUT", "part-")
    assert commit_shard(layout, SHARD, "mine", rows_of("mine")).attempt == "mine"
    assert faulty.injected == {RESET: 1}


def test_a_commit_whose_answer_was_lost_after_another_is_told_of_the_other(faulty, layout):
    first = commit_shard(layout, SHARD, "first", rows_of("first"))
    faulty.script(LOST, "PUT", "part-")
    faulty.script(BROKEN, "GET", "part-")
    assert commit_shard(layout, SHARD, "second", rows_of("second")) == first
    assert faulty.injected == {LOST: 1, BROKEN: 1}


def test_a_plan_whose_answer_was_lost_is_in_force(faulty, layout):
    faulty.script(LOST, "PUT", "manifest.parquet")
    freeze(layout, PLAN, manifest_of(PAGES))
    assert faulty.injected == {LOST: 1}
    assert read_plan(layout.output, "r1").frozen == PLAN
    freeze(layout, replace(PLAN, config_sha256="d" * 64), manifest_of(PAGES[:1]))
    assert read_plan(layout.output, "r1").manifest.expected() == PAGES


@pytest.fixture
def settings(s3_endpoint, faulty):
    """A run over five small pages."""
    name = uuid4().hex
    for path, data in noise_pages(5).items():
        s3_endpoint.put(f"{name}/in/{path}", data)
    return settings_for(s3_endpoint.uri(f"{name}/in"), s3_endpoint.uri(f"{name}/out"))


def test_a_seal_whose_answer_was_lost_is_the_seal(faulty, settings):
    planned = archive_ocr.plan(settings, "r1")
    for shard_id in planned["shards"]:
        archive_ocr.infer(planned["output"], "r1", shard_id)
    faulty.script(LOST, "PUT", "seal.json")
    seal = archive_ocr.seal(planned["output"], "r1")
    assert faulty.injected == {LOST: 1}
    assert seal["by_status"] == {"ok": 5}
    assert json.loads(storage.read_bytes(f"{settings.output}/_runs/r1/seal.json")) == seal
    assert archive_ocr.seal(planned["output"], "r1") == seal


def test_a_run_through_a_store_that_loses_half_of_all_answers_is_sealed(faulty, settings):
    faulty.share, faulty.kinds = 0.5, [LOST]
    assert do_in_turn(settings)["by_status"] == {"ok": 5}
    assert faulty.injected[LOST] > 10
