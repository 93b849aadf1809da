"""Pages a second: archive_ocr end to end against RapidOCR's own loop, same pages, same weights.

usage: throughput.py [--pages FOLDER] [--limit N] [--rounds N] [--workers N]

Contenders take turns (A B A B), so that a slow minute of a shared machine hits both. RapidOCR is
loaded and warmed before its clock starts; archive_ocr is measured whole: listing, starting its
processes, loading, reading, Parquet and seal. CPU seconds stand beside the wall clock: a round
with a low use of the cores was disturbed and says little.
"""

import argparse
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.dataset as ds
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from ocr_tasks.jobs import archive_ocr

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data" / "pages" / "images"
SAMPLE = ROOT / "tests" / "data" / "sample_archive"
IMAGES = {".jpg", ".jpeg", ".png"}

Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Round:
    """One pass of one contender over all pages."""

    contender: str
    pages: int
    wall: float
    cpu: float
    texts: Texts

    @property
    def busy(self) -> float:
        """The share of the cores that was used."""
        return self.cpu / (self.wall * len(os.sched_getaffinity(0)))


def main() -> None:
    """Measures and prints both contenders, the ratio and how far their texts agree."""
    options = _options()
    pages = _pages(options.pages, options.limit)
    contenders = {"RapidOCR defaults": _rapidocr(), "archive_ocr": _archive_ocr(options.workers)}
    console = Console()
    console.print(f"{len(pages)} pages from {options.pages}, {len(os.sched_getaffinity(0))} cores")
    rounds = []
    for _ in range(options.rounds):
        for name, contender in contenders.items():
            rounds.append(_measured(name, contender, pages))
            last = rounds[-1]
            console.print(f"{name}: {last.wall:.1f} s, {last.pages / last.wall:.3f} pages/s")
    _print(console, rounds, list(contenders))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pages", type=Path, default=SHARED if SHARED.exists() else SAMPLE)
    parser.add_argument("--limit", type=int, default=12, help="at most this many pages")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


def _pages(folder: Path, limit: int) -> list[Path]:
    """Single images, spread evenly over the sorted folder so that every genre has its share."""
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGES)
    step = max(1, len(images) // limit)
    return images[::step][:limit]


def _measured(name: str, contender: Callable[[list[Path]], Texts], pages: list[Path]) -> Round:
    wall, cpu = time.perf_counter(), _cpu_seconds()
    texts = contender(pages)
    return Round(name, len(pages), time.perf_counter() - wall, _cpu_seconds() - cpu, texts)


def _cpu_seconds() -> float:
    """User and system time of this process and the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _rapidocr() -> Callable[[list[Path]], Texts]:
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})
    engine(str(next(SAMPLE.rglob("*.jpg"))))  # the first call allocates and compiles

    def read(pages: list[Path]) -> Texts:
        return {path.name: "\n".join(engine(str(path)).txts or ()) for path in pages}

    return read


def _archive_ocr(workers: int) -> Callable[[list[Path]], Texts]:
    def read(pages: list[Path]) -> Texts:
        with tempfile.TemporaryDirectory() as folder:
            scans, results = Path(folder) / "scans", Path(folder) / "results"
            scans.mkdir()
            for path in pages:
                shutil.copy(path, scans)
            values = {"input": str(scans), "output": str(results)}
            archive_ocr.run(archive_ocr.ArchiveOcrSettings.load(overrides=values), workers=workers)
            rows = ds.dataset(results / "pages").to_table(columns=["source_uri", "text"])
            return {Path(row["source_uri"]).name: row["text"] or "" for row in rows.to_pylist()}

    return read


def _print(console: Console, rounds: list[Round], names: list[str]) -> None:
    table = Table("contender", "round", "wall s", "CPU s", "cores busy", "pages/s")
    for name in names:
        for number, one in enumerate((r for r in rounds if r.contender == name), start=1):
            rate = f"{one.pages / one.wall:.3f}"
            cells = (f"{one.wall:.1f}", f"{one.cpu:.1f}", f"{one.busy:.0%}", rate)
            table.add_row(name, str(number), *cells)
    console.print(table)
    walls = {
        name: statistics.median(r.wall for r in rounds if r.contender == name) for name in names
    }
    base, ours = names
    console.print(f"{ours} is {walls[base] / walls[ours]:.2f} x {base} (median wall clock)")
    agreement = _agreement(
        *(next(r.texts for r in rounds if r.contender == name) for name in names)
    )
    worst = min(agreement, key=lambda page: agreement[page])
    mean = statistics.mean(agreement.values())
    console.print(f"texts agree {mean:.3f} on average, {agreement[worst]:.3f} on {worst}")


def _agreement(theirs: Texts, ours: Texts) -> dict[str, float]:
    """A page: 1 minus the normalised edit distance of the texts without white space."""
    return {
        page: Levenshtein.normalized_similarity("".join(text.split()), "".join(ours[page].split()))
        for page, text in theirs.items()
    }


if __name__ == "__main__":
    main()
