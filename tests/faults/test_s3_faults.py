"""The pipeline on S3 whose requests are lost, refused, cut and delayed."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import commands
from tests.faults.comparing import assert_nothing_committed, assert_sealed_like
from tests.faults.conftest import Calm, Report
from tests.faults.places import Bucket
from tests.faults.processes import s3_env
from tests.faults.sizes import FAULTS, KILLS
from tests.s3_faults import CONFLICT, DENIED, IS_THERE, KINDS, RESET, FaultyS3, faulty_s3

pytestmark = FAULTS

TRIES = 5  # of one step, before a store that loses a third of its requests is to blame


def behind(proxy: FaultyS3, bucket: Bucket, prefix: str) -> Bucket:
    """The bucket as its processes see it through the proxy."""
    return replace(bucket, prefix=prefix, env=s3_env(proxy.url))


def do_until_done(place: Bucket, folder: Path, args: tuple[str, ...]) -> int:
    """Gives the command again until it is done; how often it ended with E_IO before."""
    for failed in range(TRIES):
        done = commands.do(place, folder, args)
        if done.wait() == 0:
            return failed
        assert "E_IO" in done.said(), done.said()
    pytest.fail(f"not done in {TRIES} tries: {done.said()}")


def test_plan_infer_and_seal_come_through_a_store_that_fails_at_every_third_request(
    bucket: Bucket, s3_url: str, calm_s3: Calm, tmp_path: Path, figures: Report
) -> None:
    injected, passed, again, runs = Counter(), 0, 0, max(1, KILLS // 30)
    for number in range(runs):
        with faulty_s3(s3_url, share=0.3, seed=number) as proxy:
            place, run_id = behind(proxy, bucket, f"faulty-{number}"), "r1"
            for step in (commands.plan, commands.infer, commands.seal):
                again += do_until_done(place, tmp_path, step(place, run_id))
        assert_sealed_like(place, run_id, calm_s3.pages)
        injected += proxy.injected
        passed += proxy.passed.total()
    figures({"injected": dict(injected), "passed": passed, "given again": again, "runs": runs})
    assert set(injected) == set(KINDS)
    assert injected.total() >= passed / 4


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        pytest.param(DENIED, "E_SETTINGS", id="403"),
        pytest.param(IS_THERE, "E_IO", id="412 though there is no such object"),
        pytest.param(RESET, "E_IO", id="always reset"),
    ],
)
def test_a_refused_commit_is_a_coded_error_and_commits_nothing(
    bucket: Bucket, s3_url: str, calm_s3: Calm, tmp_path: Path, refusal: str, code: str
) -> None:
    with faulty_s3(s3_url) as proxy:
        place = behind(proxy, bucket, f"refused-{refusal.replace(' ', '-')}")
        (shard_id, *_) = commands.planned_shards(place, tmp_path, "r1")
        for _ in range(20):
            proxy.script(refusal, "PUT", "/part-")
        assert commands.refused_with(place, tmp_path, commands.infer(place, "r1", shard_id)) == code
        assert_nothing_committed(place, "r1")
        assert proxy.injected[refusal] >= 1
        proxy.calm()
        commands.finish(place, tmp_path, "r1")
    assert_sealed_like(place, "r1", calm_s3.pages)


def test_a_conflict_of_two_conditional_puts_is_tried_again(
    bucket: Bucket, s3_url: str, calm_s3: Calm, tmp_path: Path
) -> None:
    with faulty_s3(s3_url) as proxy:
        place = behind(proxy, bucket, "conflict")
        for name in ("manifest", "settings", "/part-", "seal"):
            proxy.script(CONFLICT, "PUT", name)
        commands.finish(place, tmp_path, "r1")
        assert proxy.injected[CONFLICT] == 4
    assert_sealed_like(place, "r1", calm_s3.pages)
