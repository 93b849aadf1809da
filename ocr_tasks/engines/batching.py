"""Crops of many pages, pooled by width and read in full batches."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.engines.contract import Recognizer
from ocr_tasks.errors import InferenceError
from ocr_tasks.records import LineText

Crop = NDArray[np.uint8]
Ticket = tuple[int, int]  # page number, line number: whom the answer is for


@dataclass(frozen=True, slots=True)
class ReadCrop:
    """One crop's answer: its ticket, the text or the fault, and its share of the batch's time."""

    ticket: Ticket
    answer: LineText | InferenceError
    milliseconds: float


class CropPool:
    """Collects crops and hands them to the recogniser in batches of equal width.

    Only crops that are equally wide share a batch, and the width comes from the line alone, so
    whatever else is in the pool cannot change what is read.
    """

    def __init__(self, recognizer: Recognizer, batch_lines: int) -> None:
        """A pool that reads as soon as ``batch_lines`` crops of one width are there."""
        self._recognizer = recognizer
        self._batch_lines = batch_lines
        self._waiting: dict[int, list[tuple[Ticket, Crop]]] = defaultdict(list)

    def add(self, ticket: Ticket, crop: Crop) -> Iterator[ReadCrop]:
        """Takes in a crop; yields a batch's answers when this crop has filled one."""
        width = crop.shape[1]
        self._waiting[width].append((ticket, crop))
        if len(self._waiting[width]) >= self._batch_lines:
            yield from self._read(self._waiting.pop(width))

    def flush(self) -> Iterator[ReadCrop]:
        """Reads everything that waits."""
        while self._waiting:
            _, batch = self._waiting.popitem()
            yield from self._read(batch)

    def _read(self, batch: list[tuple[Ticket, Crop]]) -> Iterator[ReadCrop]:
        started = time.perf_counter()
        try:
            texts = self._recognizer.recognize(np.stack([crop for _, crop in batch]))
            answers = list(zip(batch, texts, strict=True))
        except Exception as error:  # whatever an engine throws is one line's fault
            if len(batch) > 1:  # find the guilty one: its neighbours are read without it
                for single in batch:
                    yield from self._read([single])
                return
            yield ReadCrop(batch[0][0], as_inference_error("recogniser", error), _ms_since(started))
            return
        share = _ms_since(started) / len(batch)
        for (ticket, _), text in answers:
            yield ReadCrop(ticket, _checked(text), share)


def _checked(text: LineText) -> LineText | InferenceError:
    """The text, or a fault where the network put out something that is no probability."""
    if not 0.0 <= text.confidence <= 1.0 + 1e-3:
        return InferenceError(f"the recogniser's score is {text.confidence}, not a probability")
    return text


def as_inference_error(part: str, error: Exception) -> InferenceError:
    """Whatever an engine threw, as the fault of the page it threw it on."""
    return InferenceError(f"the {part} failed: {type(error).__name__}: {error}")


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
