"""Areas of polygons, and polygons that cross themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon

from ocr_tasks.imaging.polygons import area_of, crosses_itself

points = st.tuples(st.integers(0, 9), st.integers(0, 9))


def corners(*points):
    return np.array(points, np.float64)


@pytest.mark.parametrize(
    ("polygon", "crosses"),
    [
        pytest.param(corners((0, 0), (4, 0), (4, 4), (0, 4)), False, id="a square"),
        pytest.param(corners((0, 0), (4, 4), (4, 0), (0, 4)), True, id="a bow tie"),
        pytest.param(corners((0, 0), (8, 0), (4, 1), (8, 4), (0, 4)), False, id="a notch"),
        pytest.param(corners((0, 0), (4, 0), (0, 4)), False, id="a triangle"),
        pytest.param(
            corners((0, 0), (8, 0), (8, 4), (4, -1), (0, 4)), True, id="a notch that goes through"
        ),
    ],
)
def test_a_polygon_crosses_itself_where_two_edges_do(polygon, crosses):
    assert crosses_itself(polygon) == crosses


@given(st.lists(points, min_size=3, max_size=6, unique=True))
def test_the_area_of_a_simple_polygon_is_that_of_shapely_and_simple_ones_do_not_cross(given_points):
    shape = Polygon(given_points)
    polygon = corners(*given_points)
    if shape.is_valid:
        assert not crosses_itself(polygon)
        assert area_of(polygon) == pytest.approx(shape.area)
    elif crosses_itself(polygon):
        assert not shape.exterior.is_simple
