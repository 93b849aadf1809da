"""What a detector's training leaves behind, by the names that PaddleX's users know."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import yaml
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ocr_tasks import storage
from ocr_tasks.engines.ppocr import DETECTOR
from ocr_tasks.records import ModelInfo
from ocr_tasks.training.detection.progress import PageEvaluation, PageProgress
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.export import CONFIG, STEM
from ocr_tasks.training.loop import LATEST
from ocr_tasks.training.outputs import (
    BEST,
    CURVES,
    INFERENCE,
    LOG,
    RESULT,
    SETTINGS,
    Json,
    write_told,
)

SIZE = (9.0, 3.5)  # inches


def write_options(output: str, spec: DetectorSpec) -> None:
    """Writes ``config.yaml``: every option, as this training has it."""
    told = yaml.safe_dump(asdict(spec), allow_unicode=True, sort_keys=False)
    storage.write(storage.join(output, SETTINGS), told.encode("utf-8"))


def write_result(
    output: str, base: ModelInfo, progress: PageProgress, left_out: Mapping[str, int]
) -> Json:
    """Draws the curves and writes ``train_result.json``, which it returns.

    It says that it is done only once the weights are exported.
    """
    assert progress.best is not None
    storage.write(storage.join(output, CURVES), draw_curves(progress.evaluations, progress.best))
    result = {
        "model_name": DETECTOR.name,
        "label_dict": "",
        "train_log": LOG,
        "visualdl_log": "",
        "config": SETTINGS,
        "models": {
            "last_1": _model(progress.evaluations[-1].hmean, LATEST, ""),
            "best": _model(progress.best.hmean, BEST, INFERENCE),
        },
        "best": asdict(progress.best),
        "evaluations": [asdict(each) for each in progress.evaluations],
        "base": asdict(base),
        "parity": {},
        "left_out": dict(left_out),
        "done_flag": False,
    }
    write_told(output, RESULT, result)
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


def draw_curves(evaluations: Sequence[PageEvaluation], best: PageEvaluation) -> bytes:
    """A PNG: the loss, and how well text was found, over the minutes; the best is a star."""
    figure = Figure(figsize=SIZE, layout="constrained")
    loss, found = figure.subplots(1, 2)
    learnt = [each for each in evaluations if each.step > 0]  # at step 0 nothing was learnt yet
    _label(loss, "training loss")
    loss.plot([each.minutes for each in learnt], [each.loss for each in learnt], marker=".")
    _label(found, "validation pages")
    minutes = [each.minutes for each in evaluations]
    for name in ("hmean", "precision", "recall"):
        found.plot(minutes, [getattr(each, name) for each in evaluations], marker=".", label=name)
    found.plot([best.minutes], [best.hmean], "k*", label="kept")
    found.legend(fontsize=8)
    for axes in (loss, found):
        axes.set_ylim(bottom=0)
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=100)
    return written.getvalue()


def _label(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("minutes")
