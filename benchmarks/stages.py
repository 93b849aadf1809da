"""Where a page's time goes: what the workers of a run do with their seconds.

usage: stages.py FOLDER [--limit N]

Reads the images of FOLDER with ``archive_ocr`` as it comes, a worker for each core, and shares out
what these workers had: wall clock times workers. The seconds inside the models are those of the
rows; when rows were made tells how late workers began, how long they waited for the last of them,
and what came after. The rest is what is left.
"""

import argparse
import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
from costs import cpu_seconds
from images import images_in
from rich.console import Console
from rich.table import Table

from ocr_tasks.jobs import archive_ocr
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from ocr_tasks.workers import cores

MODEL = ("det_ms", "rec_ms")
BESIDE = ("read_ms", "decode_ms")  # ahead of the workers, and in processes of their own
COLUMNS = [*MODEL, *BESIDE, "shard_id", "processed_at"]
PR_SET_CHILD_SUBREAPER = 36
ORPHAN_SECONDS = 1.0  # for decoders, which end soon after their worker
ALLOWED = 1.1  # times what the models alone would take
BUSY = 0.95  # of the cores


@dataclass(frozen=True, slots=True)
class Measured:
    """A run: wall clock, CPU seconds of all its processes, and its rows."""

    workers: int
    began: float  # seconds since 1970, as the rows have them
    wall: float
    cpu: float
    rows: list[dict[str, Any]]

    @property
    def worker_seconds(self) -> float:
        """What the workers had."""
        return self.wall * self.workers

    @property
    def starting(self) -> float:
        """What went by for the workers until they read their first pages.

        The first shards are one for each worker; each began when it ended, less its model seconds.
        """
        first = sorted(self._ends())[: self.workers]
        models = sum(_model_seconds(row) for row in self.rows if row["shard_id"] in first)
        return sum(self._ends()[shard] - self.began for shard in first) - models

    @property
    def waiting(self) -> float:
        """What the workers waited for the last of them.

        A worker ends its last shard after the last shard was handed out, and any other before, so
        the ends of shards that come last are those of the workers.
        """
        last = sorted(self._ends().values())[-self.workers :]
        return sum(last[-1] - each for each in last)

    @property
    def ending(self) -> float:
        """What went by for the workers after the last row: the last commit, and the seal."""
        return self.workers * (self.began + self.wall - max(self._ends().values()))

    def _ends(self) -> dict[str, float]:
        """When the last row of each shard was made."""
        ends: dict[str, float] = {}
        for row in self.rows:
            made = row["processed_at"].timestamp()
            ends[row["shard_id"]] = max(made, ends.get(row["shard_id"], 0.0))
        return ends

    def seconds(self, *columns: str) -> float:
        """What the pages of these columns come to together."""
        return sum(row[column] or 0 for row in self.rows for column in columns) / 1000


def _model_seconds(row: dict[str, Any]) -> float:
    return sum(row[column] or 0 for column in MODEL) / 1000


def main() -> None:
    """Measures, and prints the profile."""
    options = _options()
    paths = images_in(options.folder, options.limit)
    workers = cores()
    _adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="stages-") as made:
        run = _run(paths, workers, Path(made))
    _print(Console(), run)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, help="at most this many pages")
    return parser.parse_args()


def _adopt_orphans() -> None:
    """Has this process wait for decoders whose worker was ended first, as their CPU counts too."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _run(paths: Sequence[Path], workers: int, folder: Path) -> Measured:
    scans, results = folder / "scans", folder / "results"
    scans.mkdir(parents=True)
    for number, path in enumerate(paths):
        shutil.copy(path, scans / f"{number:04d}{path.suffix}")
    values = {"input": str(scans), "output": str(results)}
    settings = ArchiveOcrSettings.load(overrides=values)
    cpu, began, started = cpu_seconds(), time.time(), time.perf_counter()
    archive_ocr.run(settings, workers=workers)
    wall = time.perf_counter() - started
    _wait_for_orphans()
    rows = ds.dataset(results / "pages").to_table(columns=COLUMNS).to_pylist()
    return Measured(workers, began, wall, cpu_seconds() - cpu, rows)


def _wait_for_orphans() -> None:
    until = time.monotonic() + ORPHAN_SECONDS
    while time.monotonic() < until:
        with suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.01)


def _print(console: Console, run: Measured) -> None:
    inside = {
        "detection": run.seconds("det_ms"),
        "recognition": run.seconds("rec_ms"),
        "plan and start of the workers": run.starting,
        "waiting for the last worker": run.waiting,
        "last commit and seal": run.ending,
    }
    inside["rows, Parquet, waiting for pages"] = run.worker_seconds - sum(inside.values())
    table = Table("stage", "s", "s a page", "share", title=_title(run))
    for stage, seconds in inside.items():
        _add(table, stage, seconds, run)
    table.add_section()
    _add(table, "all the workers had", run.worker_seconds, run)
    table.add_section()
    _add(table, "beside it: reading and decoding", run.seconds(*BESIDE), run)
    console.print(table)
    models = run.seconds(*MODEL) / run.workers
    fixed = (run.starting + run.ending) / run.workers
    busy = run.cpu / (run.wall * cores())
    console.print(
        f"start and end: {fixed:.2f} s of {run.wall:.2f} s\n"
        f"wall ÷ (model seconds ÷ workers): {run.wall / models:.3f}, of which "
        f"{ALLOWED} are allowed; without start and end {(run.wall - fixed) / models:.3f}\n"
        f"cores busy: {busy:.1%}, of which {BUSY:.0%} are wanted"
    )


def _title(run: Measured) -> str:
    return f"{len(run.rows)} pages, {run.workers} workers, {run.wall:.1f} s"


def _add(table: Table, stage: str, seconds: float, run: Measured) -> None:
    each, share = seconds / len(run.rows), seconds / run.worker_seconds
    table.add_row(stage, f"{seconds:.1f}", f"{each:.3f}", f"{share:.1%}")


if __name__ == "__main__":
    main()
