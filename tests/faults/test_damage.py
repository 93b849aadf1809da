"""Files of a run that are not what was written: every flip and every cut is named, none counted."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_tasks.errors import DamagedFileError
from ocr_tasks.jobs import archive_ocr
from ocr_tasks.planning import read_plan
from tests.faults import commands
from tests.faults.comparing import Pages, assert_nothing_committed, assert_sealed_like, is_sealed
from tests.faults.conftest import Report
from tests.faults.places import Folder, part_of
from tests.faults.sizes import FAULTS, KILLS

pytestmark = FAULTS

FLIPS = KILLS * 20


def damages(data: bytes, flips: int) -> Iterator[bytes]:
    """The file with one bit flipped at so many places, and cut at some."""
    rng = random.Random(flips)
    for at in rng.sample(range(len(data)), min(flips, len(data))):
        yield data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    for length in (0, 1, 100, len(data) // 2, len(data) - 8, len(data) - 1):
        yield data[:length]


def test_a_damaged_manifest_is_named_and_no_row_is_made_of_it(
    place: Folder, pages: Pages, tmp_path: Path, figures: Report
) -> None:
    """A flip where Parquet keeps nothing, as in a page's header, may pass: the plan is the same."""
    commands.planned_shards(place, tmp_path, "r1")
    manifest = Path(place.output) / "_runs" / "r1" / "manifest.parquet"
    sound, planned = manifest.read_bytes(), read_plan(f"file://{place.output}", "r1")
    named, harmless = 0, 0
    for data in damages(sound, FLIPS):
        manifest.write_bytes(data)
        try:
            found = read_plan(f"file://{place.output}", "r1")
        except DamagedFileError:
            named += 1
        else:
            assert found.frozen == planned.frozen
            assert found.manifest.table.equals(planned.manifest.table)
            harmless += 1
    figures({"flips and cuts": named + harmless, "named": named, "without effect": harmless})
    assert named > 8 * harmless
    manifest.write_bytes(sound[: len(sound) // 2])
    for step in (commands.infer(place, "r1"), commands.infer(place, "r1", "00000")):
        assert commands.refused_with(place, tmp_path, step) == "E_DAMAGED"
    assert commands.refused_with(place, tmp_path, commands.seal(place, "r1")) == "E_DAMAGED"
    assert_nothing_committed(place, "r1")
    manifest.write_bytes(sound)
    commands.finish_here(place, "r1")
    assert_sealed_like(place, "r1", pages)


def test_a_damaged_part_is_named_and_never_sealed(
    place: Folder, pages: Pages, tmp_path: Path, figures: Report
) -> None:
    commands.planned_shards(place, tmp_path, "r1")
    commands.do_well(place, tmp_path, commands.infer(place, "r1"))
    part = Path(place.output) / part_of("r1", "00002")
    sound, tried = part.read_bytes(), 0
    for data in damages(sound, FLIPS):
        part.write_bytes(data)
        with pytest.raises(DamagedFileError, match=part.name):
            archive_ocr.seal(place.output, "r1")
        tried += 1
    figures({"flips and cuts": tried, "named": tried})
    assert not is_sealed(place, "r1")
    for step in (commands.seal(place, "r1"), commands.infer(place, "r1", "00002")):
        assert commands.refused_with(place, tmp_path, step) == "E_DAMAGED"
    part.unlink()  # as the remedy says
    commands.finish_here(place, "r1")
    assert_sealed_like(place, "r1", pages)


def test_a_part_that_was_changed_after_the_seal_is_named(place: Folder, tmp_path: Path) -> None:
    commands.finish_here(place, "r1")
    part = Path(place.output) / part_of("r1", "00001")
    sound = part.read_bytes()
    for data in damages(sound, 10):
        part.write_bytes(data)
        with pytest.raises(DamagedFileError, match=part.name):
            archive_ocr.seal(place.output, "r1")
    part.unlink()
    assert commands.refused_with(place, tmp_path, commands.infer(place, "r1", "00001")) == (
        "E_DAMAGED"
    )
    part.write_bytes(sound)
    commands.do_well(place, tmp_path, commands.seal(place, "r1"))
