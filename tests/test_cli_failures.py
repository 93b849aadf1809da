"""The commands that tell what failed, and read it again: what they print, and exit codes."""

import json
from pathlib import Path

import pytest

from tests.makers import draw_noise, fill_folder, noise_pages, png, zip_of

FAKE = ["-o", "engine.kind=fake", "-o", "failures.max_share=1"]
CUT = b"\x89PNG\r\n\x1a\ncut short"
HOSTILE = "a\x1b[31m\nb.png"
DEEP = "/".join(["a-folder-with-a-rather-long-name"] * 4)


@pytest.fixture
def failed_run(call, tmp_path: Path) -> tuple[str, ...]:
    """A sealed run june with three failed pages of five; the options that name it."""
    files = noise_pages(1) | {"cut.png": CUT, f"{DEEP}/empty.png": b"", "notes.txt": b"no scan"}
    fill_folder(tmp_path / "in", files | {"box.zip": zip_of([(HOSTILE, CUT)])})
    where = ("--output", str(tmp_path / "out"), "--run-id", "june")
    run = ("archive-ocr", "run", "--input", tmp_path / "in", *where, "--workers", 1, *FAKE)
    assert call(*run)[0] == 0
    return where


def test_failures_are_shown_by_class_with_counts_and_remedies(call, failed_run) -> None:
    code, shown, _ = call("archive-ocr", "failures", *failed_run)
    assert code == 0
    words = " ".join(shown.split())
    assert "run june of collection default: 3 of 5 pages failed" in words
    assert "E_TRUNCATED, pages: 2, a retry alone does not help" in words
    assert "The file was cut short, often by a broken upload: copy it again." in words
    assert "E_EMPTY, pages: 1" in words


def test_every_page_is_one_line_and_hostile_names_command_nothing(call, failed_run) -> None:
    _, shown, _ = call("archive-ocr", "failures", *failed_run)
    assert "\x1b" not in shown
    pages = [line for line in shown.splitlines() if "file://" in line]
    assert sorted(page.split("/in/", 1)[1].split(": ", 1)[0] for page in pages) == [
        f"{DEEP}/empty.png",
        r"box.zip > a\x1b[31m\nb.png",
        "cut.png",
    ]
    assert any(page.endswith("empty.png: the file has no bytes (failed at plan)") for page in pages)


def test_failures_as_json_are_one_object_on_standard_output(call, failed_run) -> None:
    code, shown, error = call("archive-ocr", "failures", *failed_run, "--json")
    assert (code, error) == (0, "")
    assert shown.isascii()
    report = json.loads(shown)
    assert report["failed"] == len(report["failures"]) == 3
    assert HOSTILE in {page["source_member"] for page in report["failures"]}


def test_the_quarantine_says_what_it_copied_and_what_it_could_not(
    call, failed_run, tmp_path: Path
) -> None:
    (tmp_path / "in" / "cut.png").unlink()
    bad = tmp_path / "bad"
    code, shown, _ = call("archive-ocr", "failures", *failed_run, "--quarantine", bad)
    assert code == 0
    assert f"copied to file://{bad}/: 2" in shown
    assert f"not copied: file://{tmp_path}/in/cut.png: the object is gone" in shown
    assert len(list(bad.iterdir())) == 3
    code, _, error = call("archive-ocr", "failures", *failed_run, "--quarantine", bad)
    assert code == 2
    assert "is not empty" in error


def test_a_run_that_is_not_sealed_says_how_much_of_it_is_listed(call, tmp_path: Path) -> None:
    fill_folder(tmp_path / "in", {"cut.png": CUT})
    where = ("--output", tmp_path / "out", "--run-id", "june")
    call("archive-ocr", "plan", "--input", tmp_path / "in", *where, *FAKE)
    code, shown, _ = call("archive-ocr", "failures", *where)
    assert code == 0
    assert "0 of 1 pages failed" in shown
    assert "not sealed: 0 of 1 shards are committed" in shown


def test_a_retry_is_sealed_and_shown_as_a_run_is(call, failed_run, tmp_path: Path) -> None:
    (tmp_path / "in" / "cut.png").write_bytes(png(draw_noise(40, 60, 3)))
    retry = ("archive-ocr", "retry", *failed_run, "--new-run-id", "june-2", "--workers", 1)
    code, shown, progress = call(*retry)
    assert code == 0
    assert "run june-2" in progress
    assert "3 of 3 pages" in progress
    for cell in ("a retry of", "june-2", "E_EMPTY", "collection=default/run=june-2"):
        assert cell in shown
    assert call(*retry)[0] == 0  # it stands sealed
    code, _, error = call(*retry, "-o", "decode.pdf_dpi=72")
    assert code == 1
    assert "E_PLAN" in error
    assert "decode.pdf_dpi" in error


def test_too_many_pages_that_fail_again_exit_with_3(call, failed_run) -> None:
    retry = ("archive-ocr", "retry", *failed_run, "--workers", 1)
    assert call(*retry, "-o", "failures.max_share=0.5")[0] == 3


def test_a_retry_with_nothing_to_do_says_so_and_makes_no_run(call, tmp_path: Path) -> None:
    fill_folder(tmp_path / "in", noise_pages(1))
    where = ("--output", tmp_path / "out", "--run-id", "june")
    call("archive-ocr", "run", "--input", tmp_path / "in", *where, "--workers", 1, *FAKE)
    code, shown, _ = call("archive-ocr", "retry", *where)
    assert code == 0
    assert "no page of run june failed: there is nothing to retry" in shown
    assert [path.name for path in (tmp_path / "out" / "_runs").iterdir()] == ["june"]
