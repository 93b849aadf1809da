"""Strips of pixels on disk: a data set's lines are cut once and are too many to hold."""

import os
import tempfile
import weakref

import numpy as np

from ocr_tasks.imaging.crops import LINE_HEIGHT, Pixels

CHANNELS = 3


class StripStore:
    """Strips (LINE_HEIGHT, width, 3) in a file of this process's own, which goes with it."""

    def __init__(self) -> None:
        """No strips yet."""
        self._file = tempfile.TemporaryFile(prefix="strips-")  # noqa: SIM115 - lives as long as this
        weakref.finalize(self, self._file.close)
        self._ends = [0]  # in columns

    def append(self, strip: Pixels) -> int:
        """Takes in a strip; returns its number."""
        assert strip.shape[0] == LINE_HEIGHT
        assert strip.shape[2] == CHANNELS
        os.pwrite(self._file.fileno(), strip.tobytes(), self._ends[-1] * LINE_HEIGHT * CHANNELS)
        self._ends.append(self._ends[-1] + strip.shape[1])
        return len(self._ends) - 2

    def width(self, number: int) -> int:
        """The width of a strip in pixels."""
        return self._ends[number + 1] - self._ends[number]

    def strip(self, number: int) -> Pixels:
        """The strip of that number."""
        width, start = self.width(number), self._ends[number] * LINE_HEIGHT * CHANNELS
        data = os.pread(self._file.fileno(), LINE_HEIGHT * width * CHANNELS, start)
        return np.frombuffer(data, np.uint8).reshape(LINE_HEIGHT, width, CHANNELS)
