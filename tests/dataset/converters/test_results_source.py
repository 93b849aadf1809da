"""Results of an archive become samples: the lines that people corrected, and where they stand."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_tasks.results.layout import manifest_uri
from tests.dataset.sources import convert, labels_of
from tests.jobs.runs import do_in_turn, page, parts_in, rows_in, settings_for
from tests.makers import jpeg, pdf, png

TEXTS = ["one", "two", "three"]


@pytest.fixture
def results(tmp_path):
    """The results of a run over two images and a PDF of two pages, each of which is one line."""
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in TEXTS[:2]:
        (scans / f"{name}.png").write_bytes(png(page(name)))
    (scans / "three.pdf").write_bytes(pdf([page("three"), page("four")], dpi=300))
    (scans / "broken.jpg").write_bytes(jpeg(page("x"))[:100])
    do_in_turn(settings_for(scans, tmp_path / "results"))
    return tmp_path / "results"


@pytest.fixture
def rows(results):
    """The rows of that run by the name of their file and page."""
    return {
        f"{row['source_uri'].split('/')[-1]}:{row['page_index']}": row for row in rows_in(results)
    }


@pytest.fixture
def corrected(tmp_path, results):
    """A function that converts with corrections: texts by row; returns the result."""

    def run(texts, *pairs, **more):
        told = [
            {"page_id": row if isinstance(row, str) else row["page_id"], "text": text} | more
            for row, text in texts
        ]
        lines = [json.dumps({"line_index": 0} | each) + "\n" for each in told]
        (tmp_path / "corrections.jsonl").write_text("".join(lines))
        given = f"convert.corrections={tmp_path / 'corrections.jsonl'}"
        return convert(results, tmp_path / "set", given, *pairs)

    return run


def test_only_corrected_lines_become_samples_cut_out_of_the_page_that_was_read(
    tmp_path, rows, corrected
):
    texts = [(rows["one.png:0"], "corrected"), (rows["three.pdf:1"], rows["three.pdf:1"]["text"])]
    result = corrected(texts)
    assert (result["samples"], result["left_out"], result["bad_files"]) == ({"train": 2}, {}, [])
    labels = {label: path for path, label in labels_of(tmp_path / "set").items()}
    assert labels.keys() == {"corrected", rows["three.pdf:1"]["text"]}
    crop = cv2.imread(str(tmp_path / "set" / labels["corrected"]))
    assert np.array_equal(crop, page("one"))
    assert labels["corrected"].startswith("images/one_0000_")
    assert labels[rows["three.pdf:1"]["text"]].startswith("images/three_p0002_0000_")


def test_a_document_is_a_group(tmp_path, rows, corrected):
    corrected([(rows[name], name) for name in ("one.png:0", "three.pdf:0", "three.pdf:1")])
    told = [
        json.loads(line) for line in (tmp_path / "set/lines.meta.jsonl").read_text().splitlines()
    ]
    groups = sorted(each["group"] for each in told)
    assert len(set(groups)) == 2
    assert rows["three.pdf:0"]["source_id"] in groups


def test_a_line_whose_text_is_null_is_left_out(tmp_path, rows, corrected):
    result = corrected([(rows["one.png:0"], None), (rows["two.png:0"], "two")])
    assert result["left_out"] == {"dropped": 1}
    assert list(labels_of(tmp_path / "set").values()) == ["two"]
    corrected([(rows["one.png:0"], None), (rows["two.png:0"], None)])
    assert labels_of(tmp_path / "set") == {}


def test_lines_that_are_sure_enough_are_taken_too_if_that_is_asked_for(tmp_path, rows, results):
    result = convert(results, tmp_path / "sure", "convert.min_confidence=0.9")
    assert result["samples"] == {"train": 4}
    texts = {row["text"] for row in rows.values() if row["status"] == "ok"}
    assert set(labels_of(tmp_path / "sure").values()) == texts


def test_corrections_of_what_is_not_there_are_told(rows, corrected):
    result = corrected(
        [("nobody", "x"), (rows["one.png:0"], "good"), (rows["broken.jpg:0"], "y")],
    )
    assert result["samples"] == {"train": 1}
    told = {each["file"]: each["message"] for each in result["bad_files"]}
    assert told.keys() == {"nobody", rows["broken.jpg:0"]["page_id"]}
    result = corrected([(rows["one.png:0"], "good")], line_index=5)
    (bad,) = result["bad_files"]
    assert "lines [5]" in bad["message"]
    assert result["left_out"] == {"unconfirmed": 1}


def test_a_correction_of_a_page_that_two_runs_have_read_has_to_name_one(
    tmp_path, rows, corrected, results
):
    do_in_turn(settings_for(tmp_path / "scans", results), "r2")
    result = corrected([(rows["one.png:0"], "x")])
    assert result["samples"] == {}
    assert "names no run_id, one of r1, r2" in result["bad_files"][0]["message"]
    assert corrected([(rows["one.png:0"], "x")], run_id="r1")["samples"] == {"train": 1}


def test_a_scan_that_was_replaced_since_is_told_and_the_others_are_cut(tmp_path, rows, corrected):
    (tmp_path / "scans" / "one.png").write_bytes(png(page("another")))
    result = corrected([(rows["one.png:0"], "x"), (rows["two.png:0"], "two")])
    assert [(each["error_class"], each["regions"]) for each in result["bad_files"]] == [
        ("E_CHANGED", 1)
    ]
    assert (result["regions"], result["left_out"]) == (2, {"E_CHANGED": 1})
    assert list(labels_of(tmp_path / "set").values()) == ["two"]


def test_a_damaged_part_or_manifest_is_told(rows, corrected, results):
    names = sorted(parts_in(results))
    part = parts_in(results)[names[0]]
    part.write_bytes(part.read_bytes()[:-40])
    result = corrected([(row, "x") for row in rows.values()])
    assert "E_DAMAGED" in {each["error_class"] for each in result["bad_files"]}
    Path(manifest_uri(str(results), "r1")).write_bytes(b"")
    result = corrected([(row, "x") for row in rows.values()])
    assert result["samples"] == {}
    assert result["left_out"]["E_DAMAGED"] > 0
