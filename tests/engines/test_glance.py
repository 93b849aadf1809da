"""A page is looked at a second time where the first look was too coarse."""

import numpy as np
import pytest

from ocr_tasks.engines.glance import lines_by_size
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.records import DetectedLines

PAGE = np.full((2000, 1400, 3), 255, np.uint8)
SPEC = DetectionSpec()


def line_of(height):
    corners = [[[0, 0], [900, 0], [900, height], [0, height]]]
    return DetectedLines(np.array(corners, np.float32), np.ones(1, np.float32))


NOTHING = DetectedLines(np.empty((0, 4, 2), np.float32), np.empty(0, np.float32))


@pytest.mark.parametrize(
    ("seen", "looks"),
    [
        pytest.param(line_of(60), 1, id="large text"),
        pytest.param(line_of(25), 2, id="small text"),
        pytest.param(NOTHING, 2, id="nothing, which may be text that is too small to be seen"),
    ],
)
def test_a_page_is_looked_at_again_if_its_text_may_be_too_small(seen, looks):
    sizes = []

    def look(size):
        sizes.append(size)
        return seen if len(sizes) == 1 else line_of(24)

    found = lines_by_size(PAGE, SPEC, look)
    assert sizes == [(960, 672), (1600, 1120)][:looks]
    assert found.polygons[0, 2, 1] == (60 if looks == 1 else 24)


def test_a_page_that_is_seen_whole_at_first_is_looked_at_once():
    sizes = []
    small = np.full((700, 700, 3), 255, np.uint8)
    lines_by_size(small, SPEC, lambda size: sizes.append(size) or NOTHING)
    assert len(sizes) == 1
