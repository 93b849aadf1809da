"""A recogniser trained on a data set's lines: from the data to files that serve."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import TRAIN, VAL, Dataset, LayoutSpec, labels_digest
from ocr_tasks.training.batches import Source
from ocr_tasks.training.best import export_best
from ocr_tasks.training.crew import ALONE, Crew
from ocr_tasks.training.front import compiled_front
from ocr_tasks.training.lines import Lines, lines_of
from ocr_tasks.training.loop import Course, fine_tune
from ocr_tasks.training.network import compute_on, get_state, weights_of
from ocr_tasks.training.outputs import (
    Json,
    logged_to,
    write_best,
    write_result,
)
from ocr_tasks.training.replay import replayed_lines, watched_lines
from ocr_tasks.training.running import Listener
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.student import Student
from ocr_tasks.training.weights import Base, load_base
from ocr_tasks.workers import cores

RETENTION_LINES = 200  # of rendered print, to see what was forgotten

# What decides no step, and so may change when a training goes on.
OF_NO_STEP = {
    *("trainer", "paddlex", "device", "processes", "threads"),
    *("max_minutes", "save_interval", "forgetting"),
}

log = logging.getLogger(__name__)


def train(dataset: Dataset, output: str, spec: TrainSpec, hear: Listener = lambda _: None) -> Json:
    """Trains as ``learn`` does, and exports the best weights; returns the result.

    Raises:
        ParityError: an exported model does not say what the trained network says.
        and what ``learn`` raises.
    """
    learn(dataset, output, spec, hear)
    return export_best(dataset, output, spec)


def learn(
    dataset: Dataset,
    output: str,
    spec: TrainSpec,
    hear: Listener = lambda _: None,
    crew: Crew = ALONE,
) -> Json:
    """Trains on the lines of ``dataset`` and writes the best weights below the URL ``output``.

    Where a checkpoint of the same training lies there, it goes on from it. Returns the result,
    as ``train_result.json`` has it; nothing is exported yet. Of a ``crew`` only the first process
    writes, and has a result.

    Raises:
        ModelError: the base weights are absent, or not the pinned ones.
        DatasetError: no line of train or val can be learnt from.
        TrainingError: the loss is no number.
        PlanConflictError: another training's checkpoint lies there.
        StorageError: a store did not answer.
    """
    compute_on(spec.device, spec.threads or cores())
    with logged_to(output) if crew.is_first else nullcontext():
        base = load_base(spec.base, spec.base_sha256)
        train_lines, val = (
            lines_of(dataset, part, base.charset, DecodeSpec()) for part in (TRAIN, VAL)
        )
        replayed, retention = _print(base, train_lines, spec)
        learnt = [train_lines, *(source.lines for source in replayed)]
        left_out = sum((each.left_out for each in (*learnt, val, retention)), Counter[str]())
        _tell(train_lines, val, replayed, left_out)
        sources = [Source(train_lines, spec.ratios), *replayed]
        student = student_of(base, [*learnt, val, retention], spec)
        fingerprint = _fingerprint(base, sources, [val, retention], spec, crew.size)
        course = Course(sources, val, retention, output, fingerprint)
        progress = fine_tune(student, course, spec, hear, crew)
        if not crew.is_first:
            return {}
        student.put_back()
        write_best(output, get_state(base.network))
        labels = labels_digest(dataset, (TRAIN, VAL))
        return write_result(output, base.info, progress, left_out, labels)


def _tell(lines: Lines, val: Lines, replayed: Sequence[Source], left_out: Counter[str]) -> None:
    longest = max(len(line.label) for line in lines.lines)
    widest = max(lines.width(number) for number in range(len(lines.lines)))
    log.info(
        "%d lines to learn, of up to %d characters and %d pixels", len(lines.lines), longest, widest
    )
    log.info(
        "%d lines of print, %d lines in val",
        sum(len(s.lines.lines) for s in replayed),
        len(val.lines),
    )
    log.info("left out: %s", dict(left_out) or "none")


def _print(base: Base, lines: Lines, spec: TrainSpec) -> tuple[list[Source], Lines]:
    """The print to replay, and other print on which forgetting shows."""
    replay, words = (
        spec.replay,
        sorted({word for each in lines.lines for word in each.label.split()}),
    )
    real = None
    if replay.dataset is not None:
        real = read_dataset(replay.dataset, LayoutSpec(), GroupSpec())
        retention = lines_of(real, VAL, base.charset, DecodeSpec())
    else:
        retention = watched_lines(RETENTION_LINES, base.charset, words, spec.seed)
    if not replay.share:
        return [], retention
    print_ = [replayed_lines(replay.rendered, base.charset, words, spec.seed)]
    if real is not None:
        print_.append(lines_of(real, TRAIN, base.charset, DecodeSpec()))
    wanted = replay.share * len(lines.lines) / len(print_)
    return [_drawn_in_all(each, wanted / len(each.lines)) for each in print_], retention


def _drawn_in_all(lines: Lines, ratio: float) -> Source:
    return Source(lines, {line.file: ratio for line in lines.lines})


def student_of(base: Base, lines: Sequence[Lines], spec: TrainSpec) -> Student:
    """The network of ``base`` as it is trained on these lines, its front compiled on a CPU."""
    kept = {number for each in lines for line in each.lines for number in line.classes}
    student = Student(base.network, base.charset, kept, spec.scope, amp=spec.device != "cpu")
    if spec.device == "cpu" and spec.scope != "all":
        first = student.first_trained
        slot = next(each.slot for each in base.bindings if each.layer.startswith(first))
        begun = base.graph.filled(weights_of(get_state(base.network), base.bindings))
        student.front = compiled_front(begun, base.graph.input_of(slot), spec.threads or cores())
    return student


def _fingerprint(
    base: Base, sources: Sequence[Source], watched: Sequence[Lines], spec: TrainSpec, processes: int
) -> str:
    """A digest of all that decides its steps; what does not may change when it is resumed.

    Lines that all ``processes`` learn at once count, and not how many there are of these.
    """
    options = {name: value for name, value in asdict(spec).items() if name not in OF_NO_STEP}
    options["batch"] = spec.batch * processes
    said = {"base": base.info.sha256, "spec": options}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for lines in (*(source.lines for source in sources), *watched):
        for number, line in enumerate(lines.lines):
            digest.update(f"{line.file}\0{line.label}\0{lines.width(number)}\n".encode())
    return digest.hexdigest()
