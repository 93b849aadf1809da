"""``ocr-tasks models``: tables for people, JSON for programs."""

import json

import pytest

from ocr_tasks import storage
from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.registry.champions import NOBODY, promote
from tests.registry.models import registered


@pytest.fixture
def root(tmp_path):
    return str(tmp_path / "registry")


@pytest.fixture
def digests(root, tmp_path):
    """Two versions, of which the second is the champion."""
    url, source = storage.absolute(root), storage.absolute(str(tmp_path / "export"))
    one = registered(url, source).digest
    metrics = {"test": {"cer": 0.0512, "exact": 0.31}}
    other = registered(url, source, b"others", seed=8, metrics=metrics, notes="[red]x\x1b[2J")
    promote(url, "rec", other.digest, NOBODY, "better")
    return one, other.digest


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_models_are_listed(call, root, digests, wide):
    code, said, _ = call("models", "list", "--registry", root)
    assert code == 0
    rows = {row.split("│")[3].strip(): row for row in said.splitlines() if row.count("│") > 4}
    assert {digest[:12] for digest in (*digests, RECOGNIZER.sha256)} <= rows.keys()
    assert "champion" in rows[digests[1][:12]]
    assert "champion" not in rows[digests[0][:12]]
    (measured,) = (row for row in said.splitlines() if "0.0512" in row)
    cells = [cell.strip() for cell in measured.split("│")[1:5]]
    assert cells == [digests[1][:12], "test", "0.31", "0.0512"]
    assert "built in" in rows[RECOGNIZER.sha256[:12]]


def test_models_are_listed_as_json(call, root, digests):
    _, said, _ = call("models", "list", "--registry", root, "--json")
    told = json.loads(said)
    assert [each["sha256"] for each in told if not each["built_in"]] == list(digests)


def test_a_version_is_shown_and_nothing_of_it_acts_on_the_terminal(call, root, digests, wide):
    code, said, _ = call("models", "show", digests[1][:10], "--registry", root)
    assert code == 0
    for part in (digests[1], "CC-BY-4.0", "learning_rate", "0.0512", "better", "every file is"):
        assert part in said
    assert "\x1b[2J" not in said
    assert "[red]x" in said


def test_versions_are_compared(call, root, digests, wide):
    code, said, _ = call("models", "compare", *digests, "--registry", root)
    assert code == 0
    row = next(line for line in said.splitlines() if "cer" in line)
    assert [cell.strip() for cell in row.split("│")[1:4]] == ["cer", "0.0987", "0.0512"]
    _, said, _ = call("models", "compare", *digests, "--registry", root, "--json")
    assert json.loads(said)["facts"]["seed"] == [7, 8]


def test_a_version_that_is_not_there_ends_with_its_code(call, root, digests):
    code, _, said = call("models", "show", "0" * 64, "--registry", root)
    assert code == 1
    assert "E_REGISTRY" in said
