"""What the frozen blocks made of strips that come again, kept on disk."""

import hashlib
import logging
import os
import tempfile
import threading
import weakref

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.training.front import Front

Features = NDArray[np.float32]

log = logging.getLogger(__name__)


class FeatureMemory:
    """Features by the pixels they were made of, in a file of this process's own."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._file = tempfile.TemporaryFile(prefix="features-")  # noqa: SIM115 - lives as long as this
        weakref.finalize(self, self._file.close)
        self._places: dict[bytes, tuple[int, tuple[int, ...]]] = {}
        self._end, self._has_room = 0, True
        self._lock = threading.Lock()  # batches are made while others are read

    def features(self, strip: Pixels, front: Front) -> Features:
        """What ``front`` makes of a strip (1, LINE_HEIGHT, width, 3), to the bit; once."""
        key = hashlib.sha256(strip.tobytes()).digest()
        found = self._places.get(key)
        if found is not None:
            place, shape = found
            data = os.pread(self._file.fileno(), 4 * int(np.prod(shape)), place)
            return np.frombuffer(data, np.float32).reshape(shape)
        made = front(strip)
        with self._lock:
            if self._has_room and self._written(made):
                self._places[key] = self._end, made.shape
                self._end += made.nbytes
        return made

    def _written(self, made: Features) -> bool:
        """Whether features could be added; once they could not, no more are kept."""
        try:
            self._has_room = (
                os.pwrite(self._file.fileno(), made.tobytes(), self._end) == made.nbytes
            )
        except OSError as error:
            self._has_room = False
            log.warning("features are computed anew from here on: %s", error)
        return self._has_room
