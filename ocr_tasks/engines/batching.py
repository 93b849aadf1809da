"""Crops of many pages, pooled by width and read in full batches."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.engines.answers import TRIES, refuse_broken_recognizer, texts_of
from ocr_tasks.engines.contract import Recognizer
from ocr_tasks.errors import InferenceError
from ocr_tasks.records import LineText

Crop = NDArray[np.uint8]
Ticket = tuple[int, int]  # page number, line number: whom the answer is for


@dataclass(frozen=True, slots=True)
class ReadCrop:
    """One crop's answer: its ticket, the text or the fault, the tries that took, and how long.

    ``milliseconds`` are its share of the last try's batch.
    """

    ticket: Ticket
    answer: LineText | InferenceError
    milliseconds: float
    tries: int


class CropPool:
    """Collects crops and hands them to the recogniser in batches of equal width.

    Only crops that are equally wide share a batch, and a crop's width comes from its own page, so
    whatever else is in the pool cannot change what is read. Reading raises EngineBrokenError where
    no line is to blame, but the recogniser.
    """

    def __init__(self, recognizer: Recognizer, batch_lines: int) -> None:
        """A pool that reads as soon as ``batch_lines`` crops of one width are there."""
        self._recognizer = recognizer
        self._batch_lines = batch_lines
        self._waiting: dict[int, list[tuple[Ticket, Crop]]] = defaultdict(list)
        self._full: deque[list[tuple[Ticket, Crop]]] = deque()

    def put(self, ticket: Ticket, crop: Crop) -> None:
        """Takes in a crop. More may be put in while answers are taken out."""
        width = crop.shape[1]
        self._waiting[width].append((ticket, crop))
        if len(self._waiting[width]) >= self._batch_lines:
            self._full.append(self._waiting.pop(width))

    def read_full(self) -> Iterator[ReadCrop]:
        """Reads every batch that is full."""
        while self._full:
            yield from self._read(self._full.popleft())

    def read_all(self) -> Iterator[ReadCrop]:
        """Reads everything that waits."""
        while self._full or self._waiting:
            yield from self.read_full()
            if self._waiting:
                _, batch = self._waiting.popitem()
                yield from self._read(batch)

    def _read(self, batch: list[tuple[Ticket, Crop]], tries: int = 1) -> Iterator[ReadCrop]:
        """The batch's answers; what failed in it is tried again, each line alone."""
        started = time.perf_counter()
        answers = texts_of(self._recognizer, [crop for _, crop in batch])
        share = (time.perf_counter() - started) * 1000 / len(batch)
        for single, answer in zip(batch, answers, strict=True):
            if isinstance(answer, InferenceError):
                if tries < TRIES:  # a batch's fault may be one line's: the others are read alone
                    yield from self._read([single], tries + 1)
                    continue
                refuse_broken_recognizer(self._recognizer, answer)
            yield ReadCrop(single[0], answer, share, tries)
