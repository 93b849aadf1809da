"""Corrections: lines of JSON that name a line of a page."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocr_tasks.dataset.converters.corrections import read_corrections
from ocr_tasks.errors import SettingsError


def written(folder, *values, name="a.jsonl"):
    lines = [value if isinstance(value, bytes) else json.dumps(value).encode() for value in values]
    (folder / name).write_bytes(b"\n".join(lines) + b"\n")
    return str(folder)


def correction(text, index=0, **more):
    return {"page_id": "p", "line_index": index, "text": text} | more


def test_the_last_of_several_corrections_of_a_line_counts_also_in_another_file(tmp_path):
    written(tmp_path, correction("b"), correction(None, 1), name="b.jsonl")
    written(tmp_path, correction("a"), correction("c", 2), correction("kept", 1))
    (tmp_path / "notes.txt").write_text("nothing")
    corrections = read_corrections(str(tmp_path))
    assert corrections.texts == {("p", None): {0: "b", 1: None, 2: "c"}}
    assert corrections.pages() == {"p"}


def test_a_correction_may_name_its_run(tmp_path):
    url = written(tmp_path, correction("a", run_id="june"), correction("b", run_id="july"))
    assert read_corrections(url).texts == {("p", "june"): {0: "a"}, ("p", "july"): {0: "b"}}


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b"7",
        b"\xff",
        b"[" * 100_000,
        {"page_id": "p", "line_index": 0},
        correction("x", index="0"),
        correction("x", index=True),
        correction("x", page_id=7),
        correction("x", run_id=7),
        correction(7),
        correction("half a character \ud800"),
    ],
    ids=lambda bad: ascii(bad)[:50],
)
def test_a_line_that_is_no_correction_is_told_and_its_neighbours_count(tmp_path, bad):
    corrections = read_corrections(written(tmp_path, correction("a"), bad, correction("b", 1)))
    assert corrections.texts == {("p", None): {0: "a", 1: "b"}}
    assert [name for name, _ in corrections.bad] == ["a.jsonl:2"]


def test_a_single_file_can_be_named_and_one_that_is_not_there_is_refused(tmp_path):
    url = written(tmp_path, correction("a"))
    assert read_corrections(f"{url}/a.jsonl").texts
    with pytest.raises(SettingsError, match="nothing at"):
        read_corrections(f"{url}/none.jsonl")


@given(st.binary(max_size=100))
@example(b'{"page_id": "p", "line_index": 0, "text": "x"}')
def test_any_bytes_are_corrections_or_told(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("corrections")
    (folder / "a.jsonl").write_bytes(data)
    corrections = read_corrections(str(folder))
    lines = sum(bool(line.strip()) for line in data.split(b"\n"))
    assert len(corrections.bad) + sum(map(len, corrections.texts.values())) == lines
