"""What fine-tuning gains on real handwriting, and what it costs in print.

usage: finetune.py --lines FOLDER --pages FOLDER [--seeds 0 1 2] [-o option=value …]
                   [--keep FOLDER] [--json FILE] [--svg FILE]

FOLDER of lines is a data set with train and val. Its val part is the test: writers that nothing
was chosen by. Every tenth group of its train part is held back to choose the best weights by.
FOLDER of pages has pages.jsonl, whose printed lines and receipts show what was forgotten. Both are
read by the exported model as the pipeline serves it. Prints a table: minutes, the share of exact
lines and character error rates with 95 % intervals over groups, before and after.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from tuning import as_row, draw, header, intervals

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.imaging.crops import Pixels, pad_to_bucket, scale_to_line_height, strip_of
from ocr_tasks.text.metrics import TextScore, score_of, total
from ocr_tasks.training.outputs import INFERENCE
from ocr_tasks.training.running import Step
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.train import train

PRINTED = {
    "receipt",
    "print_english",
    "print_french_1881",
    "typed_english",
    "typed_french",
    "typed_german",
    "typed_danish",
}
RETENTION_LINES = 1_000
HELD_BACK = 10  # one group in so many chooses the best weights

COSTS = "costs.json"  # in a training's output, of all its tries

Row = dict[str, Any]
Judged = list[tuple[str, Pixels, str]]  # group, strip, label


def main() -> None:
    """Trains once a seed, and prints a row for each."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        keep = arguments.keep or Path(folder)
        keep.mkdir(parents=True, exist_ok=True)
        handwriting = _test_lines(arguments.lines)
        print_ = _printed_lines(arguments.pages)
        rows = [_kept(keep / "base.json", lambda: _judged(None, handwriting, print_))]
        print(header(), as_row("base", rows[0], rows[0]), sep="\n", flush=True)
        for seed in arguments.seeds:
            output = keep / f"seed-{seed}"
            spec = replace(_spec(arguments.options), seed=seed)

            def measured(output: Path = output, spec: TrainSpec = spec) -> Row:
                costs = _trained(arguments.lines, spec, output)
                return {**costs, **_judged(output / INFERENCE, handwriting, print_)}

            rows.append(_kept(keep / f"seed-{seed}.json", measured))
            print(as_row(str(seed), rows[-1], rows[0]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    if arguments.svg and rows[1:]:
        draw(rows[1:], rows[0], arguments.svg)


def _kept(path: Path, measure: Callable[[], Row]) -> Row:
    """What was measured and kept before, or is now."""
    if not path.exists():
        path.write_text(json.dumps(measure(), indent=1))
    row: Row = json.loads(path.read_text())
    return row


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=Path, required=True)
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("-o", dest="options", action="append", default=[])
    parser.add_argument("--keep", type=Path, help="where outputs are kept, and taken up again")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path, help="where the curves over time are drawn")
    return parser.parse_args()


def _spec(options: list[str]) -> TrainSpec:
    given = dict(option.split("=", 1) for option in options)
    return replace(TrainSpec(), **{name: yaml.safe_load(value) for name, value in given.items()})


def _trained(lines: Path, spec: TrainSpec, output: Path) -> Row:
    """What a training says of itself, and its costs with those before it was interrupted."""
    output.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = learnt_and_watched(lines, Path(folder) / "lines")
        layout = LayoutSpec(train=("learnt.txt",), val=("watched.txt",), test=())
        dataset = read_dataset(storage.absolute(str(root)), layout, GroupSpec())
        before = _costs(output)
        started, cpu = time.perf_counter(), _cpu_seconds()
        result = train(dataset, storage.absolute(str(output)), spec, _progress)
    costs = {
        "minutes": before["minutes"] + (time.perf_counter() - started) / 60,
        "cpu_minutes": before["cpu_minutes"] + (_cpu_seconds() - cpu) / 60,
    }
    (output / COSTS).write_text(json.dumps(costs))
    memory = {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    return {**costs, **memory, **{name: result[name] for name in ("best", "evaluations", "blends")}}


def _costs(output: Path) -> dict[str, float]:
    if not (output / COSTS).exists():
        return {"minutes": 0.0, "cpu_minutes": 0.0}
    costs: dict[str, float] = json.loads((output / COSTS).read_text())
    return costs


def _progress(step: Step) -> None:
    if step.step % 50 == 0:
        told = f"{step.step}/{step.steps} loss {step.loss:.3f} {step.evaluation.on_val}"
        sys.stderr.write(f"{told}, {step.seconds_left / 60:.0f} min left\n")


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _told(lines: Path, part: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (lines / f"{part}.meta.jsonl").open(encoding="utf-8")]


def learnt_and_watched(lines: Path, root: Path) -> Path:
    """The train part of ``lines`` as a data set of its own, parted by groups."""
    shutil.copytree(lines / "images", root / "images")
    shutil.copy(lines / "dict.txt", root)
    told = _told(lines, "train")
    groups = sorted({each["group"] for each in told})
    watched = set(groups[HELD_BACK // 2 :: HELD_BACK])
    for name, is_watched in (("learnt.txt", False), ("watched.txt", True)):
        chosen = [each for each in told if (each["group"] in watched) == is_watched]
        labels = "".join(f"{each['file']}\t{each['text']}\n" for each in chosen)
        (root / name).write_text(labels, encoding="utf-8")
    return root


def _test_lines(lines: Path) -> Judged:
    return [
        (each["group"], scale_to_line_height(_image(lines / each["file"])), each["text"])
        for each in _told(lines, "val")
    ]


def _printed_lines(pages: Path) -> Judged:
    """RETENTION_LINES lines of print and receipts, spread evenly; a page is a group."""
    printed: Judged = []
    for page in map(json.loads, (pages / "pages.jsonl").open(encoding="utf-8")):
        if page["genre"] not in PRINTED:
            continue
        image = _image(pages / page["file"])
        for line in page.get("lines", ()):
            if line["text"].strip():
                polygon = _rectangle(np.array(line["poly"], np.float32))
                printed.append((page["file"], strip_of(image, polygon), line["text"]))
    return printed[:: max(1, len(printed) // RETENTION_LINES)]


def _rectangle(polygon: Any) -> Any:
    if len(polygon) == 4:
        return polygon
    (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return np.array(corners, np.float32)


def _image(path: Path) -> Pixels:
    image = cv2.imread(str(path))
    assert image is not None, path
    return np.asarray(image, np.uint8)


def _judged(model: Path | None, handwriting: Judged, print_: Judged) -> dict[str, Any]:
    recognizer = load_engine(EngineSpec(rec_model=None if model is None else str(model))).recognizer
    figures: dict[str, Any] = {}
    for name, lines in (("test", handwriting), ("print", print_)):
        scores: dict[str, list[TextScore]] = {}
        for group, strip, label in lines:
            (read,) = recognizer.recognize(pad_to_bucket(strip)[np.newaxis])
            scores.setdefault(group, []).append(score_of(label, read.text))
        groups = {group: total(each) for group, each in scores.items()}
        sums = list(groups.values())
        counts = {group: (each.edits, each.characters) for group, each in groups.items()}
        rates = {**total(sums).rates(), "lines": total(sums).lines, **intervals(sums)}
        figures[name] = {**rates, "groups": counts}
    return figures


if __name__ == "__main__":
    os.environ.setdefault("KMP_BLOCKTIME", "1")
    main()
