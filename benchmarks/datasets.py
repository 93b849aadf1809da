"""Check, split and publication of a large dataset of lines: seconds, and the most memory held.

usage: datasets.py FOLDER [--times N] [--workers N]

FOLDER is a dataset as PaddleX lays out lines. It is copied N times over, each copy with its images
rolled sideways, so that none is a copy of another, and with groups of its own. Printed are the
seconds of a check, of a second one that knows the images, of a split, and of gate and publication.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from costs import peak_mb
from rich.console import Console
from rich.table import Table

from ocr_tasks.jobs import dataset_refresh
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings

ROLLED = 97  # pixels further with each copy


def main() -> None:
    """Makes the dataset, measures every step, and prints what it took."""
    options = _options()
    console = Console()
    table = Table("step", "wall s", "lines a second")
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch, "lines")
        count = multiplied(options.folder, data, options.times)
        console.print(f"{count} lines", highlight=False)
        settings = DatasetRefreshSettings(dataset=str(data), output=str(Path(scratch, "out")))
        for what, step in _steps(settings, options.workers):
            began = time.perf_counter()
            step()
            wall = time.perf_counter() - began
            table.add_row(what, f"{wall:.1f}", f"{count / wall:.0f}")
    console.print(table)
    console.print(f"the largest process held {peak_mb():.0f} MB", highlight=False)


def _steps(
    settings: DatasetRefreshSettings, workers: int | None
) -> list[tuple[str, Callable[[], Any]]]:
    fingerprint = []

    def gate() -> None:
        fingerprint.append(dataset_refresh.quality(settings, workers)["fingerprint"])

    return [
        ("check", lambda: _passed(dataset_refresh.check(settings, workers))),
        ("check again", lambda: _passed(dataset_refresh.check(settings, workers))),
        ("split", lambda: dataset_refresh.split(settings, workers)),
        ("gate", gate),
        ("publish", lambda: dataset_refresh.publish(settings, fingerprint[0])),
    ]


def _passed(result: dict[str, Any]) -> None:
    if not result["done_flag"]:
        sys.exit(result["err_msg"])


def multiplied(source: Path, folder: Path, times: int) -> int:
    """Writes the dataset ``times`` over; how many lines it has then."""
    (folder / "images").mkdir(parents=True)
    (folder / "dict.txt").write_bytes((source / "dict.txt").read_bytes())
    count = 0
    for part in ("train", "val"):
        told = (source / f"{part}.meta.jsonl").read_text(encoding="utf-8").splitlines()
        groups = {each["file"]: each["group"] for each in map(json.loads, told)}
        labels: list[str] = []
        meta: list[str] = []
        for line in (source / f"{part}.txt").read_text(encoding="utf-8").splitlines():
            path, label = line.split("\t")
            pixels = cv2.imread(str(source / path))
            assert pixels is not None, path
            for copy in range(times):
                name = f"images/{part}_{len(labels)}.jpg"
                cv2.imwrite(str(folder / name), np.roll(pixels, ROLLED * copy, axis=1))
                labels.append(f"{name}\t{label}\n")
                meta.append(json.dumps({"file": name, "group": f"{groups[path]}_{copy}"}) + "\n")
        (folder / f"{part}.txt").write_text("".join(labels), encoding="utf-8")
        (folder / f"{part}.meta.jsonl").write_text("".join(meta), encoding="utf-8")
        count += len(labels)
    return count


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--workers", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    main()
