"""An engine that puts out NaN: for good, from some page on, and for a moment."""

from pathlib import Path

import pytest

from tests.faults import commands, hooks
from tests.faults.comparing import Pages, assert_nothing_committed, assert_sealed_like
from tests.faults.places import Folder
from tests.faults.processes import HOOKED
from tests.faults.sizes import FAULTS

pytestmark = FAULTS

FOR_EVER = 1_000_000


@pytest.mark.parametrize("first", [0, 1], ids=["from the start", "from the second batch on"])
def test_a_shard_of_a_broken_engine_is_not_committed(
    place: Folder, pages: Pages, tmp_path: Path, first: int
) -> None:
    commands.planned_shards(place, tmp_path, "r1")
    broken = {"command": HOOKED, "env": {hooks.NAN: f"{first}:{FOR_EVER}"}}
    for step in (commands.infer(place, "r1", "00000"), commands.infer(place, "r1")):
        assert commands.refused_with(place, tmp_path, step, **broken) == "E_ENGINE"
    assert_nothing_committed(place, "r1")
    commands.finish_here(place, "r1")
    assert_sealed_like(place, "r1", pages)


def test_an_engine_that_fails_for_a_moment_costs_no_page(
    place: Folder, pages: Pages, tmp_path: Path
) -> None:
    commands.planned_shards(place, tmp_path, "r1")
    for shard_id in ("00000", "00001"):
        step = commands.infer(place, "r1", shard_id)
        commands.do_well(place, tmp_path, step, command=HOOKED, env={hooks.NAN: "1:2"})
    commands.finish_here(place, "r1")
    assert_sealed_like(place, "r1", pages)
