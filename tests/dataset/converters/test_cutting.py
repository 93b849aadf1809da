"""From a page's labels and pixels to crops and regions: scales, edges, odd polygons."""

import json

import cv2
import numpy as np
import pytest

from ocr_tasks.dataset.converters.cutting import (
    label_of,
    lines_of_page,
    regions_of_page,
    scale_of,
    slug,
)
from ocr_tasks.dataset.converters.labelled import Frame, LabelledPage, LabelledRegion
from ocr_tasks.dataset.converters.page_images import PageImage
from ocr_tasks.dataset.converters.sources import SourcePage
from ocr_tasks.errors import LabelFileError
from ocr_tasks.imaging.crops import cut_out
from tests.makers import draw_noise

PIXELS = draw_noise(100, 200)
IMAGE = PageImage(PIXELS, "5" * 64, None)
BOX = [[20, 10], [120, 10], [120, 30], [20, 30]]


def page_of(*regions, frame=None, left_out=()):
    labelled = tuple(
        LabelledRegion(str(number), np.array(corners, np.float64).reshape(-1, 2), text, readable)
        for number, (corners, text, readable) in enumerate(regions)
    )
    labels = LabelledPage("i.jpg", labelled, frame or Frame())
    labels.left_out.update(left_out)
    return SourcePage("doc/1.xml", "doc/1", "doc", labels, None)


def lines(*regions, image=IMAGE, **more):
    return lines_of_page(page_of(*regions, **more), image)


def regions(*regions, image=IMAGE, **more):
    cut = regions_of_page(page_of(*regions, **more), image)
    (sample,) = cut.samples
    return cut, json.loads(sample.label)


def decoded(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_a_line_is_what_serving_cuts_out_pixel_for_pixel():
    slanted = [[20, 10], [120, 20], [118, 40], [18, 30]]
    cut = lines((BOX, "upright", True), (slanted, "slanted", True))
    crops = [decoded(data) for data in cut.files.values()]
    assert np.array_equal(crops[0], PIXELS[10:30, 20:120])
    assert np.array_equal(crops[1], cut_out(PIXELS, np.array(slanted, np.float32)))
    assert [sample.label for sample in cut.samples] == ["upright", "slanted"]


def test_a_polygon_of_many_corners_is_cut_out_by_the_smallest_rectangle_around_it():
    many = [[20, 10], [70, 12], [120, 10], [120, 30], [70, 28], [20, 30]]
    (crop,) = (decoded(data) for data in lines((many, "x", True)).files.values())
    assert crop.shape == (20, 100, 3)
    assert np.array_equal(crop, PIXELS[10:30, 20:120])


def test_every_region_is_in_a_sample_or_counted():
    given = (
        (BOX, "good", True),
        (BOX, "bad", False),
        (BOX, " \n", True),
        ([[300, 10], [400, 10], [400, 30], [300, 30]], "elsewhere", True),
        ([[20, 10], [20, 10], [20, 10]], "a point", True),
        ([], "nowhere", True),
    )
    cut = lines(*given, left_out=["malformed"])
    counted = {"illegible": 1, "empty": 1, "POLYGON_OUTSIDE": 1, "POLYGON_EMPTY": 2, "malformed": 1}
    assert (cut.labelled, dict(cut.left_out)) == (1, counted)
    cut, found = regions(*given, left_out=["malformed"])
    assert [each["transcription"] for each in found] == ["good", "###", ""]
    assert dict(cut.left_out) == {"POLYGON_OUTSIDE": 1, "POLYGON_EMPTY": 2, "malformed": 1}
    assert cut.labelled == 3


def test_what_lies_over_the_edge_is_moved_there_however_far_it_was():
    far = [[100, 50], [9e8, 50], [9e8, 70], [100, 70]]
    assert lines((far, "x", True)).left_out == {"POLYGON_OUTSIDE": 1}
    over = [[100, 50], [260, 50], [260, 70], [100, 70]]
    (crop,) = (decoded(data) for data in lines((over, "x", True)).files.values())
    assert np.array_equal(crop, PIXELS[50:70, 100:200])
    _, (region,) = regions((over, "x", True))
    assert region["points"] == [[100, 50], [200, 50], [200, 70], [100, 70]]
    huge = [[-9e8, -9e8], [9e8, -9e8], [9e8, 9e8], [-9e8, 9e8]]
    (crop,) = (decoded(data) for data in lines((huge, "x", True)).files.values())
    assert np.array_equal(crop, PIXELS)


def test_a_polygon_that_crosses_itself_becomes_the_box_around_it():
    bow_tie = [BOX[0], BOX[2], BOX[1], BOX[3]]
    cut, (region,) = regions((bow_tie, "x", True))
    assert region["points"] == BOX
    assert (cut.mended, cut.labelled) == (1, 1)
    (crop,) = (decoded(data) for data in lines((bow_tie, "x", True)).files.values())
    assert np.array_equal(crop, PIXELS[10:30, 20:120])


def test_a_line_that_begins_elsewhere_is_turned_and_one_on_end_is_laid_down():
    upside_down = [BOX[2], BOX[3], BOX[0], BOX[1]]
    (crop,) = (decoded(data) for data in lines((upside_down, "x", True)).files.values())
    assert np.array_equal(crop, PIXELS[11:31, 21:121][::-1, ::-1])
    on_end = [[20, 10], [30, 10], [30, 90], [20, 90]]
    (crop,) = (decoded(data) for data in lines((on_end, "x", True)).files.values())
    assert np.array_equal(crop, np.rot90(PIXELS[10:90, 20:30]))


@pytest.mark.parametrize(
    ("frame", "dpi", "scale"),
    [
        pytest.param(Frame(), None, (1, 1), id="pixels"),
        pytest.param(Frame(200, 100), None, (1, 1), id="pixels of the same size"),
        pytest.param(Frame(400, 200), None, (0.5, 0.5), id="labels of a larger copy"),
        pytest.param(Frame(100, 50.5), None, (2, 100 / 50.5), id="rounded"),
        pytest.param(Frame(400, 200, 254), 300, (0.5, 0.5), id="the page's size over its dots"),
        pytest.param(Frame(None, None, 254), 127, (0.5, 0.5), id="tenths of a millimetre"),
        pytest.param(Frame(None, None, 1200), 300, (0.25, 0.25), id="twelve hundredths of an inch"),
        pytest.param(Frame(400, None, 1200), 600, (0.5, 0.5), id="half a size"),
    ],
)
def test_coordinates_are_scaled_to_the_image(frame, dpi, scale):
    assert scale_of(frame, PageImage(PIXELS, "", dpi)).tolist() == pytest.approx(scale)


def test_labels_of_a_page_of_another_shape_are_refused():
    with pytest.raises(LabelFileError, match="100 x 200, but its image has 200 x 100"):
        lines((BOX, "x", True), frame=Frame(100, 200))
    with pytest.raises(LabelFileError, match="dots an inch"):
        regions((BOX, "x", True), frame=Frame(per_inch=254))


def test_an_image_that_opencv_cannot_cut_is_refused():
    long = PageImage(np.zeros((1, 40_000, 3), np.uint8), "", None)
    with pytest.raises(LabelFileError, match="32766"):
        lines((BOX, "x", True), image=long)


def test_names_tell_document_page_and_region_and_change_with_the_pixels():
    (sample,) = lines((BOX, "x", True)).samples
    assert sample.path.startswith("images/doc_1_0_")
    assert sample.path.endswith(".png")
    assert (sample.group, sample.region) == ("doc", "0")
    (again,) = lines((BOX, "another text", True)).samples
    assert again.path == sample.path
    (moved,) = lines(([[21, 10], *BOX[1:]], "x", True)).samples
    (scanned_anew,) = lines((BOX, "x", True), image=PageImage(PIXELS, "6" * 64, None)).samples
    assert len({sample.path, moved.path, scanned_anew.path}) == 3


@pytest.mark.parametrize(
    ("name", "slugged"),
    [
        ("doc/1", "doc_1"),
        ("../../etc/passwd", "etc_passwd"),
        ("a b\tc\n№.7", "a_b_c_.7"),
        ("漢字", "page"),
        ("", "page"),
        ("x" * 200, "x" * 80),
        (".hidden", "hidden"),
    ],
)
def test_names_are_such_as_any_store_and_label_file_can_hold(name, slugged):
    assert slug(name) == slugged


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("one  two", "one two"),
        (" one\ttwo\n", "one two"),
        ("e\u0301", "é"),
        ("a\u00a0b\u2028c", "a b c"),
        ("漢\u3000字", "漢\u3000字"),
        ("\n", ""),
    ],
)
def test_labels_are_one_line_in_nfc(text, label):
    assert label_of(text) == label


def test_a_page_keeps_its_file_where_trainers_read_the_same_pixels_from_it():
    cut, _ = regions((BOX, "x", True), image=PageImage(PIXELS, "5", None, (b"as it was", ".jpg")))
    assert [path[-4:] for path in cut.files] == [".jpg"]
    assert list(cut.files.values()) == [b"as it was"]
    cut, _ = regions((BOX, "x", True))
    ((path, data),) = cut.files.items()
    assert path.endswith(".png")
    assert np.array_equal(decoded(data), PIXELS)
