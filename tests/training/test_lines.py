"""The lines of a data set as a recogniser learns them; nothing is dropped in silence."""

import numpy as np
import pytest

from ocr_tasks import storage
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import TRAIN, VAL, LayoutSpec
from ocr_tasks.errors import DatasetError
from ocr_tasks.imaging.crops import LINE_HEIGHT
from ocr_tasks.text.charset import charset_of
from ocr_tasks.training.lines import lines_of, reason_against, steps_of
from tests.dataset.folders import CHARACTERS, Line, drawn_line, drawn_lines, write_lines
from tests.stores import names_at

CHARSET = charset_of("\n".join(CHARACTERS))
CLASS_OF = {character: number for number, character in enumerate(CHARSET) if character}


def lines_in(url, part=TRAIN):
    return lines_of(read_dataset(url, LayoutSpec(), GroupSpec()), part, CHARSET, DecodeSpec())


def test_lines_keep_order_and_proportions_and_labels_become_classes(dataset_url):
    lines = lines_in(dataset_url)
    wanted = drawn_lines(12)
    assert [line.label for line in lines.lines] == [line.label for line in wanted]
    for number, line in enumerate(lines.lines):
        assert "".join(CHARSET[each] for each in line.classes) == line.label
        strip = lines.strip(number)
        assert strip.shape == (LINE_HEIGHT, lines.width(number), 3)
        assert strip.min() < 60
        assert strip.max() > 200
    assert not lines.left_out


def test_every_sample_that_cannot_be_learnt_is_counted_by_its_reason(tmp_path):
    good = drawn_line(1, "g")
    odd = [
        Line("images/empty.jpg", " ", "g", good.image),
        Line("images/greek.jpg", "Ω", "g", good.image),
        Line("images/dense.jpg", "amber " * 200, "g", good.image),
        Line("images/broken.jpg", "amber", "g", good.image[:200]),
        Line("images/text.jpg", "amber", "g", b"this is no image"),
    ]
    url = write_lines(tmp_path / "lines", CHARACTERS, train=[good, *odd], val=[good])
    labels = tmp_path / "lines" / "train.txt"
    labels.write_text(labels.read_text() + "images/gone.jpg\tamber\n")
    lines = lines_in(url)
    assert [line.label for line in lines.lines] == [good.label]
    assert lines.left_out == {
        "label without text": 1,
        "characters outside the alphabet": 1,
        "more characters than steps": 1,
        "image: E_TRUNCATED": 1,
        "image: E_UNSUPPORTED": 1,
        "image not there": 1,
    }


def test_a_part_of_which_nothing_can_be_learnt_is_refused(tmp_path):
    line = drawn_line(1, "g")
    odd = Line("images/odd.jpg", "Ω", "g", line.image)
    url = write_lines(tmp_path / "lines", CHARACTERS, train=[odd], val=[line])
    with pytest.raises(DatasetError, match="no line of train can be learnt: 1 characters outside"):
        lines_in(url)


def test_a_data_set_in_s3_gives_the_same_lines(dataset_url, s3_endpoint):
    for name in names_at(dataset_url):
        s3_endpoint.put(f"lines/{name}", storage.read_bytes(f"{dataset_url}/{name}"))
    here, there = lines_in(dataset_url, VAL), lines_in(s3_endpoint.uri("lines"), VAL)
    assert here.lines == there.lines
    for number in range(len(here.lines)):
        np.testing.assert_array_equal(here.strip(number), there.strip(number))


@pytest.mark.parametrize(
    ("label", "width", "reason"),
    [
        ("amber", 48, None),
        ("am" * 4, 64, None),
        ("am" * 4 + "a", 64, "more characters than steps"),
        ("a" * 8, 64, "more characters than steps"),  # a blank stands between equal neighbours
        ("amber", 1, "more characters than steps"),
    ],
)
def test_a_label_needs_a_step_for_each_character(label, width, reason):
    assert reason_against(label, width, CLASS_OF) == reason


@pytest.mark.parametrize(("width", "steps"), [(1, 4), (32, 4), (33, 8), (3200, 400)])
def test_a_strip_has_a_step_for_each_eight_pixels_once_padded(width, steps):
    assert steps_of(width) == steps
