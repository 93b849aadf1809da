"""Decoders are killed from without, as the kernel does when memory is short."""

import random
import time
from collections import Counter
from pathlib import Path

import psutil

from tests.faults import commands
from tests.faults.comparing import OF_THE_PAGE, is_sealed, pages_of, rows_of
from tests.faults.conftest import Calm, Report
from tests.faults.places import Folder
from tests.faults.processes import HOOKED, Started, start, title_of
from tests.faults.sizes import FAULTS, KILLS

pytestmark = FAULTS

KILLS_A_COMMAND = 5


def decoders_of(worker: Started) -> list[psutil.Process]:
    """The decoders that run for a command now."""
    return [one for one in worker.family() if "ocr_tasks.archive.decoder" in title_of(one)]


def run_while_decoders_are_killed(place: Folder, folder: Path, calm: Calm, seed: int) -> int:
    """Gives the command until the run is sealed; how many decoders were killed meanwhile."""
    rng, killed = random.Random(seed), 0
    while not is_sealed(place, "r1"):
        worker = start(HOOKED + commands.run(place, "r1"), folder)
        moments = sorted(rng.uniform(0, calm.seconds) for _ in range(KILLS_A_COMMAND))
        while not worker.has_ended:
            time.sleep(0.02)
            if moments and time.monotonic() > worker.started + moments[0]:
                moments.pop(0)
                for decoder in rng.sample(found := decoders_of(worker), min(1, len(found))):
                    decoder.kill()
                    killed += 1
        worker.assert_nobody_left()
        # One that dies while it starts is no page's fault.
        assert worker.wait() == 0 or "E_WORKER" in worker.said(), worker.said()
    return killed


def test_a_killed_decoder_costs_one_page_at_the_most_and_never_its_neighbours(
    scans: str, calm: Calm, tmp_path: Path, figures: Report
) -> None:
    """A page on which it died may be read in another way, which its row then says."""
    kills, others, runs, by_end = 0, 0, 0, Counter[str]()
    while kills < max(5, KILLS // 5):
        runs += 1
        place = Folder(scans, str(tmp_path / f"out-{runs}"))
        killed = run_while_decoders_are_killed(place, tmp_path, calm, runs)
        assert pages_of(place, "r1").keys() == calm.pages.keys()
        rows = rows_of(place, "r1")
        other = [row for row in rows if is_other(row, calm)]
        assert all(row["degraded"] or row["error_class"] == "E_CRASHED" for row in other)
        assert len(other) <= killed
        others += len(other)
        by_end.update(str(row["degraded"] or row["error_class"]) for row in rows)
        kills += killed
    ends = {end: by_end[end] for end in by_end if by_end[end] and end != "None"}
    figures({"kills": kills, "pages by rung or error": ends, "other text": others, "runs": runs})


def is_other(row: dict[str, object], calm: Calm) -> bool:
    """Whether a row says something else of its page than an undisturbed run does."""
    return tuple(row[name] for name in OF_THE_PAGE) != calm.pages[str(row["page_id"])]
