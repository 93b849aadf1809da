"""What a step of fine-tuning costs, by what learns, with and without features that are kept.

usage: training_steps.py --lines FOLDER [--steps 10]

FOLDER is a data set with val, whose lines are learnt. Prints CPU seconds a step, on one thread:
for changing the lines, for the frozen blocks, and for what learns; and how much a line's features
take.
"""

import argparse
import os
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from ocr_tasks import storage
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import VAL, LayoutSpec
from ocr_tasks.training.batches import Batch, Draw, Source, batch_of, padded_width, plan_epoch
from ocr_tasks.training.lines import Lines, lines_of
from ocr_tasks.training.network import compute_on
from ocr_tasks.training.optimiser import Optimiser
from ocr_tasks.training.spec import Scope, TrainSpec
from ocr_tasks.training.student import Student
from ocr_tasks.training.train import student_of
from ocr_tasks.training.weights import load_base

WARM_UP = 2  # steps that are not measured
SCOPES: tuple[Scope, ...] = ("head", "deep", "all")


def main() -> None:
    """Prints a row a scope."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    compute_on("cpu", 1)
    dataset = read_dataset(storage.absolute(str(options.lines)), LayoutSpec(), GroupSpec())
    charset = load_base(None, None).charset
    lines = lines_of(dataset, VAL, charset, DecodeSpec())
    print("| scope | features | change | frozen | learn | step | kB a line |")
    print("|---|---|---|---|---|---|---|")
    for scope in SCOPES:
        spec = TrainSpec(scope=scope, threads=1)
        student = student_of(load_base(None, None), [lines], spec)
        for are_kept in (False, True) if student.front else (False,):
            print(_row(student, lines, spec, are_kept, options.steps), flush=True)


def _row(student: Student, lines: Lines, spec: TrainSpec, are_kept: bool, steps: int) -> str:
    sources = [Source(lines, {})]
    plan = plan_epoch(sources, spec.batch, spec.augmentation, 0, 0)[: steps + WARM_UP]
    if are_kept:
        for draws in plan:
            student.prepared(_batch(draws, sources, spec), comes_again=True)
    optimiser = Optimiser(student.parameters(), spec.weight_decay, spec.clip)
    done = [_step(student, sources, draws, spec, are_kept, optimiser) for draws in plan][WARM_UP:]
    change, frozen, learn, size = (sum(each) / steps for each in zip(*done, strict=True))
    told = f"{change:.2f} | {frozen:.2f} | {learn:.2f} | {change + frozen + learn:.2f}"
    kept = "kept" if are_kept else "made"
    return f"| {spec.scope} | {kept} | {told} | {size / spec.batch / 1000:.0f} |"


def _batch(draws: Sequence[Draw], sources: Sequence[Source], spec: TrainSpec) -> Batch:
    return batch_of(draws, sources, spec.augmentation, padded_width(draws))


def _step(
    student: Student,
    sources: Sequence[Source],
    draws: Sequence[Draw],
    spec: TrainSpec,
    are_kept: bool,
    optimiser: Optimiser,
) -> tuple[float, float, float, float]:
    """The CPU seconds of its three parts, and the bytes of the features."""
    times = [time.process_time()]
    batch = _batch(draws, sources, spec)
    times.append(time.process_time())
    prepared = student.prepared(batch, comes_again=are_kept)
    times.append(time.process_time())
    student.loss(prepared).backward()
    optimiser.step(1e-6)
    times.append(time.process_time())
    change, frozen, learn = (after - before for before, after in pairwise(times))
    return change, frozen, learn, float(prepared.given.nbytes)


if __name__ == "__main__":
    os.environ.setdefault("KMP_BLOCKTIME", "1")
    main()
