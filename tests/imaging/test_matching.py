import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from ocr_tasks.imaging.matching import (
    DetectionScore,
    area_inside,
    intersection,
    matches,
    overlap,
    score_of_page,
    total,
)


def box(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


PAGE = [box(0, 0, 100, 20), box(0, 40, 100, 60)]
HEADING = box(0, 80, 100, 100)
SIDES = st.floats(0, 200, allow_nan=False).map(lambda value: round(value, 2))
TRIANGLES = st.lists(st.tuples(SIDES, SIDES), min_size=3, max_size=3).map(np.array)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(PAGE, DetectionScore(2, 2, 2), id="all"),
        pytest.param([], DetectionScore(2, 0, 0), id="nothing"),
        pytest.param([*PAGE, box(300, 0, 320, 20)], DetectionScore(2, 3, 2), id="one too many"),
        pytest.param([PAGE[0], PAGE[0]], DetectionScore(2, 2, 1), id="twice"),
        pytest.param([box(0, 0, 50, 20)], DetectionScore(2, 1, 0), id="exactly half"),
        pytest.param([box(0, 0, 51, 20)], DetectionScore(2, 1, 1), id="more than half"),
        pytest.param([box(0, 0, 100, 60)], DetectionScore(2, 1, 0), id="two lines in one"),
        pytest.param([HEADING], DetectionScore(2, 0, 0), id="does not count"),
        pytest.param([box(0, 80, 100, 110)], DetectionScore(2, 0, 0), id="most does not count"),
        pytest.param([box(0, 80, 100, 140)], DetectionScore(2, 1, 0), id="a third does not count"),
    ],
)
def test_a_page_is_scored_as_icdar_2015_does(found, expected):
    assert score_of_page(PAGE, [HEADING], found) == expected


def test_a_label_is_claimed_by_the_first_find_that_fits_and_no_other():
    nearly = box(0, 0, 90, 20)
    assert matches(PAGE[:1], [nearly, PAGE[0]]) == [(0, 0)]
    assert matches([PAGE[0], nearly], [nearly, PAGE[0]]) == [(0, 0), (1, 1)]


def test_rates_are_those_of_the_sums_over_pages():
    score = total([DetectionScore(10, 8, 6), DetectionScore(2, 4, 3)])
    assert score == DetectionScore(10, 8, 6) + DetectionScore(2, 4, 3)
    assert score.rates() == {"precision": 9 / 12, "recall": 9 / 12, "hmean": pytest.approx(0.75)}
    assert score.errors / score.size == pytest.approx(1 - score.hmean)


@pytest.mark.parametrize(
    ("score", "rates"),
    [
        (DetectionScore(), (1, 1, 1)),
        (DetectionScore(0, 3, 0), (0, 1, 0)),
        (DetectionScore(3, 0, 0), (0, 0, 0)),
    ],
)
def test_pages_with_nothing_to_find_have_rates_too(score, rates):
    assert tuple(score.rates().values()) == rates


@given(TRIANGLES, TRIANGLES)
def test_areas_are_those_that_shapely_has(first, second):
    ours, theirs = shapely.Polygon(first), shapely.Polygon(second)
    assume(ours.is_valid and theirs.is_valid)
    assert area_inside(first) == pytest.approx(ours.area, abs=1)
    assert intersection(first, second) == pytest.approx(ours.intersection(theirs).area, abs=2)


def test_an_outline_with_a_dent_is_not_taken_for_its_hull():
    dented = np.array([[0, 0], [100, 0], [100, 100], [50, 10], [0, 100]], np.float64)
    assert overlap(dented, box(0, 0, 100, 100)) == pytest.approx(0.55)
    assert intersection(dented, box(40, 50, 60, 100)) == pytest.approx(0)


def test_a_polygon_without_an_area_has_nothing_in_common_with_any():
    line = np.array([[0, 0], [50, 0], [100, 0]], np.float64)
    assert overlap(line, PAGE[0]) == 0
    assert overlap(line, line) == 0
