"""Planted faults are found, all of them and nothing else."""

import pytest

from ocr_tasks.dataset.rules import Rule
from tests.dataset.folders import (
    CHARACTERS,
    REAL_LINES,
    checked,
    codes_of,
    drawn_lines,
    real_lines,
    write_lines,
)
from tests.dataset.planting import plant

needs_real_lines = pytest.mark.skipif(
    not REAL_LINES.exists(), reason=f"there are no real lines at {REAL_LINES}"
)


def found_in(answer):
    return {(each.rule.code, each.place.file, each.place.line) for each in answer.findings}


@pytest.fixture
def drawn(tmp_path):
    write_lines(
        tmp_path / "data",
        CHARACTERS,
        train=drawn_lines(300),
        val=drawn_lines(90, first=300),
    )
    return tmp_path / "data"


@pytest.fixture
def real(tmp_path):
    characters = (REAL_LINES / "dict.txt").read_text(encoding="utf-8").splitlines()
    write_lines(
        tmp_path / "data",
        characters,
        train=real_lines("train", 600),
        val=real_lines("val", 150),
    )
    return tmp_path / "data"


def test_nothing_is_found_in_a_clean_dataset(drawn):
    answer = checked(str(drawn))
    assert codes_of(answer) == []
    assert len(answer.facts) == len(answer.dataset.samples) == 390


@needs_real_lines
def test_nothing_is_found_in_all_real_lines():
    answer = checked(str(REAL_LINES))
    assert codes_of(answer) == []
    assert len(answer.facts) == 3023


@pytest.mark.parametrize("count", [1, 10], ids=["one of each", "ten of each"])
def test_all_planted_faults_are_found_among_drawn_lines_and_nothing_else(drawn, count):
    expected = plant(drawn, count)
    assert found_in(checked(str(drawn))) == expected


@needs_real_lines
@pytest.mark.parametrize("count", [1, 10], ids=["one of each", "ten of each"])
def test_all_planted_faults_are_found_among_real_lines_and_nothing_else(real, count):
    expected = plant(real, count)
    assert found_in(checked(str(real))) == expected


def test_critical_are_the_findings_whose_rule_is(drawn):
    (drawn / "images" / "g000_0000.jpg").unlink()
    labels = (drawn / "val.txt").read_text(encoding="utf-8")
    (drawn / "val.txt").write_text(labels.replace(" ", "~~~", 1), encoding="utf-8")
    (drawn / "dict.txt").write_text("\n".join([*CHARACTERS, "~"]), encoding="utf-8")
    answer = checked(str(drawn))
    assert codes_of(answer) == ["IMAGE_MISSING", "LABEL_HAS_MARKS"]
    assert [each.rule for each in answer.critical] == [Rule.IMAGE_MISSING]
