"""Which lines an epoch learns, how changed and in which order."""

from collections import Counter

import numpy as np
import pytest

from ocr_tasks.imaging.crops import PADDING, WIDTH_STEP
from ocr_tasks.training.batches import Source, batch_of, padded_width, plan_epoch, unchanged_batches
from ocr_tasks.training.lines import steps_of
from ocr_tasks.training.spec import AugmentationSpec
from tests.training.lines import UNCHANGED, grey_lines

CHANGED = AugmentationSpec()


def counted(plan):
    return Counter((draw.source, draw.line) for batch in plan for draw in batch)


def test_an_epoch_draws_every_line_once_whatever_its_width():
    source = Source(grey_lines([100, 3200, 48, 700, 90, 33]), {})
    plan = plan_epoch([source], 4, CHANGED, seed=1, epoch=0)
    assert counted(plan) == {(0, line): 1 for line in range(6)}
    assert [len(batch) for batch in sorted(plan, key=len)] == [2, 4]


@pytest.mark.parametrize(
    ("ratio", "draws", "most"), [(0.0, 0, 0), (0.5, 5, 1), (1.0, 10, 1), (2.5, 25, 3), (0.04, 0, 0)]
)
def test_a_ratio_says_how_often_the_lines_of_a_file_are_drawn(ratio, draws, most):
    source = Source(grey_lines([64] * 10, file="a.txt"), {"a.txt": ratio, "b.txt": 9.0})
    drawn = counted(plan_epoch([source], 4, UNCHANGED, seed=1, epoch=0))
    assert drawn.total() == draws
    assert max(drawn.values(), default=0) == most


def test_epochs_and_seeds_differ_and_the_same_ones_do_not():
    source = Source(grey_lines(range(100, 130)), {})
    plans = [
        plan_epoch([source], 4, CHANGED, seed=seed, epoch=epoch)
        for seed, epoch in [(1, 0), (1, 1), (2, 0)]
    ]
    assert plans[0] != plans[1] != plans[2] != plans[0]
    assert plan_epoch([source], 4, CHANGED, seed=1, epoch=0) == plans[0]


def test_a_draw_is_changed_in_the_same_way_each_time_and_others_in_other_ways():
    sources = [Source(grey_lines([200, 200]), {})]
    (draws,) = plan_epoch(sources, 2, CHANGED, seed=1, epoch=0)
    first, again = (batch_of(draws, sources, CHANGED, padded_width(draws)) for _ in range(2))
    for strip, same in zip(first.strips, again.strips, strict=True):
        np.testing.assert_array_equal(strip, same)
    assert (
        first.strips[0].shape != first.strips[1].shape or (first.strips[0] != first.strips[1]).any()
    )


def test_lines_of_one_batch_are_about_as_wide():
    source = Source(grey_lines(range(100, 1700, 10)), {})
    for batch in plan_epoch([source], 8, UNCHANGED, seed=3, epoch=0):
        widths = [draw.width for draw in batch]
        assert max(widths) <= 1.2 * min(widths) + 80


def test_what_lies_beside_a_narrow_line_is_grey_and_no_step_of_it():
    lines = grey_lines([64, 130], shade=0)
    ((numbers, batch),) = unchanged_batches(lines, 2)
    images = batch.images()
    assert numbers == [0, 1]
    assert images.shape == (2, 48, 160, 3)
    assert (images[0, :, 64:] == PADDING).all()
    assert (images[0, :, :64] == 0).all()
    assert batch.steps().tolist() == [64 // 8, 160 // 8]
    assert all(strip.shape[1] % WIDTH_STEP == 0 for strip in batch.strips)


def test_labels_are_padded_with_blanks_to_the_longest():
    lines = grey_lines([64, 65], labels=["ab", "b"])
    ((_, batch),) = unchanged_batches(lines, 2)
    labels, lengths = batch.labels()
    assert labels.tolist() == [[1, 2], [2, 0]]
    assert lengths.tolist() == [2, 1]


def test_no_line_becomes_too_narrow_for_its_label():
    """Its loss would be infinite."""
    lines = grey_lines([64] * 50, labels=["ab" * 4] * 50)
    for epoch in range(4):
        for batch in plan_epoch([Source(lines, {})], 8, CHANGED, seed=1, epoch=epoch):
            assert all(steps_of(draw.width) >= 8 for draw in batch)


def test_with_guises_lines_come_again_as_they_were_in_another_order():
    source = Source(grey_lines([64, 80, 96, 72, 64, 88, 120, 160]), {})
    plans = [plan_epoch([source], 2, CHANGED, seed=1, epoch=epoch, guises=2) for epoch in range(4)]
    draws = [sorted((draw for batch in plan for draw in batch), key=str) for plan in plans]
    assert draws[0] == draws[2] != draws[1] == draws[3]
    assert plans[0] != plans[2]
