import shutil
from dataclasses import replace
from importlib.metadata import version

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_tasks.engines import ppocr
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.processor import computes_in_bf16
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError
from ocr_tasks.imaging.crops import crop_line
from ocr_tasks.recognition import RecognitionSpec

BF16 = pytest.mark.skipif(not computes_in_bf16(), reason="this CPU does not compute in bfloat16")
KINDS = [("onnx", "fp32"), ("openvino", "fp32"), pytest.param(("openvino", "bf16"), marks=BF16)]
LOADERS = ["onnx", "openvino"]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: "-".join(kind))
def engine(request):
    kind, precision = request.param
    return load_engine(EngineSpec(kind=kind, precision=precision, threads=1))


def drawn(*lines, size=(900, 400)):
    """A page with these lines of black text on white, and where each stands: x0, y0, x1, y1."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(44)
    boxes = []
    for number, text in enumerate(lines):
        place = (60, 60 + 110 * number)
        pen.text(place, text, fill="black", font=font)
        boxes.append(pen.textbbox(place, text, font=font))
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), boxes


def read_lines(engine, page):
    """The texts of a page from top to bottom, with their boxes."""
    found = engine.detector.detect(page)
    order = np.argsort(found.polygons[:, :, 1].min(axis=1))
    polygons = found.polygons[order]
    reads = [
        engine.recognizer.recognize(crop_line(page, polygon)[np.newaxis])[0] for polygon in polygons
    ]
    return reads, polygons


def test_drawn_lines_are_found_where_they_stand_and_read_as_they_were_drawn(engine):
    texts = ["Ledger of the harbour 1884", "Paid: 27 barrels of tar", "Signed W. Brown"]
    page, boxes = drawn(*texts)
    reads, polygons = read_lines(engine, page)
    assert [read.text for read in reads] == texts
    assert all(read.confidence > 0.9 for read in reads)
    for polygon, (x0, y0, x1, y1) in zip(polygons, boxes, strict=True):
        low, high = polygon.min(axis=0), polygon.max(axis=0)
        assert np.abs([low[0] - x0, low[1] - y0, high[0] - x1, high[1] - y1]).max() < 25


def test_a_line_reads_the_same_alone_and_in_a_batch(engine):
    page, _ = drawn("first of these", "second of it", "third and last")
    found = engine.detector.detect(page)
    crops = [crop_line(page, polygon) for polygon in found.polygons]
    width = max(crop.shape[1] for crop in crops)
    batch = np.full((len(crops), 48, width, 3), 127, np.uint8)
    for row, crop in zip(batch, crops, strict=True):
        row[:, : crop.shape[1]] = crop
    together = engine.recognizer.recognize(batch)
    alone = [engine.recognizer.recognize(row[np.newaxis])[0] for row in batch]
    assert [read.text for read in together] == [read.text for read in alone]
    assert [read.confidence for read in together] == pytest.approx(
        [read.confidence for read in alone], abs=1e-3
    )


@pytest.mark.parametrize(
    "size", [(900, 400), (40, 700), (700, 40), (3, 3)], ids=["page", "slip", "strip", "speck"]
)
def test_an_empty_page_of_any_shape_has_no_text(engine, size):
    """In bfloat16 the detector takes a white square for a line; nothing is read in it."""
    page, _ = drawn(size=size)
    reads, polygons = read_lines(engine, page)
    assert [read for read in reads if read.confidence >= RecognitionSpec().min_confidence] == []
    assert polygons.shape[1:] == (4, 2)


def test_lines_lie_on_the_page_even_where_text_runs_over_its_edge(engine):
    page, _ = drawn("cut off at the right margin of it", size=(500, 140))
    polygons = engine.detector.detect(page).polygons
    assert len(polygons) == 1
    assert polygons.min() >= 0
    assert (polygons.max(axis=(0, 1)) <= [500, 140]).all()


def test_coloured_ink_is_read(engine):
    page, _ = drawn("coloured ink")
    blue_ink = np.where(page < 128, np.array([255, 40, 40], np.uint8), page)
    (read,), _ = read_lines(engine, blue_ink)
    assert read.text == "coloured ink"


def test_every_class_of_the_network_has_its_character(engine):
    probabilities = engine.recognizer.network(np.full((1, 48, 32, 3), 255, np.uint8))
    assert probabilities.shape == (1, 4, len(engine.recognizer.charset))
    assert {"A", "z", "é", "ç", "7", "€", "漢"} <= set(engine.recognizer.charset)


def test_the_engine_names_the_digests_of_the_files_it_loaded(engine):
    assert (engine.info.detector, engine.info.recognizer) == (ppocr.DETECTOR, ppocr.RECOGNIZER)
    package = {"onnx": "onnxruntime"}.get(engine.info.engine, engine.info.engine)
    assert engine.info.engine_version == f"{package} {version(package)}"


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A copy of the wheel's models, which the engine takes for the wheel's own."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ppocr.WHEEL_FILES.values():
        shutil.copy(ppocr.wheel_models() / name, folder / name)
    monkeypatch.setattr(ppocr, "wheel_models", lambda: folder)
    return folder


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize("model", ppocr.WHEEL_FILES, ids=lambda model: model.name)
def test_a_file_of_the_wheel_with_another_digest_is_refused(wheel, model, kind):
    path = wheel / ppocr.WHEEL_FILES[model]
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match=f"not the pinned {model.sha256}") as refusal:
        load_engine(EngineSpec(kind=kind))
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize("model", ppocr.WHEEL_FILES, ids=lambda model: model.name)
def test_a_file_that_the_wheel_lacks_is_named(wheel, model, kind):
    path = wheel / ppocr.WHEEL_FILES[model]
    path.unlink()
    with pytest.raises(ModelError, match=f"cannot read the model {path}"):
        load_engine(EngineSpec(kind=kind))


@pytest.mark.parametrize("kind", LOADERS)
def test_without_the_wheel_the_remedy_is_its_name(monkeypatch, kind):
    monkeypatch.setattr(ppocr.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="rapidocr"):
        load_engine(EngineSpec(kind=kind))


@pytest.mark.parametrize("kind", LOADERS)
def test_a_model_of_ones_own_is_loaded_from_its_folder_and_named_after_it(tmp_path, kind):
    folder = tmp_path / "harbour-hand"
    folder.mkdir()
    shutil.copy(ppocr.wheel_models() / "PP-OCRv6_rec_small.onnx", folder / "inference.onnx")
    own = load_engine(EngineSpec(kind=kind, threads=1, rec_model=str(folder)))
    assert own.info.recognizer.name == "harbour-hand"
    assert own.info.recognizer.sha256 == ppocr.RECOGNIZER.sha256
    assert own.info.detector == ppocr.DETECTOR
    page, _ = drawn("read by my own")
    assert [read.text for read in read_lines(own, page)[0]] == ["read by my own"]


@pytest.mark.parametrize("kind", LOADERS)
def test_a_model_of_ones_own_is_not_held_against_the_pinned_digest(tmp_path, kind):
    path = tmp_path / "shed" / "other.onnx"
    path.parent.mkdir()
    shutil.copy(ppocr.wheel_models() / "PP-OCRv6_det_small.onnx", path)
    with path.open("ab") as file:
        # An empty field of an unknown number: another digest, the same network.
        file.write(bytes([0x82, 0x7D, 0x00]))
    detector = load_engine(EngineSpec(kind=kind, threads=1, det_model=str(path))).info.detector
    assert detector.name == "shed"
    assert detector.sha256 != ppocr.DETECTOR.sha256


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(None, "cannot read the model", id="absent"),
        pytest.param(b"these are no weights", "cannot load the model", id="no model"),
        pytest.param("detector", "no `character` metadata", id="a detector"),
    ],
)
def test_a_recogniser_that_is_none_is_refused_by_its_path(tmp_path, content, complaint, kind):
    path = tmp_path / "given.onnx"
    if content == "detector":
        shutil.copy(ppocr.wheel_models() / "PP-OCRv6_det_small.onnx", path)
    elif content:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=complaint) as refusal:
        load_engine(EngineSpec(kind=kind, rec_model=str(path)))
    assert str(path) in str(refusal.value)


def test_boxes_are_in_the_pages_own_pixels_whatever_size_the_network_saw(engine):
    page, _ = drawn("the same line")
    twice = cv2.resize(page, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    once_found, twice_found = (engine.detector.detect(image) for image in (page, twice))
    assert twice_found.polygons / 2 == pytest.approx(once_found.polygons, abs=6)


@pytest.mark.parametrize("lost", [np.nan, np.inf], ids=["nan", "infinity"])
def test_a_network_that_puts_out_no_numbers_is_a_fault_and_no_blank_page(engine, lost):
    page, _ = drawn("not to be lost")
    crops = np.full((1, 48, 320, 3), 127, np.uint8)

    def harmed(network):
        return lambda images: network(images) * 0 + lost

    detector = replace(engine.detector, network=harmed(engine.detector.network))
    recognizer = replace(engine.recognizer, network=harmed(engine.recognizer.network))
    with pytest.raises(ArithmeticError):
        detector.detect(page)
    with pytest.raises(ArithmeticError):
        recognizer.recognize(crops)


def test_openvino_and_onnx_runtime_agree_on_every_probability_in_fp32():
    page, _ = drawn("Ledger of the harbour 1884", "Paid: 27 barrels of tar")
    one, other = (load_engine(EngineSpec(kind=kind, precision="fp32")) for kind in LOADERS)
    crop = crop_line(page, one.detector.detect(page).polygons[0])[np.newaxis]
    for part, image in (("detector", page[np.newaxis, :384, :896]), ("recognizer", crop)):
        probabilities = [getattr(engine, part).network(image) for engine in (one, other)]
        assert np.abs(probabilities[0] - probabilities[1]).max() < 1e-3
