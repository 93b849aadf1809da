"""A retry: which pages it reads, as sources are repaired, changed and lost."""

import json
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.jobs import archive_ocr
from tests.jobs.runs import do_in_turn, page, rows_in, settings_for, state_of
from tests.makers import blank_pdf, fill_folder, jpeg, pdf, png, tar, zip_of

HUGE = (200_000.0, 200_000.0)  # points; too many pixels at any resolution
MEMBERS = [("1.png", png(page("one"))), ("2.jpg", jpeg(page("two"))[:-200])]
FILES = {
    "bad.pdf": b"%PDF-1.4\nnothing that was meant",
    "box.tar": tar(MEMBERS),
    "cut.jpg": jpeg(page("cut"))[:-200],
    "good.png": png(page("good")),
    "huge.pdf": blank_pdf([(100, 60), HUGE, (100, 60)]),
    "notes.txt": b"no scan",
    "torn.tar": tar(MEMBERS[:1])[:-9_000],
}


@pytest.fixture
def first(tmp_path):
    """A sealed run r1 in ``out`` over the folder ``in``; the folder."""
    scans = fill_folder(tmp_path / "in", FILES)
    seal = do_in_turn(settings_for(scans, tmp_path / "out"))
    assert seal["by_error"] == {
        **{"E_BAD_ARCHIVE": 1, "E_BAD_PDF": 1, "E_TOO_LARGE": 1, "E_TRUNCATED": 2},
        "E_UNSUPPORTED": 1,
    }
    return tmp_path / "in"


def retry(folder, run_id="r1", new_run_id="r2", **overrides):
    return archive_ocr.retry(str(folder.parent / "out"), run_id, new_run_id, overrides, 1)


def rows_of(folder, run_id="r2"):
    """The rows of a run by file, member and page."""
    return {
        (row["source_uri"].rsplit("/", 1)[-1], row["source_member"], row["page_index"]): row
        for row in rows_in(folder.parent / "out")
        if row["run_id"] == run_id
    }


def ends_of(folder, run_id="r2"):
    rows = rows_of(folder, run_id)
    return {place: row["error_class"] or row["status"] for place, row in rows.items()}


FAILED = {
    ("bad.pdf", None, 0): "E_BAD_PDF",
    ("box.tar", "2.jpg", 0): "E_TRUNCATED",
    ("cut.jpg", None, 0): "E_TRUNCATED",
    ("huge.pdf", None, 1): "E_TOO_LARGE",
    ("torn.tar", None, 0): "E_BAD_ARCHIVE",
}


def test_a_retry_reads_the_failed_pages_and_no_other(first):
    before = state_of(first.parent / "out")
    seal = retry(first)
    assert ends_of(first) == FAILED
    assert {place: row["page_id"] for place, row in rows_of(first).items()}.items() <= {
        place: row["page_id"] for place, row in rows_of(first, "r1").items()
    }.items()
    assert (seal["run_id"], seal["pages"], seal["collection"]) == ("r2", 5, "default")
    after = state_of(first.parent / "out")
    assert {name: after[name] for name in before} == before


def test_plan_settings_and_seal_say_whose_retry_it_is(first):
    assert retry(first)["retry_of"] == "r1"
    runs = first.parent / "out" / "_runs"
    said = {
        run: [
            json.loads((runs / run / name).read_text())["retry_of"]
            for name in ("settings.json", "seal.json")
        ]
        for run in ("r1", "r2")
    }
    assert said == {"r1": [None, None], "r2": ["r1", "r1"]}


def test_what_was_repaired_is_read_and_pages_that_nobody_knew_too(first):
    fill_folder(
        first,
        {
            "bad.pdf": pdf([page("first"), page("second"), page("third")]),
            "cut.jpg": jpeg(page("whole")),
            "torn.tar": tar([MEMBERS[0], ("late.png", png(page("late")))]),
        },
    )
    retry(first)
    assert ends_of(first) == FAILED | {
        **{("bad.pdf", None, index): "ok" for index in range(3)},
        ("cut.jpg", None, 0): "ok",
        ("torn.tar", "late.png", 0): "ok",
        ("torn.tar", None, 0): "E_CHANGED",
    }
    repaired = rows_of(first)[("torn.tar", None, 0)]
    assert repaired["status"] == "skipped"
    assert repaired["error_message"] == "the object was changed and has no such page any more"


# What an object was, what it is when it is retried, and how its pages end then.
FATES = {
    "gone": (FILES["cut.jpg"], None, {(None, 0): "failed E_CHANGED"}),
    "archive-gone": (FILES["box.tar"], None, {("2.jpg", 0): "failed E_CHANGED"}),
    "fewer-pages": (FILES["huge.pdf"], pdf([page("a")]), {(None, 1): "skipped E_CHANGED"}),
    "all-broken": (FILES["huge.pdf"], FILES["bad.pdf"], {(None, 1): "failed E_BAD_PDF"}),
    "taken-out": (FILES["box.tar"], tar(MEMBERS[:1]), {("2.jpg", 0): "skipped E_CHANGED"}),
    "cut-short": (
        FILES["box.tar"],
        FILES["box.tar"][:700],
        {("2.jpg", 0): "failed E_BAD_ARCHIVE", (None, 0): "failed E_BAD_ARCHIVE"},
    ),
    "now-a-zip": (FILES["box.tar"], zip_of(MEMBERS), {("2.jpg", 0): "failed E_TRUNCATED"}),
    "no-page-now": (FILES["bad.pdf"], b"text", {(None, 0): "skipped E_UNSUPPORTED"}),
    "emptied": (FILES["bad.pdf"], b"", {(None, 0): "failed E_EMPTY"}),
    "as-it-was": (FILES["bad.pdf"], FILES["bad.pdf"], {(None, 0): "failed E_BAD_PDF"}),
}


def test_every_failed_page_has_a_row_in_the_retry_whatever_became_of_its_object(tmp_path):
    scans = fill_folder(tmp_path / "in", {name: was for name, (was, _, _) in FATES.items()})
    do_in_turn(settings_for(scans, tmp_path / "out"))
    for name, (_, now, _) in FATES.items():
        (tmp_path / "in" / name).unlink()
        if now is not None:
            (tmp_path / "in" / name).write_bytes(now)
    retry(tmp_path / "in")
    ends = {name: {} for name in FATES}
    for (name, member, index), row in rows_of(tmp_path / "in").items():
        ends[name][member, index] = f"{row['status']} {row['error_class']}"
    assert ends == {name: expected for name, (_, _, expected) in FATES.items()}


def test_overrides_are_the_settings_of_the_retry(tmp_path):
    scans = fill_folder(tmp_path / "in", {"a.png": FILES["good.png"], "b.png": png(page("b"))})
    do_in_turn(settings_for(scans, tmp_path / "out", decode={"max_pixels": 10}))
    assert retry(tmp_path / "in", decode={"max_pixels": 10_000})["by_status"] == {"ok": 2}
    kept = json.loads((tmp_path / "out" / "_runs" / "r2" / "settings.json").read_text())["settings"]
    assert kept["decode"]["max_pixels"] == 10_000
    assert kept["engine"]["kind"] == "fake"
    assert kept["shards"]["pages"] == 2


def test_pages_that_were_quarantined_are_read_once_they_are_given_more_time(tmp_path):
    scans = fill_folder(tmp_path / "in", {f"{name}.png": png(page(name)) for name in "ab"})
    hasty = {"timeout_seconds": 1e-6}
    first = do_in_turn(settings_for(scans, tmp_path / "out", decode=hasty))
    assert (first["by_status"], first["by_error"]) == ({"quarantined": 2}, {"E_TIMEOUT": 2})
    assert retry(tmp_path / "in", decode={"timeout_seconds": 60})["by_status"] == {"ok": 2}


def test_a_run_in_which_nothing_failed_has_no_retry(tmp_path):
    scans = fill_folder(tmp_path / "in", {"good.png": FILES["good.png"], "notes.txt": b"no scan"})
    do_in_turn(settings_for(scans, tmp_path / "out"))
    before = state_of(tmp_path / "out")
    assert retry(tmp_path / "in") is None
    assert state_of(tmp_path / "out") == before


def test_a_retry_of_a_retry_knows_the_pages_of_both_runs(first):
    retry(first)
    fill_folder(first, {"huge.pdf": blank_pdf([(100, 60)] * 3), "box.tar": tar(MEMBERS)})
    retry(first, "r2", "r3")
    assert ends_of(first, "r3") == FAILED | {("huge.pdf", None, 1): "blank"}
    (first / "cut.jpg").write_bytes(jpeg(page("whole")))
    assert retry(first, "r3", "r4")["pages"] == len(FAILED) - 1
    assert ends_of(first, "r4")[("cut.jpg", None, 0)] == "ok"


def test_a_source_that_came_back_is_read_by_the_next_retry(first):
    (first / "cut.jpg").unlink()
    retry(first)
    (first / "cut.jpg").write_bytes(jpeg(page("back")))
    retry(first, "r2", "r3")
    assert ends_of(first, "r3")[("cut.jpg", None, 0)] == "ok"


def test_an_archive_and_a_retry_of_it_may_lie_in_s3(s3_endpoint, tmp_path):
    key = tmp_path.name
    for name, data in FILES.items():
        s3_endpoint.put(f"{key}/in/{name}", data)
    output = s3_endpoint.uri(f"{key}/out")
    do_in_turn(settings_for(s3_endpoint.uri(f"{key}/in"), output))
    s3_endpoint.put(f"{key}/in/cut.jpg", jpeg(page("whole")))
    seal = archive_ocr.retry(output, "r1", "r2", workers=1)
    assert seal["by_status"] == {"failed": 4, "ok": 1}
    assert json.loads(storage.read_bytes(f"{output}/_runs/r2/seal.json")) == seal


def test_files_whose_output_was_moved_are_retried_where_they_are_now(first):
    (first.parent / "out").rename(first.parent / "moved")
    archive_ocr.retry(str(first.parent / "moved"), "r1", "r2", workers=1)
    assert (first.parent / "moved" / "_runs" / "r2" / "seal.json").exists()
    assert not Path(first.parent / "out").exists()
