"""Empty pages, and empty margins of long strips."""

import numpy as np
import pytest

from ocr_tasks.imaging.margins import is_blank, part_with_marks


def blank(height, width, shade=250):
    return np.full((height, width, 3), shade, np.uint8)


@pytest.mark.parametrize("shade", [255, 128, 0])
def test_a_page_of_one_shade_is_blank_and_one_with_a_faint_mark_is_not(shade):
    page = blank(200, 100, shade)
    assert is_blank(page)
    page[50:60, 50:60, 2] = abs(shade - 7)  # in one colour
    assert not is_blank(page)


@pytest.mark.parametrize("shade", [250, 8], ids=["white", "black"])
def test_a_strip_is_taken_from_its_first_mark_to_its_last(shade):
    page = blank(100, 2000, shade)
    page[40:60, 700:705] = 128
    page[50:55, 900:910] = 128
    assert part_with_marks(page) == (35, 695, 65, 915)  # with a twentieth of the side around it


def test_a_tall_strip_too():
    page = blank(2000, 100)
    page[1000:1010, 50:60] = 0
    assert part_with_marks(page) == (995, 45, 1015, 65)


@pytest.mark.parametrize(("height", "width"), [(1000, 700), (700, 1000), (100, 399)])
def test_pages_of_usual_proportions_are_taken_whole(height, width):
    page = blank(height, width)
    page[50:60, 50:60] = 0
    assert part_with_marks(page) == (0, 0, height, width)


def test_a_strip_without_a_mark_is_taken_whole():
    page = blank(100, 2000)
    page[::2] -= 10  # the grain of the paper
    assert part_with_marks(page) == (0, 0, 100, 2000)
