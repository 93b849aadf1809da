"""Copies of a picture look alike, and other pictures do not."""

import cv2
import numpy as np
import pytest

from ocr_tasks.imaging.perception import BITS, differing_bits, look_of
from tests.makers import draw_page

LINE = draw_page(["It was a bright cold day in April"], width=400, line_height=24)
OTHER = draw_page(["and the clocks were striking them"], width=400, line_height=24)


def apart(one, other):
    return int(differing_bits(look_of(one), look_of(other)[np.newaxis])[0])


def saved_again(picture):
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda picture: picture, id="the same"),
        pytest.param(saved_again, id="saved again"),
        pytest.param(lambda picture: cv2.resize(picture, None, fx=0.5, fy=0.5), id="half as large"),
        pytest.param(lambda picture: (picture * 0.8).astype(np.uint8), id="darker"),
    ],
)
def test_a_copy_looks_alike(change):
    assert apart(LINE, change(LINE)) <= BITS / 8


def test_another_line_does_not():
    assert apart(LINE, OTHER) > BITS / 8


def test_a_look_is_held_against_many():
    looks = np.array([look_of(OTHER), look_of(LINE)])
    assert differing_bits(look_of(LINE), looks).tolist() == [apart(LINE, OTHER), 0]
