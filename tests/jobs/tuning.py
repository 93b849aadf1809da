"""A dataset of a few drawn lines, a retention set, and the smallest fine-tuning of them."""

import json
from dataclasses import replace

import numpy as np
import onnx
import safetensors.numpy

from ocr_tasks import storage
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import TRAIN, VAL, labels_digest
from ocr_tasks.engines.ppocr import recognizer_file
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.evaluation.contest import CANDIDATE, CHAMPION, champions_name
from ocr_tasks.evaluation.outputs import read_evaluation, write_evaluation
from ocr_tasks.jobs.model_finetune import ModelFinetuneSettings
from ocr_tasks.training.network import get_state
from ocr_tasks.training.outputs import RESULT
from ocr_tasks.training.weights import load_base
from tests.dataset.folders import (
    CHARACTERS,
    DEFAULT_GROUPS,
    DEFAULT_LAYOUT,
    drawn_lines,
    write_lines,
)

SMALLEST = {
    "train": {
        "scope": "head",
        "epochs": 1,
        "batch": 4,
        "threads": 1,
        "replay": {"share": 0.25, "rendered": 4},
    },
    "engine": {"kind": "onnx", "threads": 1},
    # A test's machine is busy, and its sets are small.
    "gate": {"min_documents": 4, "guards": {"max_time_ratio": 100}},
}


def draw_datasets(folder):
    """Writes lines to learn and lines to keep; returns both URLs."""
    lines = write_lines(
        folder / "letters",
        CHARACTERS,
        train=drawn_lines(8),
        val=drawn_lines(3, first=100),
        test=drawn_lines(8, first=200, a_group=2),
    )
    return lines, write_lines(
        folder / "print", CHARACTERS, val=drawn_lines(8, first=300, a_group=2)
    )


def nudged_weights(folder):
    """The built-in weights, of which one is another; returns their file.

    So small a training gains nothing, and what it began with stays the best. These can be told
    from the champion's.
    """
    base = load_base(None, None)
    state = get_state(base.network)
    bias = next(name for name in sorted(state) if name.endswith("bias"))
    path = folder / "nudged.safetensors"
    path.write_bytes(safetensors.numpy.save(state | {bias: state[bias] + np.float32(1e-4)}))
    return str(path)


def settings_in(folder, **others):
    """The settings of the smallest fine-tuning, below a local folder."""
    lines, kept = draw_datasets(folder)
    places = {
        "dataset": lines,
        "retention": kept,
        "output": storage.absolute(str(folder / "tuned")),
        "registry": storage.absolute(str(folder / "registry")),
    }
    return ModelFinetuneSettings.revive(SMALLEST | places | others)


def plant_readings(settings):
    """Puts other readings in the place of those of a run, as if its models read so.

    The champion misreads a third of each test line; all the rest is read to the letter.
    """
    for name, url in (("test", settings.dataset), ("retention", settings.retention)):
        dataset = read_dataset(url, DEFAULT_LAYOUT, DEFAULT_GROUPS, ())
        both = read_evaluation(settings.output, name)
        planted = {
            CANDIDATE: _reading(both[CANDIDATE], _rightly),
            CHAMPION: _reading(both[CHAMPION], _badly if name == "test" else _rightly),
        }
        champion = {CHAMPION: planted[CHAMPION]}
        limits = LimitSpec()
        write_evaluation(settings.output, name, planted, dataset, limits)
        write_evaluation(settings.output, champions_name(name), champion, dataset, limits)


def plant_learnt(settings):
    """Has the training's result say that it was of the lines that the dataset has now."""
    dataset = read_dataset(settings.dataset, DEFAULT_LAYOUT, DEFAULT_GROUPS, ())
    result = read_json(settings, RESULT) | {"labels": labels_digest(dataset, (TRAIN, VAL))}
    storage.write(storage.join(settings.output, RESULT), json.dumps(result).encode())


def tampered_weights(folder):
    """The built-in recogniser in a file of other bytes, which reads the same."""
    model = onnx.load(recognizer_file(EngineSpec()).path)
    model.doc_string = "another one"
    path = folder / "other.onnx"
    onnx.save(model, path)
    return path


def _rightly(label):
    return label


def _badly(label):
    third = len(label) // 3
    return "#" * third + label[third:]


def _reading(report, reads):
    lines = tuple(replace(line, read=reads(line.label)) for line in report.lines)
    return replace(report, lines=lines)


def read_json(settings, name):
    """What stands in a file of the output."""
    return json.loads(storage.read_bytes(storage.join(settings.output, name)))
