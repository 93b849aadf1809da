"""A detector is evaluated as it serves, and what it found is written and read again."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.engines.contract import Engine
from ocr_tasks.errors import DatasetError, InferenceError
from ocr_tasks.evaluation.evaluate import EvaluationSpec
from ocr_tasks.evaluation.found import evaluate_pages
from ocr_tasks.evaluation.found_outputs import read_found, write_found
from ocr_tasks.evaluation.found_page import SIDE, outlined
from ocr_tasks.imaging.matching import DetectionScore
from ocr_tasks.records import DetectedLines
from tests.dataset.folders import CHARACTERS, drawn_lines, write_lines
from tests.evaluation.test_page_gate import engine
from tests.training.detection.pages import page_with, write_drawn

SPEC = EvaluationSpec(part="val")


class Finder:
    """Finds what is labelled on the drawn pages, but for the first line; fails on small pages."""

    def detect(self, page):
        if page.shape[0] < 100:
            raise InferenceError("too small")
        boxes = np.array(page_with(0)[1][1:], np.float32)
        return DetectedLines(boxes, np.full(2, 0.75, np.float32))


FINDER = Engine(engine("finder"), Finder(), None)


@pytest.fixture
def dataset(tmp_path):
    url = write_drawn(tmp_path / "pages", train=1, val=4)
    (tmp_path / "pages" / "images" / "2.jpg").write_bytes(b"no picture")
    return read_dataset(url, LayoutSpec(), GroupSpec())


def test_every_page_is_scored_or_named(dataset):
    heard = []
    report = evaluate_pages(dataset, FINDER, SPEC, LimitSpec(), lambda *told: heard.append(told))
    assert [page.path for page in report.pages] == [f"images/{n}.jpg" for n in (1, 3, 4)]
    assert [(each.path, each.code) for each in report.unscored] == [
        ("images/2.jpg", "E_UNSUPPORTED")
    ]
    assert {page.score for page in report.pages} == {DetectionScore(3, 2, 2)}
    assert {page.confidence for page in report.pages} == {0.75}
    assert report.pages[0].group == "document 1"
    assert heard[-1] == (4, 4)
    summary = report.summary()
    assert (summary["pages"], summary["unscored"], summary["faults"]) == (3, 1, 0)
    assert (summary["precision"], summary["recall"]) == (1, pytest.approx(2 / 3))


def test_a_page_on_which_the_model_fails_has_nothing_found(dataset, monkeypatch):
    monkeypatch.setattr(Finder, "detect", lambda *_: (_ for _ in ()).throw(InferenceError("NaN")))
    report = evaluate_pages(dataset, FINDER, SPEC, LimitSpec())
    assert {page.fault for page in report.pages} == {"NaN"}
    assert report.score == DetectionScore(9, 0, 0)


def test_what_was_found_is_written_and_read_again(dataset, tmp_path):
    report = evaluate_pages(dataset, FINDER, SPEC, LimitSpec())
    url = storage.absolute(str(tmp_path / "out"))
    both = {"candidate": report, "champion": report}
    summaries = write_found(url, "test", both, dataset, LimitSpec())
    assert summaries["candidate"] == json.loads(json.dumps(report.summary()))
    assert read_found(url, "test") == both
    page = storage.read_bytes(f"{url}/test.html").decode()
    assert "group document 1" in page
    assert "candidate: 2 of 3, 0 too many" in page
    assert page.count("data:image/jpeg") == len(report.pages) * len(both)
    assert "E_UNSUPPORTED" in page


def test_a_picture_shows_what_is_labelled_and_what_was_found(dataset):
    page = evaluate_pages(dataset, FINDER, SPEC, LimitSpec()).pages[0]
    pixels, boxes = page_with(1)
    drawn = outlined(pixels, page).astype(int)
    missed, found = ((box[0][1] + 10, box[0][0]) for box in boxes[:2])
    greener, redder = drawn[..., 1] - drawn[..., 2], drawn[..., 2] - drawn[..., 1]
    assert greener[missed] > 50
    assert redder[found] > 50
    wide = outlined(np.zeros((1, 3000, 3), np.uint8), replace(page, found=()))
    assert max(wide.shape) == SIDE


def test_lines_are_nothing_for_a_detector(tmp_path):
    lines = drawn_lines(2)
    url = write_lines(tmp_path / "lines", CHARACTERS, train=lines, val=lines)
    dataset = read_dataset(url, LayoutSpec(), GroupSpec())
    with pytest.raises(DatasetError, match="a detector needs TextDetDataset"):
        evaluate_pages(dataset, FINDER, SPEC, LimitSpec())
