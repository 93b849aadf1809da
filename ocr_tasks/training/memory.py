"""What the frozen blocks made of strips that come again, kept on disk."""

import hashlib
import logging
import threading

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.training.arrays import ArrayStore
from ocr_tasks.training.front import Front

Features = NDArray[np.float32]

log = logging.getLogger(__name__)


class FeatureMemory:
    """Features by the pixels they were made of, as long as the disk has room for more."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._features: ArrayStore[np.float32] = ArrayStore(np.float32)
        self._numbers: dict[bytes, int] = {}
        self._has_room = True
        self._lock = threading.Lock()  # batches are made while others are read

    def features(self, strip: Pixels, front: Front) -> Features:
        """What ``front`` makes of a strip (1, LINE_HEIGHT, width, 3), to the bit; once."""
        key = hashlib.sha256(strip.tobytes()).digest()
        number = self._numbers.get(key)
        if number is not None:
            return self._features.array(number)
        made = front(strip)
        with self._lock:
            if self._has_room:
                self._keep(key, made)
        return made

    def _keep(self, key: bytes, made: Features) -> None:
        try:
            self._numbers[key] = self._features.append(made)
        except OSError as error:
            self._has_room = False
            log.warning("features are computed anew from here on: %s", error)
