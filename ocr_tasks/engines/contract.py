"""What an engine is: a detector, a recogniser, and who they are."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.records import DetectedLines, EngineInfo, LineText


class Detector(Protocol):
    """Finds the lines of a page."""

    def detect(self, page: NDArray[np.uint8]) -> DetectedLines:
        """The lines on ``page`` (height, width, 3), BGR, in that page's pixels."""
        ...


class Recognizer(Protocol):
    """Reads crops of lines. It knows no pages."""

    def recognize(self, crops: NDArray[np.uint8]) -> list[LineText]:
        """The text of ``crops`` (n, 48, width, 3), BGR, one answer each, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """A detector and a recogniser that were loaded together, and what every row says of them."""

    info: EngineInfo
    detector: Detector
    recognizer: Recognizer
