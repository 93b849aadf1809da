"""Bar charts of counts, drawn without a plotting library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_tasks.imaging.crops import Pixels

WIDTH, HEIGHT, MARGIN = 900, 300, 50  # pixels of a panel, and of the room around its bars
LEGEND = 120  # pixels for the name of a series
MOST_BINS = 24
COLOURS = ((180, 119, 31), (14, 127, 255), (44, 160, 44))  # BGR: blue, orange, green
INK, PAPER = (60, 60, 60), 255
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of some series in common bins; ``edges`` has one more than each series."""

    title: str
    edges: tuple[int, ...]
    counts: dict[str, tuple[int, ...]]


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


def draw_histograms(histograms: Sequence[Histogram]) -> Pixels:
    """The charts, one below the other, as a picture (height, WIDTH, 3). Titles are ASCII."""
    return np.concatenate([_panel(each) for each in histograms])


def _panel(histogram: Histogram) -> Pixels:
    panel = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
    bins = len(histogram.edges) - 1
    room = (WIDTH - 2 * MARGIN) / bins
    tallest = max((max(counts) for counts in histogram.counts.values()), default=0) or 1
    bottom, height = HEIGHT - MARGIN, HEIGHT - 2 * MARGIN
    _write(panel, histogram.title, MARGIN, 20, 0.55)
    _write(panel, str(tallest), 4, MARGIN + 4)
    bar = room * 0.8 / max(1, len(histogram.counts))
    for number, (name, counts) in enumerate(histogram.counts.items()):
        colour = COLOURS[number % len(COLOURS)]
        legend = WIDTH - MARGIN - LEGEND * (len(histogram.counts) - number)
        _write(panel, f"{name} {sum(counts)}", legend, 20, 0.5, colour)
        for index, count in enumerate(counts):
            left = MARGIN + index * room + number * bar
            top = bottom - round(height * count / tallest)
            corners = (round(left), top), (round(left + bar) - 1, bottom)
            if count:
                cv2.rectangle(panel, *corners, colour, cv2.FILLED)
    cv2.line(panel, (MARGIN, bottom), (WIDTH - MARGIN, bottom), INK)
    for index, edge in enumerate(histogram.edges):
        _write(panel, str(edge), round(MARGIN + index * room) - 8, bottom + 18)
    return panel


def _write(
    panel: Pixels,
    text: str,
    left: int,
    base: int,
    scale: float = 0.35,
    colour: tuple[int, int, int] = INK,
) -> None:
    cv2.putText(panel, text, (left, base), FONT, scale, colour, 1, cv2.LINE_AA)
