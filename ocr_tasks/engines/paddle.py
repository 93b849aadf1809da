"""PaddleOCR's own detector and recogniser, on any inference engine PaddleOCR has."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from ocr_tasks.engines.answers import refuse_nan
from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.glance import lines_by_size
from ocr_tasks.engines.ppocr import DETECTOR, RECOGNIZER
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.engines.weights import refuse_other_weights, refuse_pickles
from ocr_tasks.errors import ModelError
from ocr_tasks.imaging.boxes import clockwise_from_top_left
from ocr_tasks.imaging.maps import DetectionSpec, Size
from ocr_tasks.records import DetectedLines, EngineInfo, LineText, ModelInfo
from ocr_tasks.text.charset import charset_of, charset_sha256

CONFIG = "inference.yml"


@dataclass(frozen=True, slots=True)
class PaddleDetector:
    """PaddleOCR's TextDetection."""

    model: Any
    spec: DetectionSpec

    def detect(self, page: NDArray[np.uint8]) -> DetectedLines:
        """See Detector; the page is scaled as for every other engine, not as PaddleOCR would."""
        return lines_by_size(page, self.spec, lambda size: self._look(page, size))

    def _look(self, page: NDArray[np.uint8], size: Size) -> DetectedLines:
        height, width = page.shape[:2]
        seen_height, seen_width = size
        result = self.model.predict(cv2.resize(page, (seen_width, seen_height)))[0]
        to_page = np.array([width / seen_width, height / seen_height], dtype=np.float32)
        polygons = [
            clockwise_from_top_left(np.asarray(polygon, np.float32) * to_page)
            for polygon in result["dt_polys"]
        ]
        scores = np.asarray(result["dt_scores"], dtype=np.float32)
        return DetectedLines(np.array(polygons, np.float32).reshape(-1, 4, 2), scores)


@dataclass(frozen=True, slots=True)
class PaddleRecognizer:
    """PaddleOCR's TextRecognition."""

    model: Any

    def recognize(self, crops: NDArray[np.uint8]) -> list[LineText]:
        """See Recognizer."""
        results = self.model.predict(list(crops), batch_size=len(crops))
        return [LineText(result["rec_text"], float(result["rec_score"])) for result in results]


def load(spec: EngineSpec) -> Engine:
    """PaddleOCR's models from local folders, or by its own download where there are none.

    ``spec.options`` go to both models' constructors, for instance ``engine: onnxruntime``.

    Raises:
        ModelError: a folder has no model, or PaddleOCR could not load or fetch one.
    """
    if spec.det_model and spec.rec_model:  # nothing to fetch, so no model hub need be looked for
        os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    import paddleocr

    if spec.threads:
        os.environ["OMP_NUM_THREADS"] = str(spec.threads)
    detection = spec.detection
    detector, det_info = _load(
        paddleocr.TextDetection,
        spec,
        spec.det_model,
        DETECTOR.name,
        spec.det_sha256,
        limit_side_len=32,  # the page comes in the size it is to be seen in
        limit_type="min",
        thresh=detection.threshold,
        box_thresh=detection.box_threshold,
        unclip_ratio=detection.unclip_ratio,
    )
    recognizer, rec_info = _load(
        paddleocr.TextRecognition, spec, spec.rec_model, RECOGNIZER.name, spec.rec_sha256
    )
    info = EngineInfo(
        engine="paddle",
        engine_version=f"paddleocr {paddleocr.__version__}",
        device=spec.device,
        detector=det_info,
        recognizer=rec_info,
        dict_sha256=charset_sha256(_charset(_folder_of(recognizer, spec.rec_model))),
    )
    return Engine(info, PaddleDetector(detector, detection), PaddleRecognizer(recognizer))


def _load(
    model_class: Any,
    spec: EngineSpec,
    folder: str | None,
    name: str,
    pinned: str | None,
    **more: Any,
) -> tuple[Any, ModelInfo]:
    """The model and what it is. One that PaddleOCR fetches itself is checked once it is there."""
    if folder is not None:
        name = _checked_info(Path(folder), pinned).name
    try:
        model = model_class(
            model_name=name, model_dir=folder, device=spec.device, **more, **spec.options
        )
    except Exception as error:  # PaddleX raises many kinds; each means that the model is not there
        cause = error.__cause__ or error
        raise ModelError(f"PaddleOCR cannot load {folder or name}: {cause}") from error
    predictor = model.paddlex_predictor
    if hasattr(predictor, "runner"):  # every engine of PaddleX but Transformers
        predictor.post_op = _refusing_nan(predictor.post_op)
    return model, _checked_info(_folder_of(model, folder), pinned)


def _checked_info(folder: Path, pinned: str | None) -> ModelInfo:
    info = _model_info(folder)
    refuse_other_weights(folder, info.sha256, pinned)
    refuse_pickles(folder)
    return info


def _refusing_nan(post_op: Callable[..., Any]) -> Callable[..., Any]:
    """The same step after the network, but for NaN, of which PaddleX would make a blank page."""

    def checked(outputs: Sequence[NDArray[np.float32]], *args: Any, **options: Any) -> Any:
        for output in outputs:
            refuse_nan(np.asarray(output))
        return post_op(outputs, *args, **options)

    return checked


def _folder_of(model: Any, given: str | None) -> Path:
    """Where the loaded model's files lie, given or fetched."""
    return Path(given or model.paddlex_predictor.model_dir)


def _model_info(folder: Path) -> ModelInfo:
    """The model's name and one digest over its files."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("inference.*")):
        digest.update(path.name.encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return ModelInfo(_config(folder)["Global"]["model_name"], digest.hexdigest())


def _charset(folder: Path) -> tuple[str, ...]:
    characters = _config(folder)["PostProcess"]["character_dict"]
    return charset_of("\n".join(str(character) for character in characters))


def _config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ModelError(f"{folder} is no PaddleX model folder: {error}") from error
    return config
