"""The command line: what it prints and the codes it exits with."""

import json
from pathlib import Path

import cv2
import pyarrow.dataset as ds
import pytest

from tests.makers import fill_folder, noise_pages

FAKE = ["-o", "engine.kind=fake"]


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Three small pages of noise and a text file."""
    fill_folder(tmp_path / "scans", noise_pages(3) | {"notes.txt": b"no scan"})
    return tmp_path / "scans"


def test_a_sealed_run_exits_with_0_and_shows_its_pages(call, scans: Path, tmp_path: Path) -> None:
    code, shown, progress = call(
        *("archive-ocr", "run", "--input", scans, "--output", tmp_path / "out"),
        *("--collection", "c", "--run-id", "r1", "--workers", 1, *FAKE),
    )
    assert code == 0
    assert "4 of 4 pages" in progress
    for cell in ("r1", "skipped", "E_UNSUPPORTED", "collection=c/run=r1"):
        assert cell in shown
    assert ds.dataset(tmp_path / "out" / "pages").count_rows() == 4


def test_the_steps_together_do_what_run_does(call, scans: Path, tmp_path: Path) -> None:
    where = ("--output", tmp_path / "out", "--run-id", "r1")
    code, shown, _ = call("archive-ocr", "plan", "--input", scans, *where, *FAKE)
    shards = json.loads(shown)["shards"]
    assert (code, shards) == (0, ["00000"])
    code, shown, _ = call("archive-ocr", "infer", *where, "--shard", "00000")
    assert (code, json.loads(shown)["by_status"]) == (0, {"ok": 3, "skipped": 1})
    code, shown, _ = call("archive-ocr", "infer", *where)
    assert (code, json.loads(shown)["shards"]) == (0, 0)
    assert call("archive-ocr", "seal", *where)[0] == 0
    assert (tmp_path / "out" / "_runs" / "r1" / "seal.json").exists()


def test_too_many_failed_pages_exit_with_3_once_sealed(call, scans: Path, tmp_path: Path) -> None:
    (scans / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\ncut short")
    run = ("archive-ocr", "run", "--input", scans, "--output", tmp_path / "out", "--workers", 1)
    code, shown, error = call(*run, "--run-id", "strict", *FAKE)
    assert code == 3
    assert "E_TRUNCATED" in shown
    assert "20.0%" in error
    assert (tmp_path / "out" / "_runs" / "strict" / "seal.json").exists()
    assert call(*run, "--run-id", "lax", *FAKE, "-o", "failures.max_share=0.5")[0] == 0


def test_a_seal_refused_exits_with_1_and_names_the_shard(call, scans: Path, tmp_path: Path) -> None:
    where = ("--output", tmp_path / "out", "--run-id", "r1")
    call("archive-ocr", "plan", "--input", scans, *where, *FAKE)
    code, _, error = call("archive-ocr", "seal", *where)
    assert code == 1
    assert "E_SEAL 1 shards are missing: 00000" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["archive-ocr", "run", "--output", "x"], "input: Field required"),
        (["archive-ocr", "run", "--input", "no/such", "--output", "x", *FAKE], "nothing at"),
        (["archive-ocr", "run", "--bogus"], "No such option"),
        (["archive-ocr", "seal", "--output", "x", "--run-id", "none"], "no run 'none'"),
        (["archive-ocr", "seal", "--output", "x", "--run-id", "../up"], "run id '../up'"),
        (["archive-ocr", "failures", "--output", "x", "--run-id", "none"], "no run 'none'"),
        (["archive-ocr", "retry", "--output", "x", "--run-id", "none"], "no run 'none'"),
        (["archive-ocr", "failures", "--output", "x"], "Missing option"),
        (["archive-ocr", "run", "--input", "http://h/x", "--output", "x"], "scheme 'http'"),
        (["ocr", "http://h/p.png", *FAKE], "scheme 'http'"),
        (["ocr", "p.png", "--save-path", "ftp://h", *FAKE], "scheme 'ftp'"),
        (["ocr", "p.png", "-o", "engine.knid=onnx"], "engine.knid: there is no such setting"),
        (["ocr", "p.png", "-o", "engine.device=tpu"], "use cpu or gpu:0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(
    call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, error = call(*arguments)
    assert code == 2
    assert said in error


def test_ocr_prints_text_and_saves_json_and_picture(call, scans: Path, tmp_path: Path) -> None:
    code, shown, error = call("ocr", scans, "--save-path", tmp_path / "saved", *FAKE)
    assert code == 0
    assert len(shown.split()) == 3
    assert "E_UNSUPPORTED" in error
    results = sorted((tmp_path / "saved").glob("*_res.json"))
    saved = json.loads(results[0].read_text())
    assert saved["rec_texts"] == shown.split()[:1]
    assert saved["rec_polys"] == [[[0.0, 0.0], [60.0, 0.0], [60.0, 40.0], [0.0, 40.0]]]
    picture = cv2.imread(str(tmp_path / "saved" / "page-0_ocr_res_img.jpg"))
    assert picture is not None
    assert picture.shape == (40, 60, 3)


def test_ocr_exits_with_1_where_a_page_failed(call, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\ncut short")
    code, _, error = call("ocr", tmp_path / "broken.png", *FAKE)
    assert code == 1
    assert "E_TRUNCATED" in error


@pytest.mark.parametrize(
    "command", [["archive-ocr", name] for name in ("run", "plan", "failures", "retry")] + [["ocr"]]
)
def test_help_shows_an_example(call, command: list[str]) -> None:
    code, shown, _ = call(*command, "--help")
    assert code == 0
    assert " ".join(["ocr-tasks", *command]) in " ".join(shown.split())


def test_engines_says_which_reads_and_why(call) -> None:
    code, shown, _ = call("engines", "-o", "engine.kind=onnx")
    assert code == 0
    assert "onnx in fp32 on cpu reads: engine.kind=onnx is set" in shown
    assert "PP-OCRv6_small_rec  sha256 6f327246" in shown
    for kind in ("openvino", "onnx", "paddle"):
        assert kind in shown


def test_engines_refuses_an_engine_that_cannot_be_loaded(call) -> None:
    code, _, said = call("engines", "-o", "engine.rec_model=/nowhere.onnx")
    assert code == 1
    assert "E_MODEL" in said
