"""From a page and a polygon to the strip that is read."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.imaging.boxes import clockwise_from_top_left
from ocr_tasks.imaging.crops import (
    LINE_HEIGHT,
    MAX_WIDTH,
    PADDING,
    WIDTH_STEP,
    crop_line,
    cut_out,
    pad_to_bucket,
    scale_to_line_height,
)


def flag(width=200, height=40):
    """A line that shows which way up it is: its head is dark, its tail and its foot are light."""
    line = np.full((height, width, 3), 200, np.uint8)
    line[: height // 2, : width // 2] = 20
    return line


def is_upright(crop):
    """Whether the dark head of a flag is at the upper left, and nowhere else."""
    height, width = crop.shape[0] // 2, crop.shape[1] // 2
    quarters = [crop[:height, :width], crop[:height, width:], crop[height:, :width]]
    head, tail, foot = (float(quarter.mean()) for quarter in quarters)
    return head < 60 and tail > 150 and foot > 150


def box(x, y, width, height):
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def test_an_upright_box_gives_the_very_pixels_of_the_page():
    page = np.random.default_rng(1).integers(0, 256, (90, 300, 3), np.uint8)
    assert np.array_equal(cut_out(page, box(30, 20, 150, 40)), page[20:60, 30:180])


@pytest.mark.parametrize("degrees", [-40, -15, 10, 44])
def test_turned_text_comes_out_upright(degrees):
    page = np.full((400, 400, 3), 255, np.uint8)
    page[180:220, 100:300] = flag()
    turn = cv2.getRotationMatrix2D((200, 200), -degrees, 1)
    page = cv2.warpAffine(page, turn, (400, 400), borderValue=(255, 255, 255))
    corners = cv2.transform(box(100, 180, 200, 40)[None], turn)[0].astype(np.float32)
    crop = cut_out(page, clockwise_from_top_left(corners[[2, 3, 0, 1]]))
    assert is_upright(crop[4:-4, 4:-4])
    assert crop.shape[1] == pytest.approx(200, abs=2)


def test_text_that_runs_down_the_page_is_turned_a_quarter_counter_clockwise():
    page = np.full((400, 200, 3), 255, np.uint8)
    page[100:300, 80:120] = np.rot90(flag(), -1)  # as a clockwise turned scan shows it
    crop = cut_out(page, box(80, 100, 40, 200))
    assert np.array_equal(crop, flag())


def test_a_squarish_crop_is_left_as_it_stands():
    page = np.random.default_rng(2).integers(0, 256, (100, 100, 3), np.uint8)
    assert np.array_equal(cut_out(page, box(10, 10, 40, 56)), page[10:66, 10:50])


@pytest.mark.parametrize(
    ("height", "width", "scaled"),
    [
        pytest.param(48, 300, 300, id="as tall as the recogniser wants it"),
        pytest.param(24, 300, 600, id="half as tall"),
        pytest.param(96, 301, 151, id="twice as tall, rounded up"),
        pytest.param(10, 9_000, MAX_WIDTH, id="a very long line is squeezed"),
        pytest.param(500, 1, 1, id="a hairline keeps a pixel"),
    ],
)
def test_a_crop_is_scaled_to_the_line_height(height, width, scaled):
    assert scale_to_line_height(np.zeros((height, width, 3), np.uint8)).shape == (
        LINE_HEIGHT,
        scaled,
        3,
    )


@given(st.integers(1, 400))
def test_padding_fills_up_to_the_next_step_with_grey_and_changes_no_pixel(width):
    line = np.full((LINE_HEIGHT, width, 3), 9, np.uint8)
    padded = pad_to_bucket(line)
    assert padded.shape[1] % WIDTH_STEP == 0
    assert 0 <= padded.shape[1] - width < WIDTH_STEP
    assert np.array_equal(padded[:, :width], line)
    assert (padded[:, width:] == PADDING).all()


def test_a_crop_depends_on_its_line_alone():
    page = np.full((400, 900, 3), 255, np.uint8)
    page[100:140, 50:250] = flag()
    crowded = page.copy()
    crowded[200:400] = 0
    crowded[:, 600:] = 77
    line = box(50, 100, 200, 40)
    assert np.array_equal(crop_line(page, line), crop_line(crowded, line))


@pytest.mark.parametrize(
    "polygon",
    [
        pytest.param(np.full((4, 2), 5), id="a point"),
        pytest.param(box(5, 5, 60, 0), id="a horizontal hairline"),
        pytest.param(box(5, 5, 0, 60), id="a vertical hairline"),
        pytest.param(box(5, 5, 0.2, 0.2), id="less than a pixel"),
        pytest.param(box(0, 0, 1, 1), id="one pixel"),
        pytest.param(box(-30, -30, 20, 10), id="beside the page"),
        pytest.param(box(90, 40, 200, 30), id="over the page's edge"),
        pytest.param(np.array([[0, 0], [50, 50], [50, 0], [0, 50]]), id="crossed edges"),
    ],
)
def test_a_degenerate_polygon_still_gives_a_crop(polygon):
    crop = crop_line(np.zeros((60, 120, 3), np.uint8), polygon.astype(np.float32))
    assert crop.shape[0] == LINE_HEIGHT
    assert crop.shape[1] % WIDTH_STEP == 0
    assert crop.dtype == np.uint8


def test_a_line_far_along_a_very_wide_page_is_cut_out():
    page = np.full((60, 40_000, 3), 255, np.uint8)
    page[10:50, 35_000:35_200] = flag()
    assert np.array_equal(cut_out(page, box(35_000, 10, 200, 40)), flag())
