"""What an evaluation leaves behind: JSON, a page that loads nothing, and tables."""

import base64
import io
import json
import re
from dataclasses import replace

import pytest
from PIL import Image
from rich.console import Console

from ocr_tasks import storage
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.errors import DamagedFileError
from ocr_tasks.evaluation.evaluate import EvaluationSpec, evaluate
from ocr_tasks.evaluation.gate import GateRules, decide
from ocr_tasks.evaluation.outputs import (
    read_evaluation,
    read_verdict,
    write_evaluation,
    write_verdict,
)
from ocr_tasks.evaluation.page import WORST, worst_lines
from ocr_tasks.evaluation.report import UnscoredLine
from ocr_tasks.evaluation.tables import evaluation_tables
from tests.dataset.test_outputs import Tags
from tests.evaluation.bars import bar_lines, engine_with, read, write_bars
from tests.evaluation.planting import champion, honest, sound
from tests.tiny_onnx import write_recognizer

LIMITS = LimitSpec()
HOSTILE = '<script>alert("1")</script>&<img src=x onerror=y>\x1b[31m'


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """A dataset, and what a champion and a candidate read in it."""
    root = tmp_path_factory.mktemp("bars")
    dataset = read(write_bars(root / "bars", bar_lines(4, 3)))
    reports = {}
    for role, confused in (("candidate", {"a": "b"}), ("champion", {"a": "b", "c": "b"})):
        engine = engine_with(write_recognizer(root / role / "inference.onnx", confused))
        reports[role] = evaluate(dataset, engine, EvaluationSpec(), LIMITS)
    return dataset, reports


@pytest.fixture
def output(tmp_path):
    return storage.absolute(str(tmp_path / "out"))


def page_of(output, name):
    return storage.read_bytes(storage.join(output, f"{name}.html")).decode("utf-8")


def test_the_page_shows_both_models_and_the_worst_lines_as_pictures(evaluated, output):
    dataset, reports = evaluated
    write_evaluation(output, "test", reports, dataset, LIMITS)
    page = page_of(output, "test")
    tags = Tags(page)
    pictures = re.findall(r"data:image/(\w+);base64,([^\"]+)", page)
    for _, data in pictures:
        Image.open(io.BytesIO(base64.b64decode(data))).load()
    worst = worst_lines(reports["candidate"])
    assert [kind for kind, _ in pictures] == ["png"] + ["jpeg"] * len(worst)
    assert len(worst) > 5
    for line in worst:
        assert line.path in tags.text
        assert line.label in tags.text
    for role, report in reports.items():
        assert role in tags.text
        assert report.engine.recognizer.sha256 in tags.text
        assert f"{report.score.cer:.4f}" in tags.text


def test_what_differs_in_a_line_is_marked(evaluated, output):
    dataset, reports = evaluated
    write_evaluation(output, "test", reports, dataset, LIMITS)
    marked = re.findall(r"<mark>(.*?)</mark>", page_of(output, "test"))
    assert set("".join(marked)) == {"b"}


def test_the_page_loads_nothing_and_shows_what_is_in_labels_as_text(evaluated, output):
    dataset, reports = evaluated
    told = reports["candidate"]
    lines = tuple(replace(line, label=HOSTILE, group=HOSTILE) for line in told.lines)
    lost = (UnscoredLine(HOSTILE, "E_TRUNCATED", HOSTILE),)
    hostile = replace(told, lines=lines, unscored=lost, dataset=HOSTILE)
    verdict = decide(honest(), champion(), GateRules(), sound(files=(HOSTILE,)))
    write_evaluation(output, "test", {"candidate": hostile}, dataset, LIMITS, verdict)
    page = Tags(page_of(output, "test"))
    assert not {"script", "link", "iframe", "object", "form"} & page.tags
    assert all(source.startswith("data:image/") for source in page.sources)
    assert HOSTILE.replace("\x1b", "\\x1b") in page.text
    assert "\x1b" not in page.text


def test_the_page_shows_the_verdict(evaluated, output):
    dataset, reports = evaluated
    verdict = decide(honest(), champion(), GateRules(), sound(time_ratio=2.0))
    write_evaluation(output, "test", reports, dataset, LIMITS, verdict)
    text = Tags(page_of(output, "test")).text
    assert "refused" in text
    for ruling in verdict.rulings:
        assert ruling.said in text
    for note in verdict.notes:
        assert note in text


def test_lines_that_are_gone_by_now_have_no_picture(evaluated, output):
    dataset, reports = evaluated
    gone = replace(dataset, objects={})
    write_evaluation(output, "test", reports, gone, LIMITS)
    page = page_of(output, "test")
    assert page.count("data:image/jpeg") == 0
    assert worst_lines(reports["candidate"])[0].path in page


def test_at_most_so_many_lines_are_shown_the_worst_first():
    report = champion().test
    worst = worst_lines(report)
    assert len(worst) == WORST
    rates = [line.score.cer for line in worst]
    assert rates == sorted(rates, reverse=True)
    others = [line.score.cer for line in report.lines if line not in worst]
    assert max(others) <= min(rates)


def test_reports_and_verdict_are_read_again_as_they_were(evaluated, output):
    dataset, reports = evaluated
    summaries = write_evaluation(output, "test", reports, dataset, LIMITS)
    assert read_evaluation(output, "test") == reports
    assert summaries["candidate"]["cer"] == reports["candidate"].score.cer
    written = json.loads(storage.read_bytes(storage.join(output, "test.json")))
    assert written["champion"]["summary"] == summaries["champion"]
    assert {each["kind"] for each in written["champion"]["strata"]} == {
        "group",
        "script",
        "length",
    }
    verdict = decide(honest(), champion(), GateRules(), sound())
    write_verdict(output, verdict)
    assert read_verdict(output) == verdict


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"candidate": {}}'])
def test_an_evaluation_that_is_not_what_was_written_is_named(output, data):
    storage.write(storage.join(output, "test.json"), data)
    with pytest.raises(DamagedFileError, match=r"test\.json"):
        read_evaluation(output, "test")


def test_an_evaluation_that_is_not_there_is_not_found(output):
    with pytest.raises(FileNotFoundError):
        read_evaluation(output, "test")


def test_tables_show_models_side_by_side_and_nothing_a_terminal_acts_on(evaluated):
    _, reports = evaluated
    told = reports["candidate"]
    lines = tuple(replace(line, group=f"[red]{HOSTILE}") for line in told.lines)
    console = Console(width=200, record=True, file=io.StringIO())
    shown = {"candidate": replace(told, lines=lines), "champion": reports["champion"]}
    for table in evaluation_tables(shown):
        console.print(table)
    text = console.export_text()
    assert "\x1b" not in text
    assert f"[red]{HOSTILE[:8]}" in text
    for report in reports.values():
        assert f"{report.score.cer:.4f}" in text
        assert f"{report.score.accuracy:.1%}" in text
