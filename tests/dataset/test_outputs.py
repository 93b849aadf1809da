"""What a check leaves behind."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ocr_tasks import storage
from ocr_tasks.dataset.facts import decode_spec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.outputs import write_outputs
from ocr_tasks.dataset.pictures import histograms_of
from tests.dataset.folders import CHARACTERS, checked, drawn_lines, write_lines
from tests.makers import draw_page, jpeg

HOSTILE = '<script>alert("1")</script>&<img src=x onerror=y>'
REGION = [[4, 4], [40, 4], [40, 20], [4, 20]]


@pytest.fixture
def lines(tmp_path):
    """A dataset of thirty lines."""
    parts = {"train": drawn_lines(24), "val": drawn_lines(6, first=30)}
    write_lines(tmp_path / "data", CHARACTERS, **parts)
    return tmp_path / "data"


@pytest.fixture
def written(tmp_path):
    """A function that checks a dataset and writes what a check leaves; returns the result."""

    def write(folder):
        output = storage.absolute(str(tmp_path / "out"))
        return write_outputs(output, checked(str(folder)), decode_spec(LimitSpec()))

    return write


def test_the_result_of_a_dataset_that_passes_is_paddlexs_with_a_key_of_ours(
    lines, written, tmp_path
):
    result = written(lines)
    assert json.loads((tmp_path / "out" / "check_dataset_result.json").read_text()) == result
    own = result.pop("ocr_tasks")
    paths = {part: result["attributes"].pop(f"{part}_sample_paths") for part in ("train", "val")}
    assert result == {
        "done_flag": True,
        "check_pass": True,
        "attributes": {"train_samples": 24, "val_samples": 6},
        "analysis": {"histogram": "check_dataset/histogram.png"},
        "dataset_path": "data",
        "show_type": "image",
        "dataset_type": "MSTextRecDataset",
    }
    assert {part: len(each) for part, each in paths.items()} == {"train": 10, "val": 6}
    for path in [*paths["train"], *paths["val"], result["analysis"]["histogram"]]:
        assert cv2.imread(str(tmp_path / "out" / path)) is not None
    assert own["samples"] == {"train": 24, "val": 6, "test": 0}
    assert (own["critical"], own["warnings"], own["groups"]) == (0, 0, 10)


def test_the_result_of_a_dataset_that_fails_says_why(lines, written):
    (lines / "images" / "g000_0000.jpg").unlink()
    labels = (lines / "val.txt").read_text(encoding="utf-8")
    (lines / "val.txt").write_text(labels.replace("\n", "漢漢€\n", 2), encoding="utf-8")
    result = written(lines)
    own = result.pop("ocr_tasks")
    assert result == {
        "done_flag": False,
        "err_type": "CheckFailedError",
        "err_msg": "3 critical findings: 2 LABEL_OUTSIDE_DICT, 1 IMAGE_MISSING",
    }
    assert own["characters_outside_dict"] == {"漢": 4, "€": 2}
    assert [(each["code"], each["count"]) for each in own["findings"]] == [
        ("LABEL_OUTSIDE_DICT", 2),
        ("IMAGE_MISSING", 1),
    ]


def test_every_finding_is_a_row_with_its_remedy(lines, written, tmp_path):
    with (lines / "train.txt").open("ab") as file:
        file.write(b"images/\xff.jpg\tlabel\n../up.jpg\tsalt\n")
    written(lines)
    rows = pq.read_table(tmp_path / "out" / "check_dataset" / "findings.parquet").to_pylist()
    assert [(row["code"], row["severity"], row["file"], row["line"]) for row in rows] == [
        ("LABEL_NOT_UTF8", "critical", "train.txt", 25),
        ("PATH_OUTSIDE", "critical", "train.txt", 26),
    ]
    assert rows[0]["path"] == r"images/\xff.jpg"
    assert all(row["remedy"].endswith(".") for row in rows)


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.sources, self.text = set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href"}]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


def test_the_report_loads_nothing_and_shows_what_is_in_labels_as_text(lines, written, tmp_path):
    with (lines / "val.txt").open("a", encoding="utf-8") as file:
        file.write(f"{HOSTILE}.jpg\t{HOSTILE}\nimages/g000_0001.jpg\t{HOSTILE}\n")
    written(lines)
    page = (tmp_path / "out" / "check_dataset" / "report.html").read_text(encoding="utf-8")
    report = Tags(page)
    assert not {"script", "link", "iframe", "object", "form"} & report.tags
    assert all(source.startswith(("data:image/", "#")) for source in report.sources)
    assert HOSTILE in report.text
    assert "Check dataset failed" in report.text
    for data in re.findall(r"data:image/\w+;base64,([^\"]+)", page):
        Image.open(io.BytesIO(base64.b64decode(data))).load()
    assert len([each for each in report.sources if each.startswith("data:")]) == 18


def test_the_histograms_count_every_sample_in_one_bin(lines):
    answer = checked(str(lines))
    for histogram in histograms_of(answer):
        assert {part: sum(counts) for part, counts in histogram.counts.items()} == {
            "train": 24,
            "val": 6,
        }
    lengths = [len(sample.label) for sample in answer.dataset.samples]
    labels = histograms_of(answer)[1]
    assert labels.edges[-1] > max(lengths)
    for (low, high), count in zip(pairwise(labels.edges), labels.counts["train"], strict=True):
        assert count == sum(low <= length < high for length in lengths[:24])


def pages_in(folder, regions):
    """A dataset of one page in train and one in val, labelled with these regions."""
    (folder / "images").mkdir(parents=True)
    label = json.dumps([{"points": points, "transcription": "word"} for points in regions])
    for number, part in enumerate(("train", "val")):
        page = draw_page([f"page {number}"], width=200)
        (folder / "images" / f"{part}.jpg").write_bytes(jpeg(page))
        (folder / f"{part}.txt").write_text(f"images/{part}.jpg\t{label}\n")
    return folder


def test_pages_are_shown_with_their_polygons(tmp_path, written):
    result = written(pages_in(tmp_path / "pages", [REGION]))
    assert result["dataset_type"] == "TextDetDataset"
    (path,) = result["attributes"]["train_sample_paths"]
    shown = cv2.imread(str(tmp_path / "out" / path)).astype(int)
    red = (shown[..., 2] > 150) & (shown[..., 0] < 110)
    rows, columns = np.nonzero(red)
    assert (rows.min(), rows.max()) == pytest.approx((4, 20), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((4, 40), abs=1)


def test_pages_with_wild_polygons_are_shown_too(tmp_path, written):
    wild = [[[1e8, -1e8], [9e8, 0], [0, 9e8]], [], [[1, 1]]]
    assert written(pages_in(tmp_path / "pages", wild))["err_type"] == "CheckFailedError"
