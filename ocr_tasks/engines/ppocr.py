"""PP-OCR's two networks, whatever runs them: pages in, lines out; crops in, texts out."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.engines.answers import refuse_nan
from ocr_tasks.engines.fetching import ONNX_FILE, local_path
from ocr_tasks.engines.glance import lines_by_size
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.engines.weights import digest_of_file, refuse_other_weights, refuse_pickles
from ocr_tasks.errors import ModelError
from ocr_tasks.imaging.maps import DetectionSpec, Size, boxes_of_map
from ocr_tasks.records import DetectedLines, LineText, ModelInfo
from ocr_tasks.text.charset import charset_of
from ocr_tasks.text.ctc import decode_best_path

# The digests of the files in rapidocr 3.10.0; another file under the same name is refused.
DETECTOR = ModelInfo(
    "PP-OCRv6_small_det", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"
)
RECOGNIZER = ModelInfo(
    "PP-OCRv6_small_rec", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
)
WHEEL_FILES = {DETECTOR: "PP-OCRv6_det_small.onnx", RECOGNIZER: "PP-OCRv6_rec_small.onnx"}

# BGR uint8 (n, height, width, 3) to probabilities: of text, (n, 1, height, width), from the
# detector; of each class at each step, (n, steps, classes), from the recogniser. What comes back
# is the network's own memory, which its next call fills anew.
Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class PpocrDetector:
    """DB text detection."""

    network: Network
    spec: DetectionSpec

    def detect(self, page: NDArray[np.uint8]) -> DetectedLines:
        """See Detector."""
        return lines_by_size(page, self.spec, lambda size: self._look(page, size))

    def _look(self, page: NDArray[np.uint8], size: Size) -> DetectedLines:
        height, width = page.shape[:2]
        resized = cv2.resize(page, size[::-1], interpolation=cv2.INTER_LINEAR)
        probability = self.network(np.asarray(resized, np.uint8)[np.newaxis])[0, 0]
        refuse_nan(probability)
        polygons, scores = boxes_of_map(probability, height, width, self.spec)
        return DetectedLines(polygons, scores)


@dataclass(frozen=True, slots=True)
class PpocrRecognizer:
    """CTC text recognition.

    ``together`` says whether the network takes several crops at once. Where that gains nothing,
    each is read alone, and no bit of its answer can depend on another.
    """

    network: Network
    charset: tuple[str, ...]
    together: bool

    def recognize(self, crops: NDArray[np.uint8]) -> list[LineText]:
        """See Recognizer."""
        batches = [crops] if self.together else np.split(crops, len(crops))
        return [text for batch in batches for text in self._read(batch)]

    def _read(self, crops: NDArray[np.uint8]) -> list[LineText]:
        probabilities = self.network(crops)
        classes = probabilities.argmax(axis=2)
        scores = np.take_along_axis(probabilities, classes[..., np.newaxis], axis=2)[..., 0]
        refuse_nan(scores)
        return [
            LineText(*decode_best_path(line, line_scores, self.charset))
            for line, line_scores in zip(classes, scores, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An ONNX file whose digest was checked, and what it is. It is not loaded yet."""

    path: Path
    info: ModelInfo


def detector_file(spec: EngineSpec) -> ModelFile:
    """The user's detector, or the wheel's.

    Raises:
        ModelError: it is absent, is not the pinned one, or is a pickle.
    """
    return _checked(spec.det_model, DETECTOR, spec.det_sha256)


def recognizer_file(spec: EngineSpec) -> ModelFile:
    """The user's recogniser, or the wheel's. Raises as detector_file does."""
    return _checked(spec.rec_model, RECOGNIZER, spec.rec_sha256)


def _checked(given: str | None, default: ModelInfo, pinned: str | None) -> ModelFile:
    if given is None:
        path, name = wheel_models() / WHEEL_FILES[default], default.name
        refuse_other_weights(path, digest_of_file(path), default.sha256)
    else:
        path = local_path(given, pinned)
        path = path / ONNX_FILE if path.is_dir() else path
        name = path.parent.name or path.stem
    digest = digest_of_file(path)
    refuse_other_weights(path, digest, pinned)
    refuse_pickles(path)
    return ModelFile(path, ModelInfo(name, digest))


def wheel_models() -> Path:
    """The folder of weights in the installed ``rapidocr`` wheel, found without importing it."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or not found.submodule_search_locations:
        raise ModelError(
            "the rapidocr package, which carries the default weights, is not installed"
        )
    return Path(found.submodule_search_locations[0]) / "models"


def charset_in(path: Path, characters: str | None, classes: int | None) -> tuple[str, ...]:
    """The alphabet that a recogniser carries in its metadata, a character for each class.

    Raises:
        ModelError: it carries none, or one of another size than its last layer.
    """
    if characters is None:
        raise ModelError(f"{path} carries no `character` metadata: its alphabet is unknown")
    charset = charset_of(characters)
    if classes is not None and classes != len(charset):
        raise ModelError(f"{path} has {classes} classes but {len(charset)} characters")
    return charset


def normalised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, height, width, 3) of 0..255 as (n, 3, height, width) of -1..1, as these were trained."""
    scaled = images.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
