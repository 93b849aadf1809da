"""Where a page has ink: contrast within boxes, and nothing that matters outside of them."""

import cv2
import numpy as np
import pytest

from ocr_tasks.imaging.ink import RULE, SMALL, boxes_with_ink, edges_of, has_ink_outside

BOX = np.array([[20, 20, 80, 30]], np.float32)
NOTHING = np.zeros((0, 4), np.float32)


def page(ground=255):
    return np.full((100, 120, 3), ground, np.uint8)


def written(drawn, at=(20, 30), colour=(0, 0, 0)):
    cv2.putText(drawn, "some words", at, cv2.FONT_HERSHEY_SIMPLEX, 0.35, colour)
    return drawn


@pytest.mark.parametrize(
    ("drawn", "has_ink"),
    [
        pytest.param(written(page()), True, id="black on white"),
        pytest.param(written(page(40), colour=(255, 255, 255)), True, id="white on black"),
        pytest.param(written(page(), colour=(190, 190, 190)), True, id="grey on white"),
        pytest.param(written(page(100), colour=(100, 100, 200)), True, id="colour as dark"),
        pytest.param(page(), False, id="nothing"),
        pytest.param(page(0), False, id="black alone"),
        pytest.param(written(page(), colour=(250, 250, 250)), False, id="next to white on white"),
        pytest.param(written(page(), at=(20, 80)), False, id="ink elsewhere"),
    ],
)
def test_a_box_has_ink_where_it_has_contrast(drawn, has_ink):
    assert boxes_with_ink(edges_of(drawn), BOX).tolist() == [has_ink]


def test_boxes_beside_the_page_have_no_ink():
    beside = np.array([[-50, -50, -10, -10], [500, 500, 600, 600], [5, 5, 5, 5]], np.float32)
    assert not boxes_with_ink(edges_of(page()), beside).any()
    assert boxes_with_ink(edges_of(page()), NOTHING).tolist() == []


def ruled():
    drawn = page()
    cv2.rectangle(drawn, (5, 5), (110, 90), (0, 0, 0), 1)
    cv2.rectangle(drawn, (5, 50), (110, 70), (225, 225, 225), -1)
    cv2.line(drawn, (60, 5), (60, 90), (0, 0, 0), 1)
    return drawn


def dashed():
    drawn = page()
    drawn[60, 10:80:6] = drawn[60, 11:81:6] = 0
    drawn[50:90, 100] = np.tile([[0], [60], [120], [60]], (10, 3))
    return drawn


def marked(size):
    drawn = page()
    cv2.ellipse(drawn, (60, 70), (size // 2, size // 2), 0, 0, 360, (0, 0, 0), -1)
    return drawn


@pytest.mark.parametrize(
    ("drawn", "has_ink"),
    [
        pytest.param(page(), False, id="nothing"),
        pytest.param(page(0), False, id="black alone"),
        pytest.param(written(page()), False, id="what is in the box"),
        pytest.param(written(page(), at=(20, 60)), True, id="a word outside"),
        pytest.param(written(page(), at=(50, 30)), True, id="a word that goes on outside"),
        pytest.param(written(ruled()), False, id="rules and tints"),
        pytest.param(written(ruled(), at=(20, 67)), True, id="a word among rules"),
        pytest.param(dashed(), False, id="dashes and joints"),
        pytest.param(marked(SMALL - 4), False, id="a bullet"),
        pytest.param(marked(SMALL + 2), True, id="a blot"),
        pytest.param(marked(2 * RULE), True, id="a circle"),
    ],
)
def test_words_and_drawings_outside_of_boxes_are_found(drawn, has_ink):
    assert has_ink_outside(edges_of(drawn), BOX) is has_ink


def test_ink_without_boxes_is_outside():
    assert has_ink_outside(edges_of(written(page())), NOTHING)
