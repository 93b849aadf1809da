"""What a training leaves behind, by the names that PaddleX's users know.

``train_result.json`` has PaddleX's keys, so that tools which read its result read this one.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy
import yaml

from ocr_tasks import storage
from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.errors import ModelError, TrainingError
from ocr_tasks.faults import damage_named
from ocr_tasks.records import ModelInfo
from ocr_tasks.training.checkpoints import LATEST, Evaluation
from ocr_tasks.training.curves import draw_curves
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.export import CONFIG, STEM
from ocr_tasks.training.network import State
from ocr_tasks.training.progress import LineProgress
from ocr_tasks.training.spec import TrainSpec

BEST = "best_accuracy/best_accuracy.safetensors"
INFERENCE = "best_accuracy/inference"
LOG, SETTINGS, CURVES, RESULT = "train.log", "config.yaml", "curves.png", "train_result.json"
EXPORTED = "exported.json"  # the digests of the files that serve, and their parity

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


def write_settings(output: str, spec: TrainSpec | DetectorSpec) -> None:
    """Writes ``config.yaml``: every option, as this training has it."""
    told = yaml.safe_dump(asdict(spec), allow_unicode=True, sort_keys=False)
    storage.write(storage.join(output, SETTINGS), told.encode("utf-8"))


def write_best(output: str, state: State) -> None:
    """Writes the best weights; what was exported of others is to be exported anew."""
    bring_best(output, safetensors.numpy.save(state))


def bring_best(output: str, data: bytes) -> None:
    """Writes the best weights as they stand in a file of another training. See write_best."""
    uri = storage.join(output, BEST)
    if storage.exists(uri) and storage.read_bytes(uri) != data:
        forget_export(output)
    storage.write(uri, data)


def forget_export(output: str) -> None:
    """Has no later step take what was exported for the best weights."""
    storage.remove(storage.join(output, EXPORTED))


def read_best(output: str) -> State:
    """The best weights that were written below ``output``.

    Raises:
        ModelError: they are not there, or damaged.
        StorageError: the store did not answer.
    """
    uri = storage.join(output, BEST)
    try:
        return safetensors.numpy.load(storage.read_bytes(uri))
    except (FileNotFoundError, safetensors.SafetensorError) as error:
        raise ModelError(f"cannot read the weights {uri}: {error}") from error


def write_served(output: str, folder: Path) -> None:
    """Writes the files in the local ``folder``, which serve the best weights."""
    for path in sorted(folder.iterdir()):
        storage.write(storage.join(output, INFERENCE, path.name), path.read_bytes())


def read_told(output: str, name: str) -> Json:
    """What RESULT or EXPORTED says of the training below ``output``.

    Raises:
        TrainingError: it has not come so far.
        DamagedFileError: it is not what was written.
        StorageError: the store did not answer.
    """
    uri = storage.join(output, name)
    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError as error:
        raise TrainingError(f"there is no {name} in {output}: train and export first") from error
    with damage_named(uri):
        told: Json = json.loads(data)
        return told


def read_exported(output: str) -> Json:
    """The ``files`` that were exported below ``output``, by name their sha256, and ``parity``.

    Raises as read_told.
    """
    told = read_told(output, EXPORTED)
    with damage_named(storage.join(output, EXPORTED)):
        return {"files": dict(told["files"]), "parity": dict(told["parity"])}


def write_told(output: str, name: str, values: Json) -> None:
    """Writes JSON below ``output``."""
    told = json.dumps(values, ensure_ascii=False, indent=1)
    storage.write(storage.join(output, name), told.encode("utf-8"))


def write_result(
    output: str, base: ModelInfo, progress: LineProgress, left_out: Mapping[str, int], labels: str
) -> Json:
    """Draws a recogniser's curves and writes ``train_result.json``, which it returns."""
    kept = progress.kept
    assert kept is not None
    storage.write(storage.join(output, CURVES), draw_curves(progress.evaluations, kept))
    scores = progress.evaluations[-1].exact, kept.exact
    result = result_of(RECOGNIZER, base, progress.evaluations, kept, scores, left_out, labels)
    result["label_dict"] = f"{INFERENCE}/{CONFIG}"
    result["blends"] = [asdict(each) for each in progress.blends]
    write_told(output, RESULT, result)
    return result


def result_of(
    model: ModelInfo,
    base: ModelInfo,
    evaluations: Sequence[Evaluation],
    kept: Evaluation,
    scores: tuple[float, float],
    left_out: Mapping[str, int],
    labels: str,
) -> Json:
    """What ``train_result.json`` says of any model; ``scores`` are of the last and kept weights.

    ``labels`` is the digest of those of train and val, ``left_out`` how many were not learnt.
    It says that it is done only once the weights are exported.
    """
    last, best = scores
    return {
        "model_name": model.name,
        "label_dict": "",
        "train_log": LOG,
        "visualdl_log": "",
        "config": SETTINGS,
        "models": {
            "last_1": model_entry(last, LATEST, ""),
            "best": model_entry(best, BEST, INFERENCE),
        },
        "best": asdict(kept),
        "evaluations": [asdict(each) for each in evaluations],
        "base": asdict(base),
        "parity": {},
        "left_out": dict(left_out),
        "labels": labels,
        "done_flag": False,
    }


def model_entry(score: float, weights: str, inference: str) -> Json:
    """PaddleX's keys of a model; optimiser and progress stand in the checkpoint itself."""
    files = {
        "inference_config": CONFIG,
        "pdmodel": f"{STEM}.json",
        "pdiparams": f"{STEM}.pdiparams",
        "onnx": f"{STEM}.onnx",
    }
    served = {key: f"{inference}/{name}" if inference else "" for key, name in files.items()}
    return {"score": score, "pdparams": weights, "pdopt": "", "pdstates": "", **served}
