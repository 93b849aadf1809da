"""Features of lines that come again."""

import numpy as np

from ocr_tasks.training.memory import FeatureMemory


def test_a_strip_is_run_once_and_remembered_to_the_bit():
    runs = []

    def front(images):
        runs.append(images.shape)
        return np.random.default_rng(int(images.sum())).normal(size=(1, 3, 2, 5)).astype(np.float32)

    memory = FeatureMemory()
    strips = [np.full((1, 48, 8, 3), shade, np.uint8) for shade in (1, 2, 3)]
    first = [memory.features(strip, front) for strip in strips]
    again = [memory.features(strip.copy(), front) for strip in reversed(strips)]
    assert len(runs) == 3
    for one, other in zip(first, reversed(again), strict=True):
        assert other.dtype == np.float32
        np.testing.assert_array_equal(one, other)


def test_strips_of_one_shade_are_told_apart_by_their_width():
    memory = FeatureMemory()
    for width in (8, 16):
        strip = np.zeros((1, 48, width, 3), np.uint8)
        made = memory.features(strip, lambda images: np.full((1, images.shape[2]), 1, np.float32))
        assert made.shape == (1, width)
