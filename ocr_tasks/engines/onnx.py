"""The default engine: PP-OCRv6_small on ONNX Runtime, weights from the ``rapidocr`` wheel."""

import functools
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ocr_tasks.engines.answers import refuse_nan
from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.spec import EngineSpec, gpu_index
from ocr_tasks.engines.weights import digest_of_file, refuse_other_weights, refuse_pickles
from ocr_tasks.errors import ModelError
from ocr_tasks.imaging.maps import DetectionSpec, boxes_of_map, detection_size
from ocr_tasks.records import DetectedLines, EngineInfo, LineText, ModelInfo
from ocr_tasks.text.charset import charset_of, charset_sha256
from ocr_tasks.text.ctc import decode_best_path

# The digests of the files in rapidocr 3.10.0; another file under the same name is refused.
DETECTOR = ModelInfo(
    "PP-OCRv6_small_det", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"
)
RECOGNIZER = ModelInfo(
    "PP-OCRv6_small_rec", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
)
WHEEL_FILES = {DETECTOR: "PP-OCRv6_det_small.onnx", RECOGNIZER: "PP-OCRv6_rec_small.onnx"}


@dataclass(frozen=True, slots=True)
class OnnxDetector:
    """DB text detection: the page in, its lines out."""

    session: ort.InferenceSession
    spec: DetectionSpec

    def detect(self, page: NDArray[np.uint8]) -> DetectedLines:
        """See Detector; the page is normalised to -1..1 as these weights were trained."""
        height, width = page.shape[:2]
        seen_height, seen_width = detection_size(height, width, self.spec)
        size = (seen_width, seen_height)
        resized = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        probability = _run(self.session, _normalised(resized[np.newaxis]))[0, 0]
        refuse_nan(probability)
        polygons, scores = boxes_of_map(probability, height, width, self.spec)
        return DetectedLines(polygons, scores)


@dataclass(frozen=True, slots=True)
class OnnxRecognizer:
    """CTC text recognition: crops of one width in, their texts out."""

    session: ort.InferenceSession
    charset: tuple[str, ...]

    def recognize(self, crops: NDArray[np.uint8]) -> list[LineText]:
        """See Recognizer."""
        probabilities = _run(self.session, _normalised(crops))
        classes = probabilities.argmax(axis=2)
        scores = np.take_along_axis(probabilities, classes[..., np.newaxis], axis=2)[..., 0]
        refuse_nan(scores)
        return [
            LineText(*decode_best_path(line, line_scores, self.charset))
            for line, line_scores in zip(classes, scores, strict=True)
        ]


def load(spec: EngineSpec) -> Engine:
    """The engine that ``spec`` names.

    Raises:
        ModelError: a file is absent, is not the pinned one, or the device cannot be had.
    """
    det_path, detector = _model(spec.det_model, DETECTOR, spec.det_sha256)
    rec_path, recognizer = _model(spec.rec_model, RECOGNIZER, spec.rec_sha256)
    rec_session = _session(rec_path, spec)
    characters = rec_session.get_modelmeta().custom_metadata_map.get("character")
    if characters is None:
        raise ModelError(f"{rec_path} carries no `character` metadata: its alphabet is unknown")
    charset = charset_of(characters)
    classes = rec_session.get_outputs()[0].shape[-1]
    if isinstance(classes, int) and classes != len(charset):
        raise ModelError(f"{rec_path} has {classes} classes but {len(charset)} characters")
    info = EngineInfo(
        engine="onnx",
        engine_version=f"onnxruntime {ort.__version__}",
        device=spec.device,
        detector=detector,
        recognizer=recognizer,
        dict_sha256=charset_sha256(charset),
    )
    return Engine(
        info,
        OnnxDetector(_session(det_path, spec), spec.detection),
        OnnxRecognizer(rec_session, charset),
    )


def _model(given: str | None, default: ModelInfo, pinned: str | None) -> tuple[Path, ModelInfo]:
    """The file to load and what it is: the user's own, or the wheel's. It is not loaded yet."""
    if given is None:
        path, name = wheel_models() / WHEEL_FILES[default], default.name
        refuse_other_weights(path, digest_of_file(path), default.sha256)
    else:
        path = Path(given)
        path = path / "inference.onnx" if path.is_dir() else path
        name = path.parent.name or path.stem
    digest = digest_of_file(path)
    refuse_other_weights(path, digest, pinned)
    refuse_pickles(path)
    return path, ModelInfo(name, digest)


def wheel_models() -> Path:
    """The folder of weights in the installed ``rapidocr`` wheel, found without importing it."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or not found.submodule_search_locations:
        raise ModelError(
            "the rapidocr package, which carries the default weights, is not installed"
        )
    return Path(found.submodule_search_locations[0]) / "models"


def _session(path: Path, spec: EngineSpec) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = spec.threads or len(os.sched_getaffinity(0))
    # Idle threads that spin take cores from the other workers of a shared machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if spec.device == "cpu":
        _share_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.enable_mem_pattern = False  # a block for each shape, and no two pages have one
    providers = _providers(spec)
    try:
        session = ort.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime raises a dozen private classes
        raise ModelError(f"cannot load the model {path}: {error}") from error
    wanted = "CPUExecutionProvider" if spec.device == "cpu" else "CUDAExecutionProvider"
    if session.get_providers()[0] != wanted:
        raise ModelError(f"engine.device={spec.device}, but ONNX Runtime could not start it")
    return session


@functools.cache
def _share_memory() -> None:
    """Gives this process one arena for all its models, which take turns, in place of one each.

    Without memory patterns, that halves what a worker holds: docs/benchmarks.md has the figures.
    """
    cpu = ort.OrtMemoryInfo(
        "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    )
    ort.create_and_register_allocator(cpu, ort.OrtArenaCfg({}))


def _providers(spec: EngineSpec) -> list[str | tuple[str, dict[str, Any]]]:
    if spec.device == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        raise ModelError(
            f"engine.device={spec.device} needs the onnxruntime-gpu package in place of onnxruntime"
        )
    cuda = {"device_id": gpu_index(spec.device), **spec.options}
    return [("CUDAExecutionProvider", cuda), "CPUExecutionProvider"]


def _normalised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, height, width, 3) of 0..255 as (n, 3, height, width) of -1..1."""
    scaled = images.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def _run(session: ort.InferenceSession, images: NDArray[np.float32]) -> NDArray[np.float32]:
    output: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: images})[0]
    return output
