"""The order of lines, by itself: transcribed lines are put in order by where they stand.

usage: reading_order.py TRUTH

TRUTH has a transcription a line: `file`, and `lines` of `text` and `poly` in the order in which
people read them. Their polygons alone are put in order, and the texts joined so are compared with
the texts as they were transcribed, by plain edit distance over the number of characters. Prints
the mean, beside that of reading row by row, and every page that either does not get right.
"""

import argparse
import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from ocr_tasks.imaging.boxes import reading_order


@dataclass(frozen=True, slots=True)
class Page:
    """How far each order is from the transcription's, 0 to 1."""

    file: str
    lines: int
    ours: float
    by_rows: float


def main() -> None:
    """Puts every page in order and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("truth", type=Path)
    truth = parser.parse_args().truth.read_text(encoding="utf-8")
    pages = [_measured(json.loads(line)) for line in truth.splitlines()]
    table = Table("page", "lines", "reading order", "row by row")
    for page in sorted(pages, key=lambda page: -page.ours):
        if max(page.ours, page.by_rows) > 0:
            table.add_row(page.file, str(page.lines), f"{page.ours:.3f}", f"{page.by_rows:.3f}")
    ours, by_rows = (
        statistics.mean(getattr(page, name) for page in pages) for name in ("ours", "by_rows")
    )
    table.add_row(f"mean of {len(pages)} pages", "", f"{ours:.4f}", f"{by_rows:.4f}")
    Console(width=100).print(table)


def _measured(page: dict[str, Any]) -> Page:
    texts = [line["text"] for line in page["lines"]]
    boxes = np.array([_box(np.array(line["poly"], np.float32)) for line in page["lines"]])
    rows = sorted(range(len(texts)), key=lambda line: (boxes[line, 0, 1], boxes[line, 0, 0]))
    distances = [
        Levenshtein.normalized_distance("".join(texts), "".join(texts[line] for line in order))
        for order in (reading_order(boxes), rows)
    ]
    return Page(Path(page["file"]).name, len(texts), *distances)


def _box(polygon: NDArray[np.float32]) -> NDArray[np.float32]:
    (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


if __name__ == "__main__":
    main()
