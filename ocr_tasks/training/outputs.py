"""What a training leaves behind, by the names that PaddleX's users know.

``train_result.json`` has PaddleX's keys, so that tools which read its result read this one.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.numpy
import yaml

from ocr_tasks import storage
from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.training.checkpoints import Progress
from ocr_tasks.training.curves import draw_curves
from ocr_tasks.training.export import CONFIG, STEM
from ocr_tasks.training.loop import LATEST
from ocr_tasks.training.network import State
from ocr_tasks.training.parity import Parity
from ocr_tasks.training.spec import TrainSpec

BEST = "best_accuracy/best_accuracy.safetensors"
INFERENCE = "best_accuracy/inference"
LOG, SETTINGS, CURVES, RESULT = "train.log", "config.yaml", "curves.png", "train_result.json"

Json = dict[str, Any]


class _StoredLog(logging.Handler):
    """A log that is an object in a store; what an earlier try wrote stays at its head."""

    def __init__(self, uri: str) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("[%(asctime)s] %(levelname)s: %(message)s"))
        self._uri = uri
        self._text = storage.read_bytes(uri).decode("utf-8") if storage.exists(uri) else ""

    def emit(self, record: logging.LogRecord) -> None:
        """Adds a line, and writes the whole."""
        self._text += self.format(record) + "\n"
        storage.write(self._uri, self._text.encode("utf-8"))


@contextmanager
def logged_to(output: str) -> Iterator[None]:
    """Writes what this room logs to ``train.log`` below ``output`` too."""
    handler = _StoredLog(storage.join(output, LOG))
    log = logging.getLogger("ocr_tasks.training")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def write_settings(output: str, spec: TrainSpec) -> None:
    """Writes ``config.yaml``: every option, as this training has it."""
    told = yaml.safe_dump(asdict(spec), allow_unicode=True, sort_keys=False)
    storage.write(storage.join(output, SETTINGS), told.encode("utf-8"))


def write_best(output: str, state: State, folder: Path) -> None:
    """Writes the best weights, and the files in the local ``folder`` that serve them."""
    storage.write(storage.join(output, BEST), safetensors.numpy.save(state))
    for path in sorted(folder.iterdir()):
        storage.write(storage.join(output, INFERENCE, path.name), path.read_bytes())


def write_result(
    output: str, progress: Progress, parities: Mapping[str, Parity], left_out: Mapping[str, int]
) -> Json:
    """Draws the curves and writes ``train_result.json``, which it returns."""
    curves = draw_curves(progress.evaluations, progress.best)
    storage.write(storage.join(output, CURVES), curves)
    assert progress.best is not None
    result = {
        "model_name": RECOGNIZER.name,
        "label_dict": f"{INFERENCE}/{CONFIG}",
        "train_log": LOG,
        "visualdl_log": "",
        "config": SETTINGS,
        "models": {
            "last_1": _model(progress.evaluations[-1].exact, LATEST, ""),
            "best": _model(progress.best.exact, BEST, INFERENCE),
        },
        "best": asdict(progress.best),
        "evaluations": [asdict(each) for each in progress.evaluations],
        "parity": {form: asdict(parity) for form, parity in parities.items()},
        "left_out": dict(left_out),
        "done_flag": True,
    }
    told = json.dumps(result, ensure_ascii=False, indent=1)
    storage.write(storage.join(output, RESULT), told.encode("utf-8"))
    return result


def _model(score: float, weights: str, inference: str) -> Json:
    """PaddleX's keys of a model; optimiser and progress stand in the checkpoint itself."""
    files = {
        "inference_config": CONFIG,
        "pdmodel": f"{STEM}.json",
        "pdiparams": f"{STEM}.pdiparams",
        "onnx": f"{STEM}.onnx",
    }
    served = {key: f"{inference}/{name}" if inference else "" for key, name in files.items()}
    return {"score": score, "pdparams": weights, "pdopt": "", "pdstates": "", **served}
