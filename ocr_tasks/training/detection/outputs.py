"""What a detector's training leaves behind, by the names that PaddleX's users know."""

import io
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ocr_tasks import storage
from ocr_tasks.engines.ppocr import DETECTOR
from ocr_tasks.records import ModelInfo
from ocr_tasks.training.detection.progress import PageEvaluation, PageProgress
from ocr_tasks.training.outputs import CURVES, RESULT, Json, result_of, write_told

SIZE = (9.0, 3.5)  # inches


def write_result(
    output: str, base: ModelInfo, progress: PageProgress, left_out: Mapping[str, int], labels: str
) -> Json:
    """Draws a detector's curves and writes ``train_result.json``, which it returns."""
    best = progress.best
    assert best is not None
    storage.write(storage.join(output, CURVES), draw_curves(progress.evaluations, best))
    scores = progress.evaluations[-1].hmean, best.hmean
    result = result_of(DETECTOR, base, progress.evaluations, best, scores, left_out, labels)
    write_told(output, RESULT, result)
    return result


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
