"""Lines of a dataset are read as pages are, by a real engine with weights of its own."""

import hashlib
import json
from dataclasses import replace

import pytest

from ocr_tasks import storage
from ocr_tasks.archive.decode import pixels_sha256
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.errors import DatasetError, EngineBrokenError
from ocr_tasks.evaluation.evaluate import EvaluationSpec, evaluate, line_crop
from ocr_tasks.imaging.crops import WIDTH_STEP
from tests.dataset.folders import REAL_LINES, real_lines, write_lines
from tests.evaluation.bars import ONNX, bar_lines, engine_with, read, write_bars
from tests.makers import draw_corners, draw_page
from tests.tiny_onnx import drawn_bars, write_recognizer

SPEC, LIMITS = EvaluationSpec(), LimitSpec()


@pytest.fixture
def bars(tmp_path):
    """A dataset whose test part has forty lines of eight documents."""
    write_bars(tmp_path / "bars", bar_lines(8, 5))
    return tmp_path / "bars"


@pytest.fixture
def reader(tmp_path):
    return engine_with(write_recognizer(tmp_path / "bars-v1" / "inference.onnx"))


def report_on(folder, engine, spec=SPEC):
    return evaluate(read(str(folder)), engine, spec, LIMITS)


def test_every_line_of_the_part_is_read_and_told(bars, reader, tmp_path):
    told = report_on(bars, reader)
    expected = [(line.name, line.label, line.group) for line in bar_lines(8, 5)]
    assert [(line.path, line.label, line.group) for line in told.lines] == expected
    assert all(line.read == line.label for line in told.lines)
    assert (told.score.accuracy, told.score.cer) == (1.0, 0.0)
    weights = (tmp_path / "bars-v1" / "inference.onnx").read_bytes()
    assert told.engine.recognizer.name == "bars-v1"
    assert told.engine.recognizer.sha256 == hashlib.sha256(weights).hexdigest()
    assert told.seconds > 0


@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_engines_read_exported_weights_alike_and_name_their_digest(bars, tmp_path, kind):
    weights = write_recognizer(tmp_path / "bars-v1" / "inference.onnx", {"c": "b"})
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    engine = engine_with(weights.parent, kind=kind, precision="fp32", rec_sha256=sha256)
    told = report_on(bars, engine)
    assert [line.read for line in told.lines] == [
        line.label.replace("c", "b") for line in told.lines
    ]
    assert told.engine.recognizer.sha256 == sha256


def test_batches_change_no_reading(bars, reader):
    alone = report_on(bars, reader, replace(SPEC, batch_lines=1))
    many = report_on(bars, reader, replace(SPEC, batch_lines=64))
    assert [line.read for line in alone.lines] == [line.read for line in many.lines]


def test_progress_is_heard_to_the_end(bars, reader):
    heard = []
    evaluate(read(str(bars)), reader, SPEC, LIMITS, lambda *done: heard.append(done))
    assert heard[-1] == (40, 40)
    assert heard == sorted(heard)


def test_lines_are_told_by_their_pixels_and_their_source(bars, reader):
    meta = bars / "test.meta.jsonl"
    told = [json.loads(line) for line in meta.read_text().splitlines()]
    meta.write_text("".join(json.dumps(each | {"src": "ledgers"}) + "\n" for each in told))
    lines = report_on(bars, reader).lines
    assert {line.source for line in lines} == {"ledgers"}
    assert lines[0].image_sha256 == pixels_sha256(drawn_bars(lines[0].label))


def test_what_cannot_be_decoded_is_counted_and_blamed_on_no_model(bars, reader):
    names = [line.name for line in bar_lines(8, 5)]
    (bars / names[0]).unlink()
    (bars / names[1]).write_bytes((bars / names[1]).read_bytes()[:60])
    (bars / names[2]).write_bytes(b"")
    told = report_on(bars, reader)
    assert len(told.lines) == 37
    assert [(each.path, each.code) for each in told.unscored] == [
        (names[0], "IMAGE_MISSING"),
        (names[1], "E_TRUNCATED"),
        (names[2], "E_EMPTY"),
    ]
    assert told.score.accuracy == 1.0


def test_a_model_that_puts_out_no_numbers_is_broken_and_blames_no_line(bars, tmp_path):
    weights = write_recognizer(tmp_path / "nan" / "inference.onnx", weight=float("nan"))
    with pytest.raises(EngineBrokenError):
        report_on(bars, engine_with(weights))


def test_a_part_without_lines_cannot_be_evaluated(bars, reader):
    (bars / "test.txt").unlink()
    with pytest.raises(DatasetError, match="no line in test"):
        report_on(bars, reader)


def test_a_part_of_which_nothing_can_be_decoded_cannot_be_evaluated(bars, reader):
    for line in bar_lines(8, 5):
        (bars / line.name).write_bytes(b"")
    with pytest.raises(DatasetError, match="can be decoded"):
        report_on(bars, reader)


def test_pages_cannot_be_evaluated(tmp_path, reader):
    label = json.dumps([{"points": [[1, 1], [9, 1], [9, 9]], "transcription": "word"}])
    for part in ("train", "val", "test"):
        (tmp_path / f"{part}.txt").write_text(f"page.jpg\t{label}\n")
    with pytest.raises(DatasetError, match="TextDetDataset"):
        report_on(tmp_path, reader)


def test_a_dataset_in_s3_is_read_as_one_in_a_folder(bars, reader, s3_endpoint):
    url = s3_endpoint.uri("evaluated/bars")
    for path in sorted(bars.rglob("*")):
        if path.is_file():
            storage.write(storage.join(url, str(path.relative_to(bars))), path.read_bytes())
    there, here = report_on(url, reader), report_on(bars, reader)
    assert there.lines == here.lines


@pytest.mark.parametrize("page", [draw_page(width=301), draw_corners(200, 40)])
def test_crops_are_of_the_recognisers_height_and_step(page):
    crop = line_crop(page)
    assert crop.shape[0] == 48
    assert crop.shape[1] % WIDTH_STEP == 0
    upright = page if page.shape[0] < page.shape[1] else page.transpose(1, 0, 2)
    assert crop.shape[1] >= 48 * upright.shape[1] / upright.shape[0]


@pytest.mark.skipif(not REAL_LINES.exists(), reason="the real lines are not at hand")
def test_the_default_recogniser_reads_real_hands_and_the_report_says_how_badly(tmp_path):
    lines = real_lines("val", 25)
    characters = sorted({*"".join(line.label for line in lines)} - {" "})
    write_lines(tmp_path / "hands", characters, train=lines[:1], val=lines)
    told = report_on(tmp_path / "hands", load_engine(ONNX), replace(SPEC, part="val"))
    assert len(told.lines) == 25
    assert 0.0 <= told.score.accuracy <= 0.2
    assert 0.05 <= told.score.cer <= 0.3
    assert told.score.wer > told.score.cer
