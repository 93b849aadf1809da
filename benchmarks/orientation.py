"""Pages turned by quarter turns: whether that is found, and how much of the text is then the same.

usage: orientation.py FOLDER [--limit N] [--truth FILE]

Every image of the folder, which must stand upright, is read as it is and turned by 90, 180 and 270
degrees. Prints, for each turn, how many pages were taken for what they are, how far their texts
agree with the upright page's (1 minus the normalised edit distance without white space), and the
seconds a page takes; with transcriptions, as scoring.py takes them, also the error rate. Exit code
1 if an upright page was turned.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from images import images_in
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scoring import Lines, error_rates, without_spaces, write_rows

from ocr_tasks.engines.orientation import turned_back
from ocr_tasks.jobs.ocr import Array, OcrSettings, read
from ocr_tasks.records import PageResult

TURNS = (0, 90, 180, 270)  # degrees clockwise


@dataclass(frozen=True, slots=True)
class Reading:
    """What one page read as, lying so."""

    name: str
    turned: int
    taken_for: int
    lines: Lines  # polygons as the page stands upright

    @property
    def text(self) -> str:
        """What stands in its lines, without white space."""
        return "".join(without_spaces(text) for text, _ in self.lines)


def main() -> None:
    """Reads every page four times and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, help="at most so many pages, spread over the folder")
    parser.add_argument("--truth", type=Path, help="transcriptions of the pages")
    options = parser.parse_args()
    paths = images_in(options.folder, options.limit)
    readings: list[Reading] = []
    seconds = {}
    for turned in TURNS:
        started = time.process_time()
        readings += list(_readings(paths, turned))
        seconds[turned] = (time.process_time() - started) / len(paths)
    rates = _error_rates(readings, options.truth) if options.truth else {}
    sys.exit(_print(readings, seconds, rates))


def _readings(paths: list[Path], turned: int) -> Iterator[Reading]:
    settings = OcrSettings.load(overrides={"engine": {"threads": 1}})
    for page in read(_images(paths, turned), settings):
        assert isinstance(page.answer, PageResult), page.error
        path = paths[int(page.answer.expected.source_uri.removeprefix("array-"))]
        lines = _upright_lines(page.answer, turned)
        yield Reading(path.name, turned, page.answer.orientation_deg, lines)


def _upright_lines(page: PageResult, turned: int) -> Lines:
    height, width = page.facts.height, page.facts.width
    if turned % 180:
        height, width = width, height
    turns = -turned // 90 % 4
    return [
        (line.text, turned_back(line.polygon, turns, height, width).ravel().tolist())
        for line in page.lines
    ]


def _error_rates(readings: list[Reading], truth: Path) -> dict[int, float]:
    """The share of characters that are wrong, for each turn."""
    rates = {}
    for turned in TURNS:
        with tempfile.TemporaryDirectory() as folder:
            these = {each.name: each.lines for each in readings if each.turned == turned}
            write_rows(these, Path(folder))
            rates[turned] = (error_rates(Path(folder), truth) or {"cer": math.nan})["cer"]
    return rates


def _images(paths: list[Path], turned: int) -> Iterator[Array]:
    for path in track(paths, f"turned by {turned}°", console=Console(stderr=True)):
        image = cv2.imread(str(path))
        assert image is not None, path
        yield np.ascontiguousarray(np.rot90(image, -turned // 90), np.uint8)


def _print(readings: list[Reading], seconds: dict[int, float], rates: dict[int, float]) -> int:
    """The table, and the exit code."""
    console = Console()
    upright = {reading.name: reading.text for reading in readings if reading.turned == 0}
    table = Table("turned", "pages", "taken for it", "agreement", "lowest", "CER", "CPU s a page")
    for turned in TURNS:
        these = [reading for reading in readings if reading.turned == turned]
        agreement = {
            each.name: Levenshtein.normalized_similarity(upright[each.name], each.text)
            for each in these
        }
        lowest = min(agreement, key=lambda name: agreement[name])
        right = sum(each.taken_for == turned for each in these)
        table.add_row(
            f"{turned}°",
            str(len(these)),
            str(right),
            f"{np.mean(list(agreement.values())):.4f}",
            f"{agreement[lowest]:.3f} {lowest}",
            f"{rates[turned]:.4f}" if rates else "",
            f"{seconds[turned]:.2f}",
        )
    console.print(table)
    wrong = [each for each in readings if each.taken_for != each.turned]
    for each in wrong:
        console.print(f"{each.name}, turned by {each.turned}°, was taken for {each.taken_for}°")
    return int(any(each.turned == 0 for each in wrong))


if __name__ == "__main__":
    main()
