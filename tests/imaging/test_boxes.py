"""Corners, angles and the order of reading."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.imaging.boxes import (
    angle_of,
    bounding_box,
    clockwise_from_top_left,
    reading_order,
)


def turned_line(centre, width, height, degrees):
    """The corners of a line of text that was turned clockwise, from its own top left."""
    x, y = width / 2, height / 2
    corners = np.array([[-x, -y], [x, -y], [x, y], [-x, y]])
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (corners @ np.array([[cos, sin], [-sin, cos]]) + centre).astype(np.float32)


def box(x, y, width, height=20):
    return [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]


def ordered(*boxes):
    return reading_order(np.array(boxes, np.float32).reshape(-1, 4, 2))


@given(
    degrees=st.floats(-44, 44),
    shuffle=st.permutations(range(4)),
    width=st.floats(60, 900),
    height=st.floats(8, 50),
)
def test_corners_begin_at_the_top_left_whatever_order_they_came_in(degrees, shuffle, width, height):
    line = turned_line((500, 400), width, height, degrees)
    assert np.allclose(clockwise_from_top_left(line[list(shuffle)]), line, atol=1e-3)


def test_text_on_end_keeps_its_upper_corners_as_the_top():
    upright = np.array(box(100, 50, width=20, height=300), np.float32)
    assert np.array_equal(clockwise_from_top_left(upright[[2, 0, 3, 1]]), upright)


@pytest.mark.parametrize("degrees", [-30.0, -5.0, 0.0, 12.5, 40.0])
def test_the_angle_of_a_line_is_clockwise_from_the_horizontal(degrees):
    assert angle_of(turned_line((300, 300), 200, 30, degrees)) == pytest.approx(degrees, abs=1e-3)


def test_an_angle_lies_within_half_a_turn():
    leftwards = np.array([[200, 0], [0, 0], [0, -20], [200, -20]], np.float32)
    assert abs(angle_of(leftwards)) == 180.0


def test_a_bounding_box_is_rounded_outwards_to_whole_pixels():
    polygon = np.array([[10.2, 5.9], [40.1, 5.1], [40.9, 20.0], [10.8, 20.3]], np.float32)
    assert bounding_box(polygon) == (10, 5, 41, 21)


@pytest.mark.parametrize("degrees", [-10.0, -3.0, -1.0, 0.0, 1.0, 3.0, 10.0])
def test_columns_of_a_page_that_lies_askew_are_columns(degrees):
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    columns = [box(x, 60 * row, 900, height=40) for x in (100, 1060) for row in range(50)]
    turned = np.array(columns, np.float32) @ np.array([[cos, sin], [-sin, cos]], np.float32)
    assert reading_order(turned) == list(range(100))


@given(st.lists(st.tuples(*[st.floats(0, 4000, width=32)] * 2), min_size=4, max_size=4))
def test_a_bounding_box_holds_every_corner(corners):
    polygon = np.array(corners, np.float32)
    x0, y0, x1, y1 = bounding_box(polygon)
    assert x0 <= polygon[:, 0].min() <= polygon[:, 0].max() <= x1
    assert y0 <= polygon[:, 1].min() <= polygon[:, 1].max() <= y1


LEFT = [box(50, 100 + 30 * row, 400) for row in range(6)]
RIGHT = [box(500, 105 + 30 * row, 400) for row in range(6)]
HEADING = box(50, 20, 850, 40)
FOOTER = box(50, 400, 850, 20)
PAGE_NUMBER = box(455, 400, 40, 20)


def lowered(corners):
    return [[x, y + 400] for x, y in corners]


LOWER_LEFT = [lowered(line) for line in LEFT]
LOWER_RIGHT = [lowered(line) for line in RIGHT]


@pytest.mark.parametrize(
    "in_order",
    [
        pytest.param([], id="an empty page"),
        pytest.param([box(10, 10, 100)], id="a single line"),
        pytest.param([box(50, 30 * row, 400) for row in range(8)], id="a single column"),
        pytest.param(
            [box(50 + 30 * (row % 2), 30 * row, 400 - 100 * (row % 3)) for row in range(8)],
            id="a single column with indents and short lines",
        ),
        pytest.param(
            [box(x, 30 * row, 60) for row in range(5) for x in (50, 300, 550)],
            id="rows of cells",
        ),
        pytest.param(
            [
                box(x, 30 * row + jitter, 60)
                for row in range(5)
                for x, jitter in ((50, 6), (300, 0))
            ],
            id="cells that stand a little askew",
        ),
        pytest.param(LEFT + RIGHT, id="two columns of running text"),
        pytest.param(
            [box(50, 30 * row, 400) for row in range(5)]
            + [box(462, 30 * row, 400) for row in range(5)],
            id="two columns that leave little white between them",
        ),
        pytest.param(
            LEFT + RIGHT + [box(950, 98 + 30 * row, 380) for row in range(5)], id="three columns"
        ),
        pytest.param([HEADING, *LEFT, *RIGHT], id="a heading across two columns"),
        pytest.param([HEADING, *LEFT, *RIGHT, FOOTER], id="heading and footer around columns"),
        pytest.param([HEADING, *LEFT, *RIGHT, PAGE_NUMBER], id="a page number below the gutter"),
        pytest.param(
            [HEADING, *LEFT, *RIGHT, FOOTER, *LOWER_LEFT, *LOWER_RIGHT, lowered(PAGE_NUMBER)],
            id="two bands of columns between headings",
        ),
        pytest.param(
            [cell for row in range(6) for cell in (box(50, 30 * row, 400), box(600, 30 * row, 60))],
            id="prices beside articles stay rows",
        ),
        pytest.param(
            [box(50, 10, 100), box(400, 12, 100), box(50, 60, 450), box(50, 90, 450)],
            id="date and place above a letter",
        ),
    ],
)
def test_lines_come_in_the_order_people_read_them(in_order):
    rng = np.random.default_rng(5)
    for _ in range(5):
        shuffle = rng.permutation(len(in_order))
        found = ordered(*(in_order[place] for place in shuffle))
        assert [int(shuffle[line]) for line in found] == list(range(len(in_order)))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 900), st.integers(0, 900), st.integers(1, 600), st.integers(1, 80)
        ),
        max_size=40,
    )
)
def test_every_line_is_read_exactly_once(spans):
    found = ordered(*(box(x, y, width, height) for x, y, width, height in spans))
    assert sorted(found) == list(range(len(spans)))


def test_a_page_of_thousands_of_lines_is_ordered_without_deep_recursion():
    rows = [box(x, 12 * row, 30, 8) for row in range(250) for x in (0, 100, 200, 300, 400, 500)]
    assert ordered(*rows) == list(range(1500))
