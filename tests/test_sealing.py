import datetime
from dataclasses import replace

import pytest

from ocr_tasks.archive.shards import Manifest, ShardSpec, plan_shards
from ocr_tasks.planning import PlannedRun
from ocr_tasks.results.commit import commit_shard
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.sealing import FailureSpec, seal_run
from tests.makers import expected_page
from tests.results.answers import failed, line, quarantined, read, row
from tests.test_planning import PLAN


@pytest.fixture
def run(tmp_path):
    """A run of four pages in one shard: two read, one failed, one quarantined."""
    layout = RunLayout(f"file://{tmp_path}", "ledgers", "r1")
    answers = (read(0, [line()]), read(1), failed(2), quarantined(3))
    commit_shard(layout, "00000", "first", [row(answer) for answer in answers])
    pages = plan_shards(map(expected_page, range(4)), ShardSpec(pages=4), 1)
    return PlannedRun(PLAN, layout, Manifest(pages.read_all()))


@pytest.mark.parametrize(("max_share", "within"), [(0.25, False), (0.49, False), (0.5, True)])
def test_quarantined_pages_count_as_failed(run, max_share, within):
    seal = seal_run(run, FailureSpec(max_share))
    assert seal["failed_share"] == 0.5
    assert seal["within_budget"] is within
    assert seal["by_status"] == {"blank": 1, "failed": 1, "ok": 1, "quarantined": 1}


def test_the_seal_says_whose_retry_the_run_is(run):
    assert seal_run(run, FailureSpec())["retry_of"] is None
    other = replace(run.layout, run_id="r2")
    commit_shard(other, "00000", "first", [row(failed(number)) for number in range(4)])
    again = PlannedRun(replace(PLAN, run_id="r2", retry_of="r1"), other, run.manifest)
    assert seal_run(again, FailureSpec())["retry_of"] == "r1"


def test_a_sealed_run_keeps_its_seal(run):
    first = seal_run(run, FailureSpec())
    assert run.is_sealed()
    assert seal_run(run, FailureSpec(max_share=1.0)) == first


def test_a_clock_that_was_set_back_makes_no_time_run_backwards(run):
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    late = replace(run, frozen=replace(PLAN, planned_at=tomorrow))
    assert seal_run(late, FailureSpec())["duration_s"] == 0.0
