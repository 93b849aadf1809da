"""How a training went, as a picture: loss, lines read to the letter, errors, over its minutes."""

import io
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ocr_tasks.training.progress import LineEvaluation

SIZE = (9.0, 6.5)  # inches
Value = Callable[[LineEvaluation], float]


def draw_curves(evaluations: Sequence[LineEvaluation], kept: LineEvaluation) -> bytes:
    """A PNG with a panel each for loss, exact lines, character errors and the learning rate.

    What is ``kept`` is a star: where it is a blend, it lies off the curves.
    """
    figure = Figure(figsize=SIZE, layout="constrained")
    loss, exact, cer, rate = figure.subplots(2, 2).flat
    for axes, values in ((exact, [kept.exact]), (cer, [kept.cer, kept.retention_cer])):
        axes.plot([kept.minutes] * len(values), values, "k*", label=f"kept ({kept.share:.0%})")
    learnt = [each for each in evaluations if each.step > 0]  # at step 0 nothing was learnt yet
    _draw(loss, "training loss", learnt, [("CTC loss a character", lambda each: each.loss)])
    _draw(exact, "validation lines read to the letter", evaluations, [("", _exact)])
    series: list[tuple[str, Value]] = [("validation", _cer), ("print", _retention)]
    _draw(cer, "character error rate", evaluations, series)
    _draw(rate, "learning rate", learnt, [("", lambda each: each.rate)])
    for axes in (exact, cer):
        axes.legend(fontsize=8)
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=100)
    return written.getvalue()


def _draw(
    axes: Axes,
    title: str,
    evaluations: Sequence[LineEvaluation],
    series: Sequence[tuple[str, Value]],
) -> None:
    for label, value in series:
        minutes = [each.minutes for each in evaluations]
        axes.plot(minutes, [value(each) for each in evaluations], marker=".", label=label)
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("minutes")
    axes.set_ylim(bottom=0)


def _exact(evaluation: LineEvaluation) -> float:
    return evaluation.exact


def _cer(evaluation: LineEvaluation) -> float:
    return evaluation.cer


def _retention(evaluation: LineEvaluation) -> float:
    return evaluation.retention_cer
