"""What fine-tuning a detector gains on the kind of pages it was trained on, and costs on others.

usage: detection_finetune.py --pages FOLDER --kept FOLDER [--genres NAME …]
                             [-o option=value …] [--keep FOLDER]

FOLDER of pages has train.txt in the layout TextDetDataset, or pages.jsonl with outlines of lines,
of which ``--genres`` chooses some. Three in ten of each genre are held back to test, and one to
choose the best weights by. FOLDER of what is to be kept has pages.jsonl too; of that the chosen
genres are left out. Both are looked at by the exported model as the pipeline serves it. Prints a
table: minutes, precision, recall and Hmean by ICDAR 2015's protocol, with 95 % intervals over
images, before and after, and the change of the Hmean.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from labelled_pages import labelled_pages

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.page_labels import PageLabels, page_labels
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.imaging.matching import DetectionScore, score_of_page, total
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.detection.train import export_best, learn
from ocr_tasks.training.outputs import INFERENCE
from ocr_tasks.training.running import Step

PARTS = ("test", *("train", "val", "train", "train"), "test", *("train", "train"), "test", "train")
KEPT_PAGES = 40  # of the others, spread evenly
RESAMPLES = 2_000

Labelled = list[tuple[Path, PageLabels]]


def main() -> None:
    """Trains once, and prints what the detector finds before and after."""
    arguments = _arguments()
    parts = _parted(arguments.pages, arguments.genres)
    sets = {"test": parts["test"], "kept": _kept_pages(arguments.kept, arguments.genres)}
    before = {name: _scores(None, pages) for name, pages in sets.items()}
    for name, scores in before.items():
        print(_row(f"base, {name}", 0, scores), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        output = arguments.keep or Path(folder)
        minutes = _trained(arguments, parts, output)
        after = {name: _scores(output / INFERENCE, pages) for name, pages in sets.items()}
    for name, scores in after.items():
        print(_row(f"trained, {name}", minutes, scores), flush=True)
        print(_change(name, before[name], scores), flush=True)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--genres", nargs="*", default=[])
    parser.add_argument("-o", dest="options", action="append", default=[])
    parser.add_argument("--keep", type=Path, help="where outputs are kept, and taken up again")
    return parser.parse_args()


def _spec(options: list[str]) -> DetectorSpec:
    given = dict(option.split("=", 1) for option in options)
    return replace(DetectorSpec(), **{key: yaml.safe_load(value) for key, value in given.items()})


def _parted(folder: Path, genres: list[str]) -> dict[str, Labelled]:
    """The pages in three parts; of each genre all parts have some, whatever their order."""
    by_genre: dict[str, Labelled] = {}
    for genre, path, labels in _labelled(folder):
        if not genres or genre in genres:
            by_genre.setdefault(genre, []).append((path, labels))
    parts: dict[str, Labelled] = {"train": [], "val": [], "test": []}
    for pages in by_genre.values():
        pages.sort(key=lambda page: hashlib.sha256(page[0].name.encode()).digest())
        for turn, page in enumerate(pages):
            parts[PARTS[turn % len(PARTS)]].append(page)
    return parts


def _kept_pages(folder: Path, genres: list[str]) -> Labelled:
    kept = [(path, labels) for genre, path, labels in _labelled(folder) if genre not in genres]
    return kept[:: max(1, len(kept) // KEPT_PAGES)]


def _labelled(folder: Path) -> Iterator[tuple[str, Path, PageLabels]]:
    """The genre, if that is told, of each page with labels, its path, and these."""
    if (folder / "train.txt").exists():
        for line in (folder / "train.txt").read_text(encoding="utf-8").splitlines():
            path, label = line.split("\t")
            yield "", folder / path, page_labels(label)
        return
    for page, label in labelled_pages(folder):
        yield page["genre"], folder / page["file"], page_labels(label)


def _written(parts: dict[str, Labelled], folder: Path) -> Path:
    """The parts as a data set of its own."""
    (folder / "images").mkdir(parents=True)
    for part, pages in parts.items():
        labels = []
        for path, page in pages:
            shutil.copy(path, folder / "images")
            regions = [("text", each) for each in page.expected]
            regions += [("###", each) for each in page.ignored]
            told = [{"transcription": text, "points": each.tolist()} for text, each in regions]
            labels.append(f"images/{path.name}\t{json.dumps(told)}\n")
        (folder / f"{part}.txt").write_text("".join(labels), encoding="utf-8")
    return folder


def _trained(arguments: Any, parts: dict[str, Labelled], output: Path) -> float:
    spec = _spec(arguments.options)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        root = storage.absolute(str(_written(parts, Path(folder) / "pages")))
        dataset = read_dataset(root, LayoutSpec(), GroupSpec())
        url = storage.absolute(str(output))
        learn(dataset, url, spec, DetectionSpec(), _progress)
        result = export_best(dataset, url, spec, DetectionSpec())
    for each in result["evaluations"]:
        sys.stderr.write(f"{each}\n")
    return (time.perf_counter() - started) / 60


def _progress(step: Step) -> None:
    if step.step % 10 == 0:
        told = f"{step.step}/{step.steps} loss {step.loss:.3f}, {step.evaluation.on_val}"
        sys.stderr.write(f"{told}, {step.seconds_left / 60:.0f} min left\n")


def _scores(model: Path | None, pages: Labelled) -> list[DetectionScore]:
    spec = EngineSpec(det_model=None if model is None else str(model))
    detector = load_engine(spec).detector
    scores = []
    for path, labels in pages:
        image = cv2.imread(str(path))
        assert image is not None, path
        found = detector.detect(np.asarray(image, np.uint8)).polygons.astype(np.float64)
        scores.append(score_of_page(labels.expected, labels.ignored, list(found)))
    return scores


def _drawn(*runs: list[DetectionScore]) -> Any:
    """Hmeans (resamples, runs) over images drawn with replacement (Efron 1979), by both alike."""
    random = np.random.default_rng(0)
    picks = random.integers(0, len(runs[0]), (RESAMPLES, len(runs[0])))
    return np.array(
        [[total([scores[at] for at in pick]).hmean for scores in runs] for pick in picks]
    )


def _row(name: str, minutes: float, scores: list[DetectionScore]) -> str:
    rates = total(scores).rates()
    low, high = np.percentile(_drawn(scores), [2.5, 97.5])
    told = " | ".join(f"{rate:.3f}" for rate in rates.values())
    return f"| {name} | {len(scores)} | {minutes:.1f} | {told} ({low:.3f} to {high:.3f}) |"


def _change(name: str, before: list[DetectionScore], after: list[DetectionScore]) -> str:
    drawn = _drawn(before, after)
    low, high = np.percentile(drawn[:, 1] - drawn[:, 0], [2.5, 97.5])
    change = total(after).hmean - total(before).hmean
    return f"Hmean of {name}: {change:+.3f} ({low:+.3f} to {high:+.3f})"


if __name__ == "__main__":
    os.environ.setdefault("KMP_BLOCKTIME", "1")
    main()
