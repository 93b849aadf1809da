"""The paddle engine on local folders, made from the weights of the rapidocr wheel."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.paddle_models import model_folders
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.paddle import PaddleDetector, PaddleRecognizer
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError
from ocr_tasks.imaging.crops import crop_line
from ocr_tasks.records import LineText

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

SAMPLE = Path(__file__).parents[1] / "data" / "sample_archive" / "theatre" / "act-1-page-11.jpg"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Detector and recogniser as PaddleX model folders: inference.onnx and inference.yml."""
    return model_folders(tmp_path_factory.mktemp("models"))


def test_paddleocr_reads_what_the_default_engine_reads(folders: tuple[Path, Path]) -> None:
    page = cv2.imread(str(SAMPLE))
    assert page is not None
    spec = EngineSpec(
        kind="paddle",
        det_model=str(folders[0]),
        rec_model=str(folders[1]),
        options={"engine": "onnxruntime"},
    )
    paddle, default = load_engine(spec), load_engine(EngineSpec())
    assert paddle.info.dict_sha256 == default.info.dict_sha256
    assert paddle.info.recognizer.name == "PP-OCRv6_small_rec"
    found = default.detector.detect(page)
    assert len(paddle.detector.detect(page).polygons) == pytest.approx(len(found.polygons), abs=2)
    for polygon in found.polygons[:4]:
        crops = crop_line(page, polygon)[np.newaxis]
        (theirs,), (ours,) = paddle.recognizer.recognize(crops), default.recognizer.recognize(crops)
        assert isinstance(theirs, LineText)
        assert theirs.text == ours.text
        assert theirs.confidence == pytest.approx(ours.confidence, abs=0.02)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no PaddleX model folder"):
        load_engine(EngineSpec(kind="paddle", det_model=str(tmp_path), rec_model=str(tmp_path)))


class _Lost:
    """What runs a network, whose device puts out NaN."""

    def __init__(self, runner: Any) -> None:
        self.runner = runner

    def __call__(self, x: Any) -> list[NDArray[np.float32]]:
        return [np.asarray(output) * np.nan for output in self.runner(x=x)]


def test_nan_from_the_network_is_a_fault_and_no_blank_page(folders: tuple[Path, Path]) -> None:
    spec = EngineSpec(
        kind="paddle",
        det_model=str(folders[0]),
        rec_model=str(folders[1]),
        options={"engine": "onnxruntime"},
    )
    engine = load_engine(spec)
    for part in (engine.detector, engine.recognizer):
        assert isinstance(part, PaddleDetector | PaddleRecognizer)
        predictor = part.model.paddlex_predictor
        predictor.runner = _Lost(predictor.runner)
    with pytest.raises(ArithmeticError):
        engine.detector.detect(np.full((480, 640, 3), 255, np.uint8))
    with pytest.raises(ArithmeticError):
        engine.recognizer.recognize(np.full((1, 48, 320, 3), 255, np.uint8))
