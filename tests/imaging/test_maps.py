"""From a detector's map to boxes in page pixels."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ocr_tasks.imaging.boxes import angle_of, bounding_box
from ocr_tasks.imaging.maps import (
    STRIP_SIDE,
    DetectionSpec,
    boxes_of_map,
    detection_sizes,
    has_small_lines,
)

SPEC = DetectionSpec()
HEIGHT, WIDTH = 320, 640


def map_with(*spans, probability=0.9):
    """A map where text is (x, y, width, height)."""
    found = np.zeros((HEIGHT, WIDTH), np.float32)
    for x, y, width, height in spans:
        found[y : y + height, x : x + width] = probability
    return found


def grown(width, height, ratio):
    """By how much a box grows on each side: area over perimeter, times the ratio."""
    return ratio * width * height / (2 * (width + height))


def test_a_blob_becomes_a_box_that_is_grown_on_all_sides():
    polygons, scores = boxes_of_map(map_with((100, 60, 200, 20)), HEIGHT, WIDTH, SPEC)
    by = grown(200, 20, SPEC.unclip_ratio)
    expected = np.array(
        [
            [100 - by, 60 - by],
            [300 + by, 60 - by],
            [300 + by, 80 + by],
            [100 - by, 80 + by],
        ]
    )
    assert polygons.shape == (1, 4, 2)
    assert np.abs(polygons[0] - expected).max() < 2  # a pixel of dilation
    assert scores[0] == pytest.approx(0.9, abs=0.1)


def test_every_blob_is_one_box():
    spans = [(40, 40, 200, 18), (300, 40, 200, 18), (40, 120, 500, 18), (40, 200, 90, 18)]
    polygons, scores = boxes_of_map(map_with(*spans), HEIGHT, WIDTH, SPEC)
    assert len(polygons) == len(scores) == len(spans)
    centres = {tuple(int(round(place, -1)) for place in line.mean(axis=0)) for line in polygons}
    assert centres == {
        (int(round(x + width / 2, -1)), int(round(y + height / 2, -1)))
        for x, y, width, height in spans
    }


def test_boxes_are_in_the_pixels_of_the_page_not_of_the_map():
    found = map_with((100, 60, 200, 20))
    at_map_size, _ = boxes_of_map(found, HEIGHT, WIDTH, SPEC)
    polygons, _ = boxes_of_map(found, 2 * HEIGHT, 3 * WIDTH, SPEC)
    assert np.allclose(polygons, at_map_size * np.array([3, 2]), atol=1e-3)


@pytest.mark.parametrize("degrees", [-35.0, -8.0, 8.0, 35.0])
def test_a_turned_line_keeps_its_angle_and_its_length(degrees):
    found = np.zeros((HEIGHT, WIDTH), np.float32)
    corners = cv2.boxPoints(((320, 160), (260, 24), degrees)).astype(np.int32)
    cv2.fillPoly(found, [corners], 0.9)
    polygons, _ = boxes_of_map(found, HEIGHT, WIDTH, SPEC)
    assert len(polygons) == 1
    assert angle_of(polygons[0]) == pytest.approx(degrees, abs=1)
    length = math.dist(polygons[0][0], polygons[0][1])
    assert length == pytest.approx(260 + 2 * grown(260, 24, SPEC.unclip_ratio), abs=8)


@pytest.mark.parametrize(
    ("found", "spec"),
    [
        pytest.param(map_with(), SPEC, id="a blank map"),
        pytest.param(
            map_with((9, 9, 99, 20), probability=0.25), SPEC, id="below the pixel threshold"
        ),
        pytest.param(
            map_with((9, 9, 99, 20), probability=0.5),
            DetectionSpec(box_threshold=0.6),
            id="below the box threshold",
        ),
        pytest.param(map_with((9, 9, 1, 1), (200, 9, 99, 1)), SPEC, id="specks and hairlines"),
    ],
)
def test_no_text_is_no_boxes(found, spec):
    polygons, scores = boxes_of_map(found, HEIGHT, WIDTH, spec)
    assert polygons.shape == (0, 4, 2)
    assert scores.shape == (0,)
    assert polygons.dtype == scores.dtype == np.float32


def test_a_map_that_is_all_text_gives_a_box_within_the_page():
    polygons, _ = boxes_of_map(np.ones((HEIGHT, WIDTH), np.float32), HEIGHT, WIDTH, SPEC)
    assert [bounding_box(line) for line in polygons] == [(0, 0, WIDTH, HEIGHT)]


def test_of_too_many_lines_the_surest_are_kept():
    found = map_with((20, 20, 300, 20), probability=0.6)
    found += map_with((20, 100, 300, 20), probability=0.95)
    found += map_with((20, 180, 300, 20), probability=0.8)
    polygons, scores = boxes_of_map(found, HEIGHT, WIDTH, DetectionSpec(max_lines=2))
    assert [round(float(line[:, 1].mean()), -1) for line in polygons] == [110, 190]
    assert list(scores) == sorted(scores, reverse=True)


@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_boxes_of_any_map_lie_within_the_page_and_have_scores_above_the_threshold(seed, blobs):
    rng = np.random.default_rng(seed)
    found = np.zeros((160, 256), np.float32)
    for _ in range(blobs):
        centre = (int(rng.integers(0, 256)), int(rng.integers(0, 160)))
        axes = (int(rng.integers(1, 80)), int(rng.integers(1, 20)))
        cv2.ellipse(found, centre, axes, int(rng.integers(0, 180)), 0, 360, rng.uniform(0.2, 1), -1)
    polygons, scores = boxes_of_map(found, 500, 333, SPEC)
    assert len(polygons) == len(scores)
    assert (polygons >= 0).all()
    assert (polygons <= [333, 500]).all()
    assert (scores >= SPEC.box_threshold).all()


sides = st.integers(1, 20_000)


def detection_size(height, width, spec):
    """The size at which a page of small lines is seen."""
    return detection_sizes(height, width, spec)[1]


@given(sides, sides)
def test_the_detector_sees_multiples_of_32(height, width):
    seen = detection_size(height, width, SPEC)
    assert all(side >= 32 and side % 32 == 0 for side in seen)


@given(sides, sides)
def test_no_page_is_seen_larger_than_max_side_but_a_long_strip(height, width):
    seen = detection_size(height, width, SPEC)
    assert max(seen) <= SPEC.max_side + 16 or min(seen) <= STRIP_SIDE + 16
    assert max(seen) <= max(SPEC.max_side, height, width) + 16


@given(sides, sides)
def test_proportions_are_kept_to_half_a_step(height, width):
    seen_height, seen_width = detection_size(height, width, SPEC)
    assume(min(seen_height, seen_width) > 32)
    scale = max(seen_height, seen_width) / max(height, width)
    slack = 16 + 16 * min(height, width) / max(height, width)
    assert abs(min(seen_height, seen_width) - min(height, width) * scale) <= slack + 1e-6


@given(st.integers(SPEC.min_side, SPEC.max_side), st.integers(SPEC.min_side, SPEC.max_side))
def test_a_page_between_the_limits_keeps_its_size(height, width):
    seen = detection_size(height, width, SPEC)
    assert abs(seen[0] - height) <= 16
    assert abs(seen[1] - width) <= 16


@pytest.mark.parametrize(
    ("page", "spec", "seen"),
    [
        pytest.param(
            (300, 600),
            DetectionSpec(736, max_side=2000),
            (736, 1472),
            id="a small page is scaled up",
        ),
        pytest.param(
            (3508, 2480),
            DetectionSpec(736, max_side=2016),
            (2016, 1440),
            id="a large page is scaled down",
        ),
        pytest.param(
            (450, 2250),
            DetectionSpec(736, max_side=1600),
            (400, 2000),
            id="a strip is reduced less",
        ),
        pytest.param(
            (100, 2000), DetectionSpec(736, max_side=1600), (96, 2000), id="or not at all"
        ),
        pytest.param(
            (1200, 24000),
            DetectionSpec(736, max_side=1600),
            (400, 8000),
            id="a strip keeps 400 pixels",
        ),
        pytest.param(
            (2000, 1400),
            DetectionSpec(1600, max_side=1600),
            (1600, 1120),
            id="max_side wins over min_side",
        ),
        pytest.param((1, 9000), DetectionSpec(736, max_side=1600), (32, 9000), id="a hairline"),
    ],
)
def test_the_scale_of_a_page(page, spec, seen):
    got = detection_size(*page, spec)
    assert max(abs(got[0] - seen[0]), abs(got[1] - seen[1])) <= 32
    assert got[0] >= 32


@given(sides, sides, st.integers(32, 4000), st.integers(32, 4000))
def test_the_first_look_is_never_the_larger_one(height, width, first_side, max_side):
    spec = DetectionSpec(first_side=first_side, max_side=max_side)
    first, closer = detection_sizes(height, width, spec)
    assert first[0] <= closer[0]
    assert first[1] <= closer[1]
    if first_side >= max_side:
        assert first == closer


def test_a_page_is_seen_at_first_at_a_third_of_the_pixels():
    assert detection_sizes(2200, 1700, SPEC) == ((960, 736), (1600, 1248))


def lines_of(*heights, length=600.0):
    tops = np.cumsum([0.0, *heights])
    return np.array(
        [
            [[0, top], [length, top], [length, top + height], [0, top + height]]
            for top, height in zip(tops, heights, strict=False)
        ],
        np.float32,
    )


@pytest.mark.parametrize(
    ("heights", "small"),
    [
        pytest.param([], False, id="no lines"),
        pytest.param([40] * 10, False, id="large lines"),
        pytest.param([24] * 10, True, id="small lines"),
        pytest.param([24] + [40] * 9, False, id="one small line among many"),
        pytest.param([24] * 3 + [40] * 7, True, id="a third of them small"),
    ],
)
def test_lines_are_small_by_the_pixels_they_were_seen_at(heights, small):
    polygons = lines_of(*heights).reshape(-1, 4, 2)
    assert has_small_lines(polygons, 2000, 1000, SPEC) is small  # 24 px seen as 12
    upright = polygons[..., ::-1]  # lines on end are as high as they are thin
    assert has_small_lines(np.ascontiguousarray(upright), 2000, 1000, SPEC) is small
