"""Crops: a function of seed, epoch and page; text and labels move together."""

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from ocr_tasks.dataset.page_labels import PageLabels
from ocr_tasks.training.detection.crops import BEYOND, CropDraw, crops_of, plan_crops
from ocr_tasks.training.detection.pages import Pages
from ocr_tasks.training.detection.spec import DetectorSpec, PageAugmentationSpec
from tests.training.detection.pages import SERVING, drawn_pages

SIDE = 96
NONE = PageAugmentationSpec(*(False for _ in fields(PageAugmentationSpec)))
SPEC = DetectorSpec(crop_side=SIDE, batch=4, crops_a_page=2, augmentation=NONE)
ALL = PageAugmentationSpec(*(True for _ in fields(PageAugmentationSpec)))


@pytest.fixture(scope="module")
def pages():
    return drawn_pages(5)


def test_an_epoch_has_each_page_as_often_as_asked_in_an_order_of_its_own(pages):
    batches = plan_crops(pages, SPEC, epoch=0)
    assert [len(batch) for batch in batches] == [4, 4, 2]
    draws = [draw for batch in batches for draw in batch]
    assert sorted(draw.page for draw in draws) == sorted([*range(5), *range(5)])
    assert len({draw.seed for draw in draws}) == 10
    assert batches == plan_crops(pages, SPEC, epoch=0)
    others = [draw.page for batch in plan_crops(pages, SPEC, epoch=1) for draw in batch]
    assert others != [draw.page for draw in draws]


def test_a_crop_is_a_function_of_its_draw(pages):
    draws = [CropDraw(1, (0, 2, 3)), CropDraw(4, (0, 2, 4))]
    spec = replace(SPEC, augmentation=ALL)
    once, again = (crops_of(draws, pages, spec, SERVING) for _ in range(2))
    for field in fields(once):
        np.testing.assert_array_equal(getattr(once, field.name), getattr(again, field.name))
    alone = crops_of(draws[1:], pages, spec, SERVING)
    np.testing.assert_array_equal(alone.images[0], once.images[1])


@pytest.mark.parametrize("augmentation", [NONE, ALL], ids=["as it is", "changed"])
def test_text_lies_where_the_targets_say(augmentation):
    """Pages that are black where text is, so that a crop's own pixels tell."""
    random = np.random.default_rng(0)
    pages = Pages()
    for number in range(6):
        left, top = random.uniform(10, 120, 2).round()
        width, height = random.uniform(60, 110), random.uniform(24, 50)
        corners = np.array([[left, top], [left + width, top]])
        corners = np.concatenate([corners, corners[::-1] + np.array([0, height])]).round()
        picture = np.full((200, 256, 3), 255, np.uint8)
        (x0, y0), _, (x1, y1), _ = corners.astype(int)
        picture[y0:y1, x0:x1] = 0
        pages.add(str(number), picture, PageLabels((corners,), ()), SERVING)
    spec = replace(SPEC, crop_side=128, augmentation=augmentation)
    draws = [CropDraw(page, (0, 0, seed)) for page in range(6) for seed in range(4)]
    batch = crops_of(draws, pages, spec, SERVING)
    dark = batch.images.mean(axis=3) < 100
    text, border = batch.text[:, 0] == 1, batch.border[:, 0] == 1
    assert text.sum(axis=(1, 2)).min() > 0, "every crop shows the region it was drawn for"
    assert dark[text].mean() > 0.97
    assert dark[~(text | border)].mean() < 0.03


def test_a_crop_shows_its_region_whole_where_that_fits(pages):
    spec = replace(SPEC, crop_side=160)
    batch = crops_of([CropDraw(2, (0, 0, seed)) for seed in range(12)], pages, spec, SERVING)
    alone = crops_of([CropDraw(2, (0, 0, 0))], pages, replace(spec, crop_side=256), SERVING)
    blobs, _, sizes, _ = cv2.connectedComponentsWithStats(alone.text[0, 0].astype(np.uint8))
    assert blobs == 1 + 3
    for text in batch.text[:, 0]:
        _, _, seen, _ = cv2.connectedComponentsWithStats(text.astype(np.uint8))
        assert seen[1:, cv2.CC_STAT_AREA].max() == pytest.approx(
            sizes[1:, cv2.CC_STAT_AREA].max(), rel=0.02
        )


def test_unchanged_crops_have_the_pixels_of_the_page(pages):
    spec = replace(SPEC, crop_side=160)
    picture = pages.pictures.array(0)
    batch = crops_of([CropDraw(0, (0, 0, 5))], pages, spec, SERVING)
    (crop,) = batch.images
    found = [
        column
        for column in range(picture.shape[1] - 160 + 1)
        if np.abs(picture[:, column : column + 160].astype(int) - crop[: len(picture)]).mean() < 2
    ]
    assert found


def test_crops_are_larger_and_smaller_than_served_but_not_by_much():
    pages = drawn_pages(1)
    spec = DetectorSpec(crop_side=320, augmentation=replace(NONE, scale=True))
    widths = []
    for seed in range(40):
        crop = crops_of([CropDraw(0, (0, 0, seed))], pages, spec, SERVING).images[0]
        widths.append(int((crop != BEYOND).any(axis=2)[10].sum()))
    assert 256 / 1.36 <= min(widths) < 220
    assert max(widths) == 320


def test_a_page_without_text_gives_crops_too():
    pages = drawn_pages(1)
    pages.add("blank", np.full((100, 256, 3), 255, np.uint8), PageLabels((), ()), SERVING)
    batch = crops_of([CropDraw(1, (0, 0, 1))], pages, SPEC, SERVING)
    assert batch.text.max() == 0
    assert batch.counts.min() == 1
