"""Workers at a shard are killed at random moments and at aimed ones, beside duplicates."""

import random
import time
from pathlib import Path

import pytest

from tests.faults import commands, hooks
from tests.faults.attempts import Ground, OnDisk, OnS3
from tests.faults.campaign import Campaign, Tally
from tests.faults.conftest import Calm, Report
from tests.faults.places import Bucket
from tests.faults.sizes import FAULTS, KILLS

pytestmark = FAULTS


def kill_workers(ground: Ground, calm: Calm, folder: Path, kills: int) -> Tally:
    """A campaign whose random moments fit this machine and this hour."""
    place = ground.place(f"{folder.name}-timed")
    (shard_id, *_) = commands.planned_shards(place, folder, "timed")
    started = time.monotonic()
    with ground.attempt(place, "timed", shard_id, None) as attempt:
        assert attempt.worker.wait() == 0, attempt.worker.said()
        ended = time.monotonic() - started
        reading = attempt.reading_since()
    assert reading is not None, "the first page was not seen being read"
    rng = random.Random(kills)
    return Campaign(ground, calm.pages, folder, rng, reading - started, ended).until_killed(kills)


def assert_the_window_was_hit(ground: Ground, tally: Tally) -> None:
    """Fails where kills missed what they were for: pages under way, and every step of a commit."""
    assert tally.random[hooks.READING] >= tally.kills / 10
    assert set(tally.aimed) == set(ground.commit_steps)
    assert tally.aimed.total() >= tally.kills / 10
    assert tally.part_stood >= tally.kills / 20
    assert tally.duplicates >= tally.kills / 5


def test_no_page_is_lost_or_doubled_when_workers_are_killed_on_local_files(
    scans: str, calm: Calm, tmp_path: Path, figures: Report
) -> None:
    ground = OnDisk(scans, tmp_path)
    tally = kill_workers(ground, calm, tmp_path, KILLS)
    figures(tally.figures())
    assert_the_window_was_hit(ground, tally)
    assert tally.orphans >= tally.kills / 10


@pytest.mark.parametrize(
    ("share", "kills"),
    [
        pytest.param(0.0, KILLS // 2, id="sound store"),
        pytest.param(0.3, KILLS // 4, id="30% faults"),
    ],
)
def test_no_page_is_lost_or_doubled_when_workers_are_killed_on_s3(
    bucket: Bucket,
    s3_url: str,
    calm_s3: Calm,
    tmp_path: Path,
    figures: Report,
    share: float,
    kills: int,
) -> None:
    ground = OnS3(bucket, s3_url, tmp_path, share)
    tally = kill_workers(ground, calm_s3, tmp_path, kills)
    figures(tally.figures())
    assert_the_window_was_hit(ground, tally)
