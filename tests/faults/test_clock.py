"""Clocks that disagree: each step of a run is done at an earlier time than the one before."""

import datetime
from pathlib import Path

from tests.faults import commands, hooks
from tests.faults.comparing import Pages, assert_sealed_like, seal_of
from tests.faults.places import Folder
from tests.faults.processes import HOOKED
from tests.faults.sizes import FAULTS

pytestmark = FAULTS

DAY = 86_400


def test_a_run_survives_a_clock_that_is_set_back_between_its_steps(
    place: Folder, pages: Pages, tmp_path: Path
) -> None:
    for step, ahead in ((commands.plan, DAY), (commands.infer, 0), (commands.seal, -DAY)):
        env = {hooks.CLOCK: str(ahead)}
        commands.do_well(place, tmp_path, step(place, "r1"), command=HOOKED, env=env)
    assert_sealed_like(place, "r1", pages)
    seal = seal_of(place, "r1")
    planned, sealed = (
        datetime.datetime.fromisoformat(seal[name]) for name in ("planned_at", "sealed_at")
    )
    assert planned - sealed > datetime.timedelta(seconds=1.9 * DAY), "the clock was not set back"
    assert seal["duration_s"] == 0


def test_a_run_that_is_taken_up_before_it_was_planned_does_only_what_is_missing(
    place: Folder, pages: Pages, tmp_path: Path
) -> None:
    commands.do_well(place, tmp_path, commands.plan(place, "r1"))
    commands.do_well(place, tmp_path, commands.infer(place, "r1", "00001"))
    committed = place.read_all("pages/")
    env = {hooks.CLOCK: str(-400 * DAY)}
    commands.do_well(place, tmp_path, commands.run(place, "r1"), command=HOOKED, env=env)
    assert committed.items() <= place.read_all("pages/").items()
    assert_sealed_like(place, "r1", pages)
