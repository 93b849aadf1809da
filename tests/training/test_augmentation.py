"""Lines as another pen or camera might have made them."""

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from ocr_tasks.training.augmentation import NARROWEST, WIDEST, augmented, stretched_width
from ocr_tasks.training.spec import AugmentationSpec
from tests.training.lines import UNCHANGED

CHANGES = [field.name for field in fields(AugmentationSpec)]


def inked(width=320):
    strip = np.full((48, width, 3), 230, np.uint8)
    cv2.putText(strip, "harbour 27", (8, 34), cv2.FONT_HERSHEY_SIMPLEX, 1, (40, 30, 20), 2)
    return strip


def some(spec, count=12, width=None):
    strip = inked()
    return [
        augmented(strip, width or strip.shape[1], spec, np.random.default_rng(seed))
        for seed in range(count)
    ]


def test_without_changes_a_line_stays_as_it_is():
    for changed in some(UNCHANGED):
        np.testing.assert_array_equal(changed, inked())


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "stretch"])
def test_each_change_can_be_had_alone_and_befalls_some_lines_only(name):
    spec = replace(UNCHANGED, **{name: True})
    touched = [bool((changed != inked()).any()) for changed in some(spec, 24)]
    assert True in touched
    assert False in touched


def test_a_line_becomes_as_wide_as_was_said_before():
    for width in (256, 384):
        for changed in some(AugmentationSpec(), width=width):
            assert changed.shape == (48, width, 3)
            assert changed.dtype == np.uint8


def test_stretched_widths_keep_their_bounds_and_can_be_off():
    random = np.random.default_rng(0)
    widths = [stretched_width(1000, AugmentationSpec(), random) for _ in range(200)]
    assert 1000 * NARROWEST <= min(widths) < 850
    assert 1150 < max(widths) <= 1000 * WIDEST
    assert stretched_width(1000, UNCHANGED, random) == 1000
    assert stretched_width(1, AugmentationSpec(), random) == 1


def test_the_text_stays_legible_the_ink_is_still_darker_than_the_paper():
    """The darkest columns of a changed line lie where the letters were."""
    ink = inked().mean(axis=(0, 2)) < 225
    for changed in some(AugmentationSpec(), 40):
        columns = changed.mean(axis=(0, 2))
        assert columns[ink].mean() < columns[~ink].mean()
