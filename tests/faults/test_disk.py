"""Outputs without room, and outputs that may not be written."""

import resource
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults import commands
from tests.faults.comparing import (
    Pages,
    assert_nothing_committed,
    assert_sealed_like,
    is_sealed,
    pages_of,
)
from tests.faults.mounts import read_only, small_disk
from tests.faults.places import Folder, parts_of, staged_of
from tests.faults.sizes import FAULTS

pytestmark = FAULTS

SETTINGS_KB, MANIFEST_KB, PART_KB = 1, 4, 8  # each less than such a file takes


def limited_to(kilobytes: int) -> dict[str, Any]:
    """Options of a process that can write no longer file, as under a quota.

    It caches no bytecode, as Python takes for whole what was cut at the limit.
    """
    limit = kilobytes * 1024
    return {
        "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        "env": {"PYTHONDONTWRITEBYTECODE": "1"},
    }


def test_a_plan_without_room_is_no_plan(place: Folder, pages: Pages, tmp_path: Path) -> None:
    step, limit = commands.plan(place, "r1"), limited_to(MANIFEST_KB)
    assert commands.refused_with(place, tmp_path, step, **limit) == "E_IO"
    assert place.keys("") == []
    commands.finish_here(place, "r1")
    assert_sealed_like(place, "r1", pages)


@pytest.mark.parametrize("shard_id", [None, "00000"], ids=["all shards", "one shard"])
def test_a_shard_without_room_is_not_committed(
    place: Folder, pages: Pages, tmp_path: Path, shard_id: str | None
) -> None:
    commands.planned_shards(place, tmp_path, "r1")
    step, limit = commands.infer(place, "r1", shard_id), limited_to(PART_KB)
    assert commands.refused_with(place, tmp_path, step, **limit) == "E_IO"
    assert_nothing_committed(place, "r1")
    assert place.keys(staged_of("r1")) == []
    commands.finish_here(place, "r1")
    assert_sealed_like(place, "r1", pages)


def test_a_seal_without_room_is_no_seal(place: Folder, pages: Pages, tmp_path: Path) -> None:
    commands.planned_shards(place, tmp_path, "r1")
    commands.do_well(place, tmp_path, commands.infer(place, "r1"))
    step, limit = commands.seal(place, "r1"), limited_to(SETTINGS_KB)
    assert commands.refused_with(place, tmp_path, step, **limit) == "E_IO"
    assert not is_sealed(place, "r1")
    commands.do_well(place, tmp_path, commands.seal(place, "r1"))
    assert_sealed_like(place, "r1", pages)


def test_a_run_goes_on_once_a_full_disk_has_room_again(
    few_scans: str, pages: Pages, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, kilobytes=512):
        place = Folder(few_scans, str(disk / "out"))
        commands.planned_shards(place, tmp_path, "r1")
        fill(disk / "ballast", leave=48 * 1024)
        step = commands.infer(place, "r1")
        assert commands.refused_with(place, tmp_path, step) == "E_IO"
        committed = pages_of(place, "r1")
        assert 0 < len(committed) < len(pages), "the disk was to fill up in mid-run"
        assert committed.items() <= pages.items()
        assert not is_sealed(place, "r1")
        (disk / "ballast").unlink()
        commands.finish_here(place, "r1")
        assert_sealed_like(place, "r1", pages)


def fill(ballast: Path, leave: int) -> None:
    """Fills the disk with a file, but for so many bytes."""
    ballast.write_bytes(bytes(shutil.disk_usage(ballast.parent).free - leave))


def test_an_output_that_may_not_be_written_is_a_setting_to_correct(
    place: Folder, pages: Pages, tmp_path: Path
) -> None:
    commands.planned_shards(place, tmp_path, "r1")
    output = Path(place.output)
    with read_only(output):
        for step in (
            commands.infer(place, "r1"),
            commands.infer(place, "r1", "00000"),
            commands.plan(replace(place), "r2"),
        ):
            assert commands.refused_with(place, tmp_path, step) == "E_SETTINGS"
        assert_nothing_committed(place, "r1")
        assert place.keys("_runs/r2") == []
    commands.do_well(place, tmp_path, commands.infer(place, "r1"))
    with read_only(output):
        assert commands.refused_with(place, tmp_path, commands.seal(place, "r1")) == "E_SETTINGS"
        assert not is_sealed(place, "r1")
    assert len(place.keys(parts_of("r1"))) > 1
    commands.finish_here(place, "r1")
    assert_sealed_like(place, "r1", pages)
