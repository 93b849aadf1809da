"""A toy engine: page number and line number are the colour of a line."""

import numpy as np

from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.recognition import RecognitionSpec
from ocr_tasks.records import DetectedLines, LineText, Page, PageFacts
from tests.makers import expected_page

AS_RUN = RecognitionSpec()
ROW = 48


class Striped:
    """Detects the stripes of a page made by ``striped``; throws on pages it cannot bear."""

    def __init__(self, unbearable=(), broken=()):
        self.unbearable = set(unbearable)
        self.broken = set(broken)

    def detect(self, page):
        number, rows = int(page[0, 0, 0]), len(page) // ROW - 1
        if number in self.unbearable:
            raise MemoryError("out of device memory")
        edge = np.nan if number in self.broken else page.shape[1]
        corners = [
            [[0, top], [edge, top], [edge, top + ROW], [0, top + ROW]]
            for top in range(ROW, ROW * (rows + 1), ROW)
        ]
        polygons = np.array(corners, np.float32).reshape(-1, 4, 2)
        return DetectedLines(polygons, np.full(rows, 0.9, np.float32))


class Numbered:
    """Reads page and line from the colour of a stripe; throws on lines it cannot bear."""

    def __init__(self, unbearable=(), answers=None):
        self.unbearable = set(unbearable)
        self.answers = answers or {}

    def recognize(self, crops):
        colours = [(int(crop[24, 4, 0]), int(crop[24, 4, 1])) for crop in crops]
        if self.unbearable & set(colours):
            raise ValueError("bad line")
        return [
            self.answers.get((page, line), LineText(f"page {page} line {line}", 0.99))
            for page, line in colours
        ]


def toy(detector=None, recognizer=None):
    info = load_engine(EngineSpec(kind="fake")).info
    return Engine(info, detector or Striped(), recognizer or Numbered())


def expected(number):
    return expected_page(number, page_id=f"p{number}")


def striped(number, lines, width=64):
    """A page of ``lines`` stripes below a head that bears its number."""
    image = np.zeros((ROW * (lines + 1), width, 3), np.uint8)
    image[:, :, 0] = number
    image[:, :, 1] = (np.arange(len(image)) // ROW - 1).clip(0)[:, np.newaxis]
    image[0, 0, 2] = 255  # a mark, without which it would count as blank
    facts = PageFacts(width, len(image), "a" * 64, "b" * 64, None, None, 1, 0.0, 0.0)
    return Page(expected(number), facts, image)


def by_page(answers):
    answers = list(answers)
    found = {answer.expected.page_id: answer for answer in answers}
    assert len(found) == len(answers)
    return found
