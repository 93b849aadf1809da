"""Histograms: every value in a bin, and bars as high as their counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.imaging.charts import COLOURS, MOST_BINS, draw_histograms, histogram_of

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


def test_bars_are_as_high_as_their_counts():
    picture = draw_histograms([histogram_of("title", {"train": [1] * 40, "val": [1] * 10})])
    below = picture[60:]  # the names of the series stand above in the same colours
    heights = [(below == colour).all(axis=2).any(axis=1).sum() for colour in COLOURS[:2]]
    assert heights[0] == pytest.approx(4 * heights[1], rel=0.05)


def test_charts_stand_one_below_the_other_and_may_be_empty():
    one = draw_histograms([histogram_of("first", {"train": [3, 700]})])
    both = draw_histograms([histogram_of("first", {"train": [3, 700]}), histogram_of("none", {})])
    assert both.shape == (2 * one.shape[0], *one.shape[1:])
    assert (both[: len(one)] == one).all()
