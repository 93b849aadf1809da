"""How a run scales by itself: more workers, and more pages, on an engine that only sleeps.

usage: scaling.py [--seconds S] [--pages N] [--draw FILE]

The engine ``fake`` sleeps ``--seconds`` on every page in place of reading it, so that eight workers
fit on two cores, and what is left is the pipeline's own: listing, planning, starting processes,
decoding small JPEGs, rows, Parquet and the seal. First 1, 2, 4 and 8 workers take the same pages.
Then eight workers take more and more pages, of a fifth of that sleep.

Workers import this file too, as it is their parent's main module, so it imports what they need not
where it is used.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ocr_tasks.jobs import archive_ocr
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings

WORKERS = (1, 2, 4, 8)
PAGES = (100, 300, 1_000, 3_000, 10_000)
SHORTER = 5  # times, in the second half
ALLOWED = 0.05  # of the workers' time may go to anything but pages
SIZE = (240, 320)  # pixels of a page: so small that two cores decode for eight workers
LINES = 6


@dataclass(frozen=True, slots=True)
class Run:
    """A run of ``archive_ocr``: how much it had to do, and the wall clock's seconds."""

    workers: int
    pages: int
    sleep: float
    wall: float
    fixed: float = 0.0  # what start and end take, however many pages there are

    @property
    def ideal(self) -> float:
        """The seconds if nothing but the sleep took any."""
        return self.pages * self.sleep / self.workers

    @property
    def coordination(self) -> float:
        """The share of the run that is neither sleep nor start and end."""
        return 1 - self.ideal / (self.wall - self.fixed)


def main() -> None:
    """Measures both, and prints and draws what came of it."""
    options = _options()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="scaling-") as made:
        folder = Path(made)
        _timed(folder, 1, 1, 0.0)  # what this process imports once is not a run's own
        by_workers = [_with_workers(folder, each, options) for each in WORKERS]
        _print_workers(console, by_workers)
        sleep = options.seconds / SHORTER
        by_pages = [_timed(folder, WORKERS[-1], pages, sleep) for pages in PAGES]
        line = np.polyfit([run.pages for run in by_pages], [run.wall for run in by_pages], 1)
        _print_pages(console, by_pages, line)
    if options.draw:
        _draw(by_workers, by_pages, line, options.draw)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=0.5, help="a page, for 1 to 8 workers")
    parser.add_argument("--pages", type=int, default=192, help="for 1 to 8 workers")
    parser.add_argument("--draw", type=Path, help="an SVG file for both curves")
    return parser.parse_args()


def _with_workers(folder: Path, workers: int, options: argparse.Namespace) -> Run:
    """The run, and what of it does not grow with the pages, told by another over half of them."""
    half = _timed(folder, workers, options.pages // 2, options.seconds)
    run = _timed(folder, workers, options.pages, options.seconds)
    each = (run.wall - half.wall) / (run.pages - half.pages)
    return Run(workers, run.pages, run.sleep, run.wall, run.wall - run.pages * each)


def _timed(folder: Path, workers: int, pages: int, sleep: float) -> Run:
    scans = _scans(folder, pages)
    with tempfile.TemporaryDirectory(dir=folder) as results:
        engine = {"kind": "fake", "options": {"seconds_a_page": sleep}}
        values = {"input": str(scans), "output": results, "engine": engine}
        settings = ArchiveOcrSettings.load(overrides=values)
        started = time.perf_counter()
        seal = archive_ocr.run(settings, workers=workers)
        wall = time.perf_counter() - started
    assert seal["by_status"] == {"ok": pages}, seal["by_status"]
    return Run(workers, pages, sleep, wall)


def _scans(folder: Path, pages: int) -> Path:
    """A folder of so many JPEGs with different text and grain; what is there is not made again."""
    import cv2

    scans = folder / f"scans-{pages}"
    if not scans.exists():
        scans.mkdir()
        random = np.random.default_rng(pages)
        grain = random.normal(0, 6, SIZE)
        for number in range(pages):
            page = np.full(SIZE, 235, np.uint8)
            for line in range(LINES):
                text = " ".join(str(each) for each in random.integers(0, 10**6, 4))
                at = (10, 40 * line + 30)
                cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 40, 1, cv2.LINE_AA)
            page = np.clip(page + np.roll(grain, number), 0, 255).astype(np.uint8)
            cv2.imwrite(str(scans / f"{number:05d}.jpg"), page)
    return scans


def _print_workers(console: Console, runs: Sequence[Run]) -> None:
    columns = ("wall s", "fixed s", "ideal s", "efficiency", "lost", "with fixed")
    table = Table("workers", *columns, title=_title(runs[0]))
    for run in runs:
        table.add_row(
            str(run.workers),
            f"{run.wall:.2f}",
            f"{run.fixed:.2f}",
            f"{run.ideal:.2f}",
            f"{1 - run.coordination:.1%}",
            f"{run.coordination:.1%}",
            f"{1 - run.ideal / run.wall:.1%}",
        )
    console.print(table)
    worst = max(run.coordination for run in runs)
    verdict = "within" if worst <= ALLOWED else "above"
    console.print(f"coordination is at most {worst:.1%}, {verdict} the {ALLOWED:.0%} allowed")


def _title(run: Run) -> str:
    return f"{run.pages} pages of {run.sleep:g} s"


def _print_pages(console: Console, runs: Sequence[Run], line: NDArray[np.float64]) -> None:
    title = f"{runs[0].workers} workers, {runs[0].sleep:g} s a page"
    table = Table("pages", "wall s", "s a page", "line s", "off the line", title=title)
    for run in runs:
        told = float(np.polyval(line, run.pages))
        table.add_row(
            f"{run.pages:,}",
            f"{run.wall:.2f}",
            f"{run.wall / run.pages:.4f}",
            f"{told:.2f}",
            f"{run.wall / told - 1:+.1%}",
        )
    console.print(table)
    furthest = max(abs(run.wall / np.polyval(line, run.pages) - 1) for run in runs)
    slope, start = line
    console.print(
        f"{start:.2f} s and {slope:.5f} s a page, where the sleep alone is "
        f"{runs[0].sleep / runs[0].workers:.5f}; the furthest off is {furthest:.1%}"
    )


def _draw(
    by_workers: Sequence[Run], by_pages: Sequence[Run], line: NDArray[np.float64], file: Path
) -> None:
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "ocr-tasks"  # equal pictures for equal figures
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    workers = [run.workers for run in by_workers]
    rates = [run.pages / (run.wall - run.fixed) for run in by_workers]
    left.plot(workers, [each / by_workers[0].sleep for each in workers], "--", color="#b0b0b0")
    left.plot(workers, rates, "o-", color="#2a6fbb")
    left.set_xlabel("workers")
    left.set_ylabel("pages a second")
    left.set_title(_title(by_workers[0]), fontsize="medium")
    pages = [run.pages for run in by_pages]
    right.plot(pages, np.polyval(line, pages), "--", color="#b0b0b0")
    right.plot(pages, [run.wall for run in by_pages], "o", color="#2a6fbb")
    right.set_xlabel("pages")
    right.set_ylabel("seconds")
    title = f"{by_pages[0].workers} workers, {by_pages[0].sleep:g} s a page"
    right.set_title(title, fontsize="medium")
    for axes in (left, right):
        axes.set(xlim=0, ylim=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
