"""The archive that comes with the project, read by the real engine and held to its transcriptions.

One run of all thirteen pages, of which every test here reads the rows.
"""

import json
from itertools import pairwise
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from rapidfuzz.distance import Levenshtein

from ocr_tasks.engines.ppocr import DETECTOR, RECOGNIZER
from ocr_tasks.jobs import archive_ocr

DATA = Path(__file__).parent / "data"
ARCHIVE = DATA / "sample_archive"
TRUTH = [json.loads(line) for line in (DATA / "sample_truth.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def sealed_run(tmp_path_factory):
    """The seal of a run over the whole sample, and the URL of its output."""
    output = tmp_path_factory.mktemp("sample-run")
    settings = archive_ocr.ArchiveOcrSettings(input=str(ARCHIVE), output=str(output))
    return archive_ocr.run(settings, "sample", workers=1), output


@pytest.fixture(scope="module")
def rows(sealed_run):
    pages = ds.dataset(sealed_run[1] / "pages", partitioning="hive", format="parquet")
    return pages.to_table().to_pylist()


def place_of(row):
    file = row["source_uri"].removeprefix(ARCHIVE.as_uri() + "/")
    return file, row["source_member"], row["page_index"]


def rows_at(rows, truth):
    place = truth["file"], truth["member"], truth["page_index"]
    return [row for row in rows if place_of(row) == place]


def bare(text):
    """The characters without white space."""
    return "".join(text.split())


def pooled_error_rate(pairs):
    """The edits from the transcriptions to the texts, for each character of the former."""
    pairs = [(bare(truth.replace("_", "")), bare(text)) for truth, text in pairs]
    edits = sum(Levenshtein.distance(truth, text) for truth, text in pairs)
    return edits / sum(len(truth) for truth, _ in pairs)


@pytest.mark.parametrize(
    "truth", TRUTH, ids=lambda truth: f"{truth['member'] or truth['file']}-{truth['page_index']}"
)
def test_every_transcribed_page_has_exactly_one_row_with_text(rows, truth):
    (row,) = rows_at(rows, truth)
    assert row["status"] in {"ok", "low_confidence"}
    assert row["text_source"] == "ocr"
    assert (row["error_class"], row["error_stage"], row["error_message"]) == (None, None, None)


@pytest.mark.parametrize(
    ("genre", "ceiling"),
    [
        pytest.param("typed_french", 0.065, id="typescript"),  # measured: 0.0566
        pytest.param("print_french_1881", 0.027, id="print"),  # measured: 0.0211
        pytest.param("handwriting_french", 0.45, id="handwriting"),  # measured: 0.4204
    ],
)
def test_the_share_of_wrong_characters_stays_below_what_was_measured(rows, genre, ceiling):
    """Underscores in the transcriptions mark what was underlined; nobody wrote them."""
    pairs = [
        (truth["text"], row["text"])
        for truth in TRUTH
        if truth["genre"] == genre
        for row in rows_at(rows, truth)
    ]
    assert pooled_error_rate(pairs) < ceiling


def test_what_is_no_scan_is_a_skipped_row_that_says_why(rows):
    (row,) = [row for row in rows if row["source_uri"].endswith("/ATTRIBUTION.md")]
    assert (row["status"], row["error_class"]) == ("skipped", "E_UNSUPPORTED")
    assert row["error_message"] == "text/plain is not a scan"
    assert (row["text"], row["lines"], row["n_lines"], row["width_px"]) == (None, None, 0, None)


def test_there_is_no_row_beside_those(rows):
    assert len(rows) == len(TRUTH) + 1
    assert len({row["page_id"] for row in rows}) == len(rows)


def test_the_text_of_a_page_is_its_lines_in_reading_order(rows):
    for row in rows:
        lines = row["lines"] or []
        assert [line["reading_order"] for line in lines] == list(range(row["n_lines"]))
        assert (row["text"] or "") == "\n".join(line["text"] for line in lines)


def test_every_box_lies_on_its_page(rows):
    boxes = 0
    for row in rows:
        for line in row["lines"] or []:
            x0, y0, x1, y1 = line["bbox"]
            assert 0 <= x0 < x1 <= row["width_px"]
            assert 0 <= y0 < y1 <= row["height_px"]
            boxes += 1
    assert boxes > 300


def test_print_and_typescript_are_read_from_the_top_to_the_bottom(rows):
    """These pages have one column, so no line may stand wholly above the one before it."""
    for row in rows:
        if not row["source_uri"].endswith(("journal-0002.jpg", "proceedings-1881.tif")):
            continue
        boxes = [line["bbox"] for line in row["lines"]]
        for (_, top, _, _), (_, _, _, bottom) in pairwise(boxes):
            assert bottom > top


def test_every_row_names_the_models_by_their_digests(rows):
    assert {row["det_model_sha256"] for row in rows} == {DETECTOR.sha256}
    assert {row["rec_model_sha256"] for row in rows} == {RECOGNIZER.sha256}


def test_the_seal_counts_what_the_rows_hold(sealed_run, rows):
    seal, _ = sealed_run
    statuses = [row["status"] for row in rows]
    assert seal["pages"] == len(rows)
    assert seal["by_status"] == {status: statuses.count(status) for status in set(statuses)}
    assert seal["by_error"] == {"E_UNSUPPORTED": 1}
    assert seal["lines"] == sum(row["n_lines"] for row in rows)
    assert seal["within_budget"] is True
    read = [row["conf_mean"] for row in rows if row["conf_mean"] is not None]
    assert seal["conf_mean"] == pytest.approx(sum(read) / len(read))
