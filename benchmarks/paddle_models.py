"""The weights of the rapidocr wheel as folders that PaddleOCR loads, so that nothing is fetched."""

import os
import shutil
from pathlib import Path
from typing import Any

import onnxruntime
import yaml

from ocr_tasks.engines.ppocr import DETECTOR, RECOGNIZER, WHEEL_FILES, wheel_models
from ocr_tasks.text.charset import charset_of


def model_folders(root: Path) -> tuple[Path, Path]:
    """Detector and recogniser below ``root``: inference.onnx and inference.yml each."""
    det, rec = root / "det", root / "rec"
    for folder, model in ((det, DETECTOR), (rec, RECOGNIZER)):
        folder.mkdir()
        shutil.copy(wheel_models() / WHEEL_FILES[model], folder / "inference.onnx")
    _write(det, DETECTOR.name, _det_transforms(), {"name": "DBPostProcess"})
    session = onnxruntime.InferenceSession(str(rec / "inference.onnx"))
    _, *characters, _ = charset_of(session.get_modelmeta().custom_metadata_map["character"])
    resize = [{"RecResizeImg": {"image_shape": [3, 48, 320]}}]
    _write(rec, RECOGNIZER.name, resize, {"name": "CTCLabelDecode", "character_dict": characters})
    return det, rec


def _det_transforms() -> list[dict[str, object]]:
    normalise = {"mean": [0.5] * 3, "std": [0.5] * 3, "scale": "1./255.", "order": "hwc"}
    return [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"DetResizeForTest": {"resize_long": 960}},
        {"NormalizeImage": normalise},
        {"ToCHWImage": None},
        {"KeepKeys": {"keep_keys": ["image", "shape"]}},
    ]


def _write(folder: Path, name: str, transforms: object, postprocess: object) -> None:
    config = {
        "Global": {"model_name": name},
        "PreProcess": {"transform_ops": transforms},
        "PostProcess": postprocess,
    }
    (folder / "inference.yml").write_text(yaml.safe_dump(config, allow_unicode=True))


def pipeline(root: Path) -> Any:
    """PaddleOCR on ONNX Runtime; its detector sees pages at the sides that RapidOCR's sees."""
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    from paddleocr import PaddleOCR

    det, rec = model_folders(root)
    return PaddleOCR(
        text_detection_model_name=DETECTOR.name,
        text_detection_model_dir=str(det),
        text_recognition_model_name=RECOGNIZER.name,
        text_recognition_model_dir=str(rec),
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
        text_det_limit_side_len=736,
        text_det_limit_type="min",
        engine="onnxruntime",
    )
