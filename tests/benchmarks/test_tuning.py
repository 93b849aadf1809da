"""The table and the curves of the benchmark of fine-tuning, of figures that are made up."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ocr_tasks.text.metrics import TextScore

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def tuning(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, which lies beside the benchmark's own."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("tuning")


def judged(cer: float, errors: list[int]) -> dict[str, Any]:
    """A row of what was read: in the test, and in ten groups of print of 100 characters."""
    rates = {"exact": 0.1, "exact_interval": [0.05, 0.15], "cer": cer, "cer_interval": [0.0, 0.2]}
    groups = {f"page {number}": (each, 100) for number, each in enumerate(errors)}
    return {"test": rates, "print": {**rates, "groups": groups}}


def trained(cers: list[float], errors: list[int]) -> dict[str, Any]:
    """A row of a training that took an hour's CPU time in forty minutes."""
    told = [
        {"minutes": 10.0 * at, "exact": 0.1, "cer": cer, "retention_cer": 0.01}
        for at, cer in enumerate(cers)
    ]
    best = told[-1] | {"epoch": 3.0, "share": 0.8}
    costs = {"minutes": 40.0, "cpu_minutes": 60.0, "evaluations": told, "best": best}
    return {**costs, **judged(cers[-1], errors)}


def test_what_print_lost_is_told_by_the_same_groups_of_both_models(tuning):
    base = judged(0.2, [5] * 10)
    worse = trained([0.2, 0.1], [6] * 10)
    cells = [cell.strip() for cell in tuning.as_row("7", worse, base).strip("|").split("|")]
    assert cells[:5] == ["7", "40.0", "60.0", "3", "80%"]
    assert cells[6] == "0.100 [0.000, 0.200]"
    assert cells[-1] == "+0.0100 [+0.0100, +0.0100]"  # each group lost as much
    assert len(cells) == len(tuning.HEADER)
    assert tuning.as_row("base", base, base).count("|") == len(tuning.HEADER) + 1


def test_curves_are_drawn_over_the_minutes_of_two_quiet_cores(tuning, tmp_path):
    rows = [trained([0.2, 0.15, 0.1], [5] * 10), trained([0.2, 0.12], [5] * 10)]
    picture = tmp_path / "curves.svg"
    tuning.draw(rows, judged(0.2, [5] * 10), picture)
    assert picture.read_text().lstrip().startswith("<?xml")
    assert tuning._minutes(rows[0], rows[0]["evaluations"]) == [0.0, 7.5, 15.0]


def test_an_interval_holds_what_most_resamples_of_whole_groups_say(tuning):
    same = [TextScore(lines=10, exact=3, edits=5, characters=100)] * 6
    assert tuning.intervals(same) == {
        "exact_interval": [0.3, 0.3],
        "cer_interval": [0.05, 0.05],
    }
    one_bad = [*same, TextScore(lines=10, exact=0, edits=80, characters=100)]
    low, high = tuning.intervals(one_bad)["cer_interval"]
    assert low == pytest.approx(0.05)
    assert 0.2 < high < 0.5
