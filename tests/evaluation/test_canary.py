"""A canary tells what a new recogniser changes on pages of a past run."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ocr_tasks.engines.fake import load as load_fake
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import SettingsError
from ocr_tasks.evaluation.canary import CanarySpec, compare_pages, pages_for_canary
from ocr_tasks.records import Line, PageFacts, PageFailure, PageResult
from ocr_tasks.results.rows import Provenance, ReviewSpec, row_of
from tests.makers import expected_page

FACTS = PageFacts(600, 400, "s", "i", None, None, 1, 0.0, 0.0)
PROVENANCE = Provenance(
    "letters", "june", None, "00000", "a", "0", "c", load_fake(EngineSpec()).info, "host"
)


def line(index, text, confidence=0.9, left=0.0):
    corners = np.array([[0, 0], [99, 0], [99, 20], [0, 20]], np.float32)
    corners += np.array([left, 30 * index], np.float32)
    return Line(index, index, text, confidence, 0.9, corners)


def page(number, *lines):
    return PageResult(expected_page(number, page_id=f"p{number}"), FACTS, lines, 1.0, 1.0)


def rows_of(*pages):
    return [row_of(each, PROVENANCE, ReviewSpec()) for each in pages]


BEFORE = page(0, line(0, "harbour"), line(1, "amber", 0.8), line(2, "zinc"))


def test_pages_that_are_read_as_before_agree():
    report = compare_pages(rows_of(BEFORE), [BEFORE])
    assert (report.pages, report.lines, report.same) == (1, 3, 3)
    assert (report.agreement, report.edit_rate, report.confidence_shift) == (1.0, 0.0, 0.0)
    assert report.changed == ()


def test_lines_that_changed_are_told_with_both_texts_the_most_changed_first():
    after = page(0, line(0, "harbor"), line(1, "umber lake", 0.6), line(2, "zinc"))
    report = compare_pages(rows_of(BEFORE), [after])
    assert (report.same, report.changed_lines, report.lost, report.new) == (1, 2, 0, 0)
    assert [(each.before, each.after, each.edits) for each in report.changed] == [
        ("amber", "umber lake", 6),
        ("harbour", "harbor", 1),
    ]
    assert report.agreement == pytest.approx(1 / 3)
    assert report.edit_rate == pytest.approx(7 / len("harbouramberzinc"))
    assert report.confidence_shift == pytest.approx((0 - 0.2 + 0) / 3, abs=1e-6)


def test_lines_that_came_and_went_are_counted_apart():
    after = page(0, line(0, "harbour"), line(2, "zinc"), line(3, "oak"))
    report = compare_pages(rows_of(BEFORE), [after])
    assert (report.same, report.changed_lines, report.lost, report.new) == (2, 0, 1, 1)
    assert {(each.before, each.after) for each in report.changed} == {("amber", ""), ("", "oak")}
    assert report.agreement == pytest.approx(2 / 4)


def test_a_line_at_another_place_is_another_line():
    after = page(0, line(0, "harbour", left=40.0), *BEFORE.lines[1:])
    report = compare_pages(rows_of(BEFORE), [after])
    assert (report.same, report.lost, report.new) == (2, 1, 1)


def test_pages_on_which_a_model_fails_stop_it_and_others_are_passed_over():
    failed = PageFailure(BEFORE.expected, "recognise", "E_INFERENCE", "no number", False)
    report = compare_pages(rows_of(BEFORE), [failed, page(7, line(0, "ivory"))])
    assert (report.pages, report.failed, report.lines) == (1, ("p0",), 0)
    assert report.agreement == 0.0
    assert not report.ruling.passed
    assert report.ruling.said == "it fails on 1 pages that were read before: p0"


def test_pages_that_are_gone_by_now_are_no_models_fault():
    gone = PageFailure(BEFORE.expected, "read", "E_CHANGED", "the object is gone", False)
    report = compare_pages(rows_of(BEFORE, page(1)), [gone, page(1)])
    assert (report.pages, report.failed, report.unreadable) == (2, (), ("p0",))
    assert report.ruling.passed


def test_where_all_pages_are_gone_nothing_was_tried():
    gone = PageFailure(BEFORE.expected, "read", "E_CHANGED", "the object is gone", False)
    ruling = compare_pages(rows_of(BEFORE), [gone]).ruling
    assert (ruling.passed, ruling.said) == (False, "it reads 0 pages of the run")


def test_pages_with_another_text_are_counted_each_once():
    other = page(1, line(0, "oak"), line(1, "ash"))
    after = [page(0, line(0, "harbor"), line(1, "umber"), line(2, "zinc")), other]
    assert compare_pages(rows_of(BEFORE, other), after).changed_pages == 1


@pytest.mark.parametrize("given", [{"output": "out"}, {"run_id": "june"}])
def test_a_canary_without_a_run_or_its_place_is_refused(given):
    with pytest.raises(SettingsError, match="needs both"):
        CanarySpec(**given)


def test_pages_are_drawn_by_chance_among_those_that_were_read():
    embedded = replace(page(8, line(0, "set in type")), embedded=True)
    failed = PageFailure(expected_page(9, page_id="p9"), "decode", "E_TRUNCATED", "cut", False)
    rows = rows_of(*(page(number, line(0, "oak")) for number in range(8)), embedded, failed)
    rows += rows_of(page(10))
    every = pages_for_canary(rows, 99)
    assert every == [f"p{number}" for number in range(8)]
    some = pages_for_canary(rows, 3)
    assert some == pages_for_canary(rows[::-1], 3)
    assert set(some) < set(every)
    assert len(some) == 3
    assert {tuple(pages_for_canary(rows, 3, seed)) for seed in range(5)} != {tuple(some)}


def test_a_report_is_json():
    after = page(0, line(0, "harbor"), line(3, "new"))
    told = json.loads(json.dumps(compare_pages(rows_of(BEFORE), [after]).as_json()))
    assert (told["pages"], told["lost"], told["new"]) == (1, 2, 1)
    assert [each["page_id"] for each in told["changed"]] == ["p0"] * 4
