"""Reports: strata, calibration, and what survives JSON."""

import json
from dataclasses import replace

import pytest

from ocr_tasks.evaluation.calibration import calibration_of
from ocr_tasks.evaluation.report import ReadLine, UnscoredLine, report_of
from ocr_tasks.evaluation.tables import summary_of
from ocr_tasks.text.metrics import total
from tests.evaluation.planting import champion

TEST = champion().test


def line(label="salt", read="salt", confidence=1.0, **other):
    return ReadLine("a.jpg", "pixels", None, None, label, read, confidence, **other)


def test_a_line_lies_in_the_strata_of_what_is_known_of_it():
    known = replace(line("1884"), group="0051", source="ledgers")
    assert [str(each) for each in known.strata()] == [
        "group 0051",
        "source ledgers",
        "script NONE",
        "length ≤10",
    ]
    assert [each.kind for each in line().strata()] == ["script", "length"]


def test_every_kind_of_strata_holds_every_line():
    scores = TEST.by_stratum()
    for kind in ("group", "source", "script", "length"):
        of_kind = [score for stratum, score in scores.items() if stratum.kind == kind]
        whole, parts = TEST.score, total(of_kind)
        assert (parts.lines, parts.edits, parts.words) == (whole.lines, whole.edits, whole.words)


def test_a_report_survives_json():
    told = replace(TEST, unscored=(UnscoredLine("b.jpg", "E_TRUNCATED", "cut"),))
    assert report_of(json.loads(json.dumps(told.as_json()))) == told


def test_a_line_is_told_with_its_distance_and_its_strata():
    told = replace(line("1884 salt", "1834 sal"), group="0051").as_json()
    assert (told["label"], told["read"], told["distance"]) == ("1884 salt", "1834 sal", 2)
    assert (told["group"], told["source"]) == ("0051", None)
    assert (told["script"], told["length"]) == ("LATIN", "≤10")


def test_lines_a_second_are_those_of_the_recogniser():
    assert replace(TEST, seconds=2.0).lines_a_second == len(TEST.lines) / 2


def test_confidence_that_is_right_as_often_as_it_says_has_no_error():
    lines = [line(confidence=0.75), line(confidence=0.75), line(confidence=0.75)]
    lines.append(line(read="malt", confidence=0.75))
    calibration = calibration_of(lines)
    assert calibration.error == pytest.approx(0)
    (only,) = calibration.bins
    assert (only.low, only.high, only.lines, only.accuracy) == (0.7, 0.8, 4, 0.75)


def test_the_calibration_error_weighs_bins_by_their_lines():
    lines = [line(confidence=1.0)] * 3 + [line(read="", confidence=0.4)]
    assert calibration_of(lines).error == pytest.approx(0.4 / 4)


def test_of_no_line_there_is_no_calibration():
    assert (calibration_of([]).bins, calibration_of([]).error) == ((), 0)


def test_a_line_on_which_the_model_failed_counts_as_read_wrong():
    failed = replace(TEST, lines=(line(read="", confidence=0.0, fault="no number"),))
    summary = summary_of(failed)
    assert (summary["faults"], summary["exact"], summary["cer"]) == (1, 0.0, 1.0)
