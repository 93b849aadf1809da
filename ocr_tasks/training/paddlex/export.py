"""The best weights of a training by PaddleX as files that serve."""

import hashlib
import logging
from dataclasses import asdict
from pathlib import Path

import numpy as np
import yaml

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.samples import LINES, VAL, Dataset
from ocr_tasks.engines.ppocr import RECOGNIZER, charset_in, normalised, recognizer_file
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError
from ocr_tasks.imaging.crops import pad_to_bucket
from ocr_tasks.text.charset import charset_of
from ocr_tasks.training.best import PARITY_LINES
from ocr_tasks.training.export import CONFIG, ONNX, STEM
from ocr_tasks.training.graph import WeightGraph
from ocr_tasks.training.lines import lines_of
from ocr_tasks.training.outputs import EXPORTED, RESULT, Json, read_told, write_served, write_told
from ocr_tasks.training.paddlex import arguments
from ocr_tasks.training.paddlex.graph import refilled
from ocr_tasks.training.paddlex.handover import hand_over
from ocr_tasks.training.paddlex.kept import bring_back
from ocr_tasks.training.paddlex.learn import alphabet_of, work_folder
from ocr_tasks.training.paddlex.program import metrics_in, run_paddlex
from ocr_tasks.training.paddlex.source import source_tree
from ocr_tasks.training.parity import compared, likeliest, onnx_form, paddle_form
from ocr_tasks.training.spec import TrainSpec

SERVED = (f"{STEM}.json", f"{STEM}.pdiparams", CONFIG)

log = logging.getLogger(__name__)


def export_best(dataset: Dataset, output: str, spec: TrainSpec) -> Json:
    """Has PaddleX evaluate and export the best weights below ``output``; returns the result.

    A recogniser of the default's architecture and alphabet is written into its ONNX graph too, and
    what that says held against what PaddleX exported. Of any other model there is no ONNX file:
    ``serves`` says by which engines it is read.

    Raises:
        TrainingError: no training was finished there, or PaddleX has failed.
        ParityError: the ONNX file does not say what PaddleX exported.
        TrainerMissingError: there is no source tree of PaddleOCR.
        StorageError: a store did not answer.
    """
    result = read_told(output, RESULT)
    tree = source_tree(spec.paddlex)
    with work_folder(output) as work:
        handed = hand_over(dataset, alphabet_of(dataset, spec), work / "dataset", (VAL,))
        bring_back(output, work / arguments.TRAINED)
        _name_dictionary(work / arguments.TRAINED / arguments.CONFIG, handed.folder / "dict.txt")
        evaluated, exported = work / "evaluated", work / "exported"
        told = arguments.told_of_best("evaluate", work, handed.folder, evaluated, spec)
        run_paddlex(told, tree, spec.paddlex, log.info)
        told = arguments.told_of_best("export", work, handed.folder, exported, spec)
        run_paddlex(told, tree, spec.paddlex, log.info)
        folder = _only_served(exported, work / "served")
        why_not = _why_no_onnx(folder, spec)
        parity = {} if why_not else _parity(dataset, folder)
        files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
        write_told(output, EXPORTED, {"files": files, "parity": parity})
        write_served(output, folder)
        result |= {"parity": parity, "paddleocr": metrics_in(evaluated), "done_flag": True}
        result |= {"serves": ["paddle"] if why_not else ["openvino", "onnx", "paddle"]}
    if why_not:
        result["models"]["best"]["onnx"] = ""
        log.warning("no %s, so only the engine paddle reads with it: %s", ONNX, why_not)
    write_told(output, RESULT, result)
    return result


def _name_dictionary(config: Path, dictionary: Path) -> None:
    """Has PaddleOCR's configuration name the dictionary where it lies now: PaddleX does not."""
    values = yaml.safe_load(config.read_text(encoding="utf-8"))
    if dictionary.exists():
        values["Global"]["character_dict_path"] = str(dictionary)
    config.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def _only_served(exported: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name in SERVED:
        (folder / name).write_bytes((exported / name).read_bytes())
    return folder


def _why_no_onnx(folder: Path, spec: TrainSpec) -> str:
    """Writes the ONNX file; or says why there can be none."""
    if spec.paddlex.model != RECOGNIZER.name:
        return f"the graph of {spec.paddlex.model} is not here, only that of {RECOGNIZER.name}"
    path = recognizer_file(EngineSpec()).path
    graph = WeightGraph.read(path)
    if _alphabet_in(folder) != charset_in(path, graph.characters(), None):
        return "its alphabet is not that of the graph"
    try:
        (folder / ONNX).write_bytes(refilled(graph, folder / STEM))
    except ModelError as error:
        return str(error)
    return ""


def _alphabet_in(folder: Path) -> tuple[str, ...]:
    config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    return charset_of("\n".join(config["PostProcess"]["character_dict"]))


def _parity(dataset: Dataset, folder: Path) -> dict[str, Json]:
    """How the ONNX file agrees with what PaddleX exported."""
    assert dataset.type == LINES
    charset = _alphabet_in(folder)
    val = lines_of(dataset, VAL, charset, DecodeSpec())
    strips = (val.strip(line) for line in range(min(PARITY_LINES, len(val.lines))))
    images = (normalised(pad_to_bucket(strip)[np.newaxis]) for strip in strips)
    onnx = {"onnx": onnx_form(folder)}
    found = compared(paddle_form(folder), onnx, images, likeliest, "steps")
    return {form: asdict(parity) for form, parity in found.items()}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
