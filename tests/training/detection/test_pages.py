"""Which pages are learnt, with how many pixels, and which are counted as left out."""

import json

import numpy as np
import pytest

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.page_labels import PageLabels, page_labels
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import TRAIN, VAL, LayoutSpec
from ocr_tasks.errors import DatasetError
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.training.decoding import NO_IMAGE, NO_SAMPLE
from ocr_tasks.training.detection.pages import NO_LABEL, Pages, pages_of
from tests.makers import draw_page
from tests.training.detection.pages import SERVING, page_with, write_drawn

BOX = [[10, 10], [60, 10], [60, 30], [10, 30]]


def label_of(*regions):
    return json.dumps([{"transcription": text, "points": points} for text, points in regions])


def test_what_counts_is_told_from_what_does_not():
    crossed = [[0, 0], [40, 40], [40, 0], [0, 40]]
    labels = page_labels(
        label_of(("text", BOX), ("###", BOX), ("*", BOX), ("crossed", crossed), ("none", []))
    )
    assert len(labels.expected) == 1
    assert len(labels.ignored) == 3
    np.testing.assert_array_equal(labels.expected[0], BOX)


def test_of_a_polygon_the_rectangle_around_it_is_to_be_found():
    wavy = [[10, 10], [30, 13], [60, 10], [60, 30], [35, 26], [10, 30]]
    (found,) = page_labels(label_of(("text", wavy))).expected
    np.testing.assert_allclose(found, BOX, atol=0.01)


def test_a_page_has_no_more_pixels_than_the_detector_sees():
    pages = Pages()
    picture = draw_page(width=512, line_height=320)  # 640 pixels high
    corners = np.array([[0, 0], [512, 0], [512, 700], [-9, 700]], np.float64)
    serving = DetectionSpec(min_side=64, first_side=320, max_side=512)
    pages.add("large.jpg", picture, PageLabels((corners,), ()), serving)
    (page,) = pages.pages
    assert pages.pictures.shape(page.picture)[:2] == (512, 410)
    assert pages.pictures.array(page.picture).shape == (512, 410, 3)
    assert page.reduced == 0.8
    np.testing.assert_allclose(page.labels.expected[0][2:], [[409.6, 512], [0, 512]])


def test_a_small_page_keeps_its_pixels():
    pages = Pages()
    picture, _ = page_with(1)
    pages.add("small.jpg", picture, PageLabels((), ()), DetectionSpec())
    np.testing.assert_array_equal(pages.pictures.array(0), picture)
    assert pages.pages[0].reduced == 1


def test_pages_that_cannot_be_learnt_are_counted_by_their_reason(tmp_path):
    url = write_drawn(tmp_path / "pages", train=3, val=1)
    folder = tmp_path / "pages"
    (folder / "images" / "1.jpg").write_bytes(b"no picture")
    good = (folder / "train.txt").read_text()
    (folder / "train.txt").write_text(f"{good}images/2.jpg\tno list\nimages/9.jpg\t[]\nno tab\n")
    pages = pages_of(read_dataset(url, LayoutSpec(), GroupSpec()), TRAIN, DecodeSpec(), SERVING)
    assert [page.path for page in pages.pages] == ["images/0.jpg", "images/2.jpg"]
    wanted = {NO_IMAGE: 1, NO_LABEL: 1, NO_SAMPLE: 1, "image: E_UNSUPPORTED": 1}
    assert pages.left_out == wanted
    assert pages.regions == 6


def test_a_part_without_text_to_find_is_refused(tmp_path):
    url = write_drawn(tmp_path / "pages", train=1, val=1)
    blank = f"images/1.jpg\t{label_of(('###', BOX))}\n"
    (tmp_path / "pages" / "val.txt").write_text(blank)
    dataset = read_dataset(url, LayoutSpec(type="TextDetDataset"), GroupSpec())
    with pytest.raises(DatasetError, match="no page of val can be learnt: 1 pages without text"):
        pages_of(dataset, VAL, DecodeSpec(), SERVING)
