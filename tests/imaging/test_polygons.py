"""Areas of polygons, and polygons that cross themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon

from ocr_tasks.imaging.polygons import area_of, crosses_itself, quad_around

points = st.tuples(st.integers(0, 9), st.integers(0, 9))


def corners(*points):
    return np.array(points, np.float64)


SQUARE = corners((0, 0), (8, 0), (8, 4), (0, 4))


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


@pytest.mark.parametrize(
    ("polygon", "quad"),
    [
        pytest.param(SQUARE, SQUARE, id="four corners stay"),
        pytest.param(np.roll(SQUARE, 2, axis=0), np.roll(SQUARE, 2, axis=0), id="upside down too"),
        pytest.param(SQUARE[::-1], SQUARE, id="counter-clockwise ones are turned"),
        pytest.param(SQUARE[[0, 2, 1, 3]], SQUARE, id="a bow tie"),
        pytest.param(corners((0, 0), (8, 0), (8, 4), (4, 3), (0, 4)), SQUARE, id="five corners"),
        pytest.param(corners((0, 0), (8, 0), (1, 1), (0, 4)), None, id="a dent"),
    ],
)
def test_a_quad_is_the_polygon_itself_or_the_smallest_rectangle_around_it(polygon, quad):
    found = quad_around(polygon)
    assert found.shape == (4, 2)
    if quad is not None:
        assert found == pytest.approx(quad)
    around = Polygon(found).buffer(1e-3)
    assert around.contains(Polygon(polygon).convex_hull)


@given(st.lists(points, min_size=1, max_size=9))
def test_a_quad_holds_every_corner_and_turns_clockwise(polygon):
    found = quad_around(corners(*polygon))
    area = sum(
        x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(found, np.roll(found, -1, 0), strict=True)
    )
    assert area >= -1e-6
    hull = Polygon(found).buffer(1e-3)
    if area > 1e-3:
        assert all(hull.contains(Point(*corner)) for corner in polygon)
