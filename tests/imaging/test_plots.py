"""Plots: every value in a bin, bars as high as their counts, points where they belong."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.imaging.plots import (
    COLOURS,
    MOST_BINS,
    Reliability,
    draw_histograms,
    draw_reliability,
    histogram_of,
)

values = st.lists(st.integers(0, 5_000), max_size=40)


@given(values, values)
def test_every_value_is_counted_in_its_bin_the_largest_too(train, val):
    histogram = histogram_of("title", {"train": train, "val": val})
    assert len(histogram.edges) - 1 <= MOST_BINS
    for name, series in (("train", train), ("val", val)):
        expected, _ = np.histogram(series, bins=[*histogram.edges[:-1], np.inf])
        assert histogram.counts[name] == tuple(expected)
        assert sum(histogram.counts[name]) == len(series)
    assert not [*train, *val] or max([*train, *val]) < histogram.edges[-1]


BELOW = 45  # pixels from the top, beyond title and legend


def pixels_of(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def in_colour(png, number):
    """Where a plot has that one of its colours, (height, width)."""
    red, green, blue = bytes.fromhex(COLOURS[number][1:])
    return (pixels_of(png) == (blue, green, red)).all(axis=2)


def tallest_column(mask):
    """How many pixels of a plot's colour the column has that has most."""
    return mask.sum(axis=0).max()


def test_bars_are_as_high_as_their_counts():
    series = {"train": [1] * 40, "val": [1] * 10, "test": [1] * 20}
    picture = draw_histograms([histogram_of("title", series)])
    train, val, test = (tallest_column(in_colour(picture, number)[BELOW:]) for number in range(3))
    assert train == pytest.approx(4 * val, rel=0.06)
    assert train == pytest.approx(2 * test, rel=0.06)


def test_bars_stand_in_the_bins_of_their_values():
    histogram = histogram_of("title", {"train": [3] * 9, "val": [700] * 9})
    picture = draw_histograms([histogram])
    (low, high) = (
        in_colour(picture, number)[BELOW:].any(axis=0).nonzero()[0] for number in range(2)
    )
    assert low.max() < high.min()


def test_charts_stand_one_below_the_other_and_may_be_empty():
    one = draw_histograms([histogram_of("first", {"train": [3, 700]})])
    both = draw_histograms([histogram_of("first", {"train": [3, 700]}), histogram_of("none", {})])
    height, width, _ = pixels_of(one).shape
    assert pixels_of(both).shape == (2 * height, width, 3)


def test_the_same_values_make_the_same_file():
    histogram = histogram_of("title", {"train": [1, 2, 3]})
    assert draw_histograms([histogram]) == draw_histograms([histogram])


@pytest.mark.parametrize("accuracy", [0.0, 0.25, 0.75, 1.0])
def test_the_point_of_a_bin_stands_as_high_as_its_lines_are_right(accuracy):
    bins = ((0.4, 0.5),)
    picture = draw_reliability([Reliability("model", bins, (8,), (0.45,), (accuracy,))])
    frame = (pixels_of(picture) == 0).all(axis=2)
    rows = frame.mean(axis=1) > 0.5
    top, bottom = rows.nonzero()[0][[0, -1]]
    point = in_colour(picture, 0).nonzero()[0]
    middle = (point.min() + point.max()) / 2
    inside = min(max(middle, top), bottom)
    assert (bottom - inside) / (bottom - top) == pytest.approx(accuracy, abs=0.06)
