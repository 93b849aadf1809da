"""Plots as PNG files, drawn by matplotlib's objects: no window, and no state between two."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 100
WIDTH, HEIGHT = 9.0, 3.0  # inches of a panel
MOST_BINS = 24
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c")
FAINT = "#999999"
BAR_SHARE = 0.8  # of a bin's width that its bars fill


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of some series in common bins; ``edges`` has one more than each series."""

    title: str
    edges: tuple[int, ...]
    counts: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of one model: the bounds of bins, their lines, mean confidence and accuracy (0 to 1)."""

    name: str
    edges: tuple[tuple[float, float], ...]
    lines: tuple[int, ...]
    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]


def histogram_of(title: str, series: Mapping[str, Sequence[int]]) -> Histogram:
    """The values of each series, whole numbers from 0 on, counted in bins that hold every one."""
    largest = max((max(values) for values in series.values() if values), default=0)
    step = _bin_width(largest + 1)
    edges = tuple(range(0, largest + step + 1, step))
    counts = {
        name: tuple(np.bincount(np.array(values, int) // step, minlength=len(edges) - 1).tolist())
        for name, values in series.items()
    }
    return Histogram(title, edges, counts)


def _bin_width(span: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that makes no more than MOST_BINS bins."""
    tens = 1
    while True:
        for width in (tens, 2 * tens, 5 * tens):
            if span <= width * MOST_BINS:
                return width
        tens *= 10


def draw_histograms(histograms: Sequence[Histogram]) -> bytes:
    """A PNG of the charts, one below the other, with a bar a bin for each series."""
    figure = _figure(WIDTH, HEIGHT * len(histograms))
    for row, histogram in enumerate(histograms, start=1):
        axes = figure.add_subplot(len(histograms), 1, row)
        step = histogram.edges[1] - histogram.edges[0]
        bar = step * BAR_SHARE / max(1, len(histogram.counts))
        for number, (name, counts) in enumerate(histogram.counts.items()):
            left = np.array(histogram.edges[:-1]) + number * bar
            label = f"{name} {sum(counts)}"
            colour = COLOURS[number % len(COLOURS)]
            axes.bar(left, counts, bar, align="edge", color=colour, label=label)
        axes.set_title(histogram.title, loc="left")
        axes.set_xticks(histogram.edges)
        axes.tick_params(labelsize="small")
        if histogram.counts:
            # Beside the title: within the panel it would hide bars.
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)
    return _png(figure)


def draw_reliability(models: Sequence[Reliability]) -> bytes:
    """A PNG that shows how often lines are right that were read with some confidence.

    One panel a model: a point a bin, the larger the more lines there are in it. On the diagonal
    confidence can be believed; below it there is too much of it.
    """
    figure = _figure(HEIGHT * 1.4 * len(models), HEIGHT * 1.4)
    for column, model in enumerate(models, start=1):
        axes = figure.add_subplot(1, len(models), column)
        axes.plot([0, 1], [0, 1], color=FAINT, linestyle="dashed")
        widths = [high - low for low, high in model.edges]
        lefts = [low for low, _ in model.edges]
        axes.bar(lefts, model.accuracy, widths, align="edge", color=COLOURS[0], alpha=0.4)
        sizes = 200 * np.array(model.lines) / max(1, *model.lines, 1)
        axes.scatter(model.confidence, model.accuracy, sizes, color=COLOURS[0])
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="lines that are right")
        axes.set_title(model.name, loc="left", fontsize="medium")
    return _png(figure)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # half a second, which only who draws should wait

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def _png(figure: "Figure") -> bytes:
    sink = io.BytesIO()
    figure.savefig(sink, format="png", metadata={"Software": None})
    return sink.getvalue()
