"""Where text is and where it ends, as maps: by hand for boxes, by rules for the rest."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.imaging.maps import DetectionSpec, boxes_of_map
from ocr_tasks.training.detection.targets import grown, offset_of, targets_of

SIDE = 128


def box(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


GROWTH = DetectionSpec().unclip_ratio
LINE = box(20, 40, 110, 70)  # 90 by 30, of which 17.3 by 17.3 less are 72.7 by 12.7
REACH = 8.65  # since 1.6 · 72.7 · 12.7 / (72.7 + 12.7) = 17.3


def test_text_is_its_polygon_shrunk_on_all_sides():
    assert offset_of(LINE, GROWTH) == pytest.approx(REACH, abs=0.01)
    text = targets_of([LINE], [], SIDE, GROWTH).text
    rows, columns = np.nonzero(text)
    assert (rows.min(), rows.max()) == pytest.approx((40 + REACH, 70 - REACH), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((20 + REACH, 110 - REACH), abs=1)
    assert set(np.unique(text)) == {0, 1}


def test_the_threshold_is_highest_on_the_outline_and_falls_to_both_sides():
    targets = targets_of([LINE], [], SIDE, GROWTH)
    threshold = targets.threshold
    assert threshold[40, 65] == pytest.approx(0.7)
    assert threshold[40 - 5, 65] == pytest.approx(0.7 - 0.4 * 5 / REACH, abs=0.02)
    assert threshold[40 + 5, 65] == pytest.approx(0.7 - 0.4 * 5 / REACH, abs=0.02)
    assert threshold[40 - 12, 65] == threshold[55, 65] == pytest.approx(0.3)
    assert (threshold.min(), threshold.max()) == pytest.approx((0.3, 0.7))


def test_the_threshold_is_known_in_text_and_as_far_around_as_it_falls():
    border = targets_of([LINE], [], SIDE, GROWTH).border
    assert border[55, 65] == border[40 - 8, 65] == border[70 + 8, 65] == 1
    assert border[40 - 11, 65] == border[70 + 11, 65] == border[5, 5] == 0


@pytest.mark.parametrize(
    ("expected", "ignored"),
    [
        pytest.param([], [LINE], id="that may be found or not"),
        pytest.param([box(20, 40, 110, 45)], [], id="too small to be seen"),
        pytest.param([box(-90, 40, 30, 70)], [], id="mostly cut off"),
    ],
)
def test_text_counts_not(expected, ignored):
    targets = targets_of(expected, ignored, SIDE, GROWTH)
    assert targets.text.max() == 0
    (corners,) = [*expected, *ignored]
    inside = np.clip(corners.mean(axis=0), 2, SIDE - 2).astype(int)
    inside = (25, 42) if expected else inside
    assert targets.counts[inside[1], inside[0]] == 0
    assert targets.counts[100, 64] == 1
    assert targets.border.max() == 0


def test_text_that_goes_on_over_the_edge_is_labelled_up_to_it():
    targets = targets_of([box(40, 40, 300, 70)], [], SIDE, GROWTH)
    assert targets.text[55, SIDE - 1] == 1
    assert targets.counts.min() == 1


def test_what_lies_beyond_the_crop_leaves_no_trace():
    away = targets_of([box(200, 200, 260, 220), box(-80, -40, -10, -10)], [], SIDE, GROWTH)
    empty = targets_of([], [], SIDE, GROWTH)
    for one, other in zip((away.text, away.counts), (empty.text, empty.counts), strict=True):
        np.testing.assert_array_equal(one, other)
    assert away.border.max() == 0


def test_lines_that_touch_stay_apart():
    text = targets_of([box(10, 20, 110, 50), box(10, 50, 110, 80)], [], SIDE, GROWTH).text
    blobs, _ = cv2.connectedComponents(text.astype(np.uint8))
    assert blobs == 1 + 2


def test_a_polygon_without_an_area_counts_not_and_breaks_nothing():
    flat = np.array([[10, 10], [60, 10], [100, 10]], np.float64)
    targets = targets_of([flat, LINE], [], SIDE, GROWTH)
    assert targets.text[55, 65] == 1
    assert targets.border[12, 50] == 0


ANGLES = st.floats(0, 2 * np.pi)
SIDES = st.floats(8, 60)


def turned(width, height, angle):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (box(0, 0, width, height) - (width / 2, height / 2)) @ turn + 64


@given(st.floats(24, 80), st.floats(24, 80), ANGLES, st.floats(1, 2))
def test_what_is_labelled_is_what_serving_would_find_there(width, height, angle, growth):
    corners = turned(width, height, angle)
    text = targets_of([corners], [], SIDE, growth).text
    (found,), _ = boxes_of_map(text, SIDE, SIDE, replace(DetectionSpec(), unclip_ratio=growth))
    label, box_ = shapely.Polygon(corners), shapely.Polygon(found)
    assert label.intersection(box_).area > 0.75 * label.union(box_).area


@given(SIDES, SIDES, ANGLES, st.floats(0.2, 3))
def test_offsets_are_those_that_shapely_has(width, height, angle, pixels):
    corners = turned(width, height, angle)
    for away in (pixels, -pixels):
        ours = sum(shapely.Polygon(each).area for each in grown(corners, away))
        assert ours == pytest.approx(shapely.Polygon(corners).buffer(away).area, abs=8, rel=0.02)
