"""An engine without weights, for the tests of wiring and faults. Never for real pages."""

import hashlib
import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_tasks import __version__
from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import SettingsError
from ocr_tasks.records import DetectedLines, EngineInfo, LineText, ModelInfo


class FakeDetector:
    """Finds one line as large as the page, or none on a page of one colour."""

    def __init__(self, seconds_a_page: float) -> None:
        """A detector that sleeps for so long on every page."""
        self._seconds_a_page = seconds_a_page

    def detect(self, page: NDArray[np.uint8]) -> DetectedLines:
        """See Detector."""
        time.sleep(self._seconds_a_page)
        if page.min() == page.max():
            return DetectedLines(np.empty((0, 4, 2), np.float32), np.empty(0, np.float32))
        height, width = page.shape[:2]
        corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], dtype=np.float32)
        return DetectedLines(corners, np.ones(1, np.float32))


class FakeRecognizer:
    """Reads the digest of a crop's pixels, so that equal crops and only those read alike."""

    def recognize(self, crops: NDArray[np.uint8]) -> list[LineText]:
        """See Recognizer."""
        return [LineText(hashlib.sha256(crop.tobytes()).hexdigest()[:16], 1.0) for crop in crops]


def load(spec: EngineSpec) -> Engine:
    """The fake engine; of ``spec`` it repeats the device, and takes the option ``seconds_a_page``.

    Raises:
        SettingsError: there is another option, or it is no number of seconds.
    """
    detector = FakeDetector(_seconds_a_page(spec.options))
    model = ModelInfo("fake", hashlib.sha256(b"fake").hexdigest())
    info = EngineInfo("fake", __version__, spec.device, model, model, model.sha256)
    return Engine(info, detector, FakeRecognizer())


def _seconds_a_page(options: dict[str, Any]) -> float:
    """How long a page takes, so that a run can be measured without what models cost."""
    unknown = sorted(options.keys() - {"seconds_a_page"})
    if unknown:
        raise SettingsError(f"engine.kind=fake has no engine.options.{unknown[0]}")
    seconds = options.get("seconds_a_page", 0)
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 <= seconds < math.inf:
        raise SettingsError(f"engine.options.seconds_a_page={seconds!r} is no number of seconds")
    return float(seconds)
