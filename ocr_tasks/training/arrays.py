"""Arrays on disk: what a training looks at again and again, and what is too much to hold."""

import os
import tempfile
import weakref
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", bound=np.generic)


class ArrayStore(Generic[Value]):
    """Arrays in a file of this process's own, which goes with it.

    Threads may read while one of them appends.
    """

    def __init__(self, dtype: type[Value]) -> None:
        """No arrays yet; all will be of ``dtype``."""
        self._file = tempfile.TemporaryFile(prefix="training-")  # noqa: SIM115 - lives as long as this
        weakref.finalize(self, self._file.close)
        self._dtype = np.dtype(dtype)
        self._places: list[tuple[int, tuple[int, ...]]] = []
        self._end = 0

    def append(self, array: NDArray[Value]) -> int:
        """Takes in an array; returns its number.

        Raises:
            OSError: there is no room for it; nothing was taken in.
        """
        assert array.dtype == self._dtype
        end = self._end
        data = memoryview(array.tobytes())
        while data:  # a disk that is all but full takes a part, and then says why no more
            written = os.pwrite(self._file.fileno(), data, end)
            data, end = data[written:], end + written
        self._places.append((self._end, array.shape))
        self._end = end
        return len(self._places) - 1

    def shape(self, number: int) -> tuple[int, ...]:
        """The shape of an array."""
        return self._places[number][1]

    def array(self, number: int) -> NDArray[Value]:
        """The array of that number."""
        start, shape = self._places[number]
        size = int(np.prod(shape)) * self._dtype.itemsize
        data = os.pread(self._file.fileno(), size, start)
        return np.frombuffer(data, self._dtype).reshape(shape)
