"""Pages a second, ours against others', on the same pages and weights.

usage: throughput.py [--pages FOLDER] [--limit N] [--skip N] [--rounds N] [--truth FILE]
                     [--only NAME …] [--draw FILE]

Contenders take turns (A B C A B C … and the first once more), each pass in a fresh process, so that
a slow minute of a shared machine hits all of them; see contenders.py for what each pass measures.
CPU seconds stand beside the wall clock. A pass that used less than 80 % of the cores was disturbed,
or waits for something; it is marked, and not counted where there is another.

``--truth`` has the transcriptions, as scoring.py takes them; the sample's own where it is left out.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from contenders import CONTENDERS
from images import images_in
from matplotlib import pyplot as plt
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table
from scoring import error_rates, read_texts

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parent / "tests" / "data" / "sample_archive"
TRUTH = SAMPLE.parent / "sample_truth.jsonl"
CORES = len(os.sched_getaffinity(0))
BUSY = 0.8  # of the cores: a pass that used less was disturbed
NEEDS = {"Tesseract": "tesseract"}  # a program, without which the contender is left out

Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of one contender over all pages."""

    contender: str
    figures: dict[str, float]
    rows: Path

    @property
    def busy(self) -> float:
        """The share of the cores that was used."""
        return self.figures["cpu"] / (self.figures["wall"] * CORES)


def main() -> None:
    """Measures every contender, and prints and draws what came of it."""
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else 160)
    paths = images_in(options.pages, options.limit, options.skip)
    names = [name for name in CONTENDERS if not options.only or name in options.only]
    for name in [name for name in names if not shutil.which(NEEDS.get(name, sys.executable))]:
        console.print(f"{name} is left out: {NEEDS[name]} is not installed")
        names.remove(name)
    console.print(f"{len(paths)} pages from {options.pages}, {CORES} cores")
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages"
        pages.mkdir()
        for path in paths:
            shutil.copy(path, pages)
        passes: list[Pass] = []
        for name in names * options.rounds + names[:1]:
            passes.append(_pass(name, pages, Path(folder) / str(len(passes))))
            last = passes[-1]
            rate = len(paths) / last.figures["wall"]
            console.print(f"{name}: {rate:.3f} pages/s, {last.busy:.0%} of the cores busy")
        rates = _print(console, passes, names, len(paths), options)
    if options.draw:
        _draw(rates, options.draw)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pages", type=Path, default=SAMPLE)
    parser.add_argument("--limit", type=int, default=12, help="at most this many pages")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many to begin with")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--truth", type=Path, default=TRUTH, help="transcriptions of the pages")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(CONTENDERS))
    parser.add_argument("--draw", type=Path, help="an SVG file for the bars")
    return parser.parse_args()


def _pass(name: str, pages: Path, output: Path) -> Pass:
    output.mkdir()
    command = [sys.executable, str(HERE / "contenders.py"), name, str(pages), str(output)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return Pass(name, json.loads(done.stdout.splitlines()[-1]), output)


def _print(
    console: Console, passes: list[Pass], names: list[str], pages: int, options: argparse.Namespace
) -> dict[str, float]:
    """The table; returns the pages a second of each contender."""
    columns = ("pages/s", "ratio", "CPU s", "busy", "CER", "word F1", "lowest agreement")
    table = Table("contender", *columns, "peak MB", "start-up s")
    rates: dict[str, float] = {}
    first = {name: next(each for each in passes if each.contender == name) for name in names}
    texts = {name: read_texts(first[name].rows) for name in names}
    for name in names:
        of_it = [each for each in passes if each.contender == name]
        sound = [each for each in of_it if each.busy >= BUSY] or of_it
        figures = {
            key: statistics.median(each.figures[key] for each in sound) for key in sound[0].figures
        }
        rates[name] = pages / figures["wall"]
        scores = error_rates(first[name].rows, options.truth) or {}
        mark = "" if sound != of_it or min(each.busy for each in of_it) >= BUSY else " (disturbed)"
        table.add_row(
            name + mark,
            f"{rates[name]:.3f}",
            f"{rates[name] / rates[names[0]]:.2f}",
            f"{figures['cpu']:.1f}",
            f"{statistics.median(each.busy for each in sound):.0%}",
            *(f"{scores[rate]:.4f}" if scores else "" for rate in ("cer", "word_f1")),
            "{:.3f} {}".format(*_lowest_agreement(texts[names[0]], texts[name])),
            f"{figures['peak_mb']:.0f}",
            f"{figures['start_up']:.1f}" if figures["start_up"] else "within",
        )
    console.print(table)
    return rates


def _lowest_agreement(theirs: Texts, ours: Texts) -> tuple[float, str]:
    """1 minus the normalised edit distance, of the page where that is lowest."""
    return min(
        (Levenshtein.normalized_similarity(text, ours[page]), page) for page, text in theirs.items()
    )


def _draw(rates: dict[str, float], file: Path) -> None:
    mpl.rcParams["svg.hashsalt"] = "ocr-tasks"  # equal pictures for equal figures
    figure, axes = plt.subplots(figsize=(7, 0.6 + 0.4 * len(rates)), layout="constrained")
    colours = ["#2a6fbb" if name.startswith("archive_ocr") else "#b0b0b0" for name in rates]
    bars = axes.barh(list(rates), list(rates.values()), color=colours)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("pages a second")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
