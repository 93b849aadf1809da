"""A page whose lines are being read: what was found on it, and what is known of it by now."""

from dataclasses import dataclass, field

import numpy as np

from ocr_tasks.engines.batching import ReadCrop
from ocr_tasks.engines.looks import Crops, LineReading, LinesRead, Texts
from ocr_tasks.engines.orientation import Polygons, turned_back
from ocr_tasks.engines.votes import NO_TEXT
from ocr_tasks.errors import InferenceError
from ocr_tasks.imaging.boxes import reading_order
from ocr_tasks.records import DetectedLines, ExpectedPage, Line, PageFacts
from ocr_tasks.text.scripts import is_mostly_wide


@dataclass(frozen=True, slots=True)
class Found:
    """The lines of a page, as they were detected after ``turns`` quarter turns counter-clockwise.

    The image they were found in had ``height`` and ``width`` then. ``tries`` were made, and they
    took ``milliseconds``.
    """

    lines: DetectedLines
    turns: int
    height: int
    width: int
    tries: int
    milliseconds: float


@dataclass(slots=True)
class OpenPage:
    """A page whose lines are being read. It holds strips of lines, but not the page's pixels."""

    expected: ExpectedPage
    facts: PageFacts
    found: Found
    reading: LineReading
    rec_ms: float = 0.0
    fault: InferenceError | None = None
    _read: LinesRead | None = None
    _tries: int = 1
    _wanted: int = 0
    _texts: Texts = field(default_factory=dict)

    def begin(self) -> Crops:
        """What is to be read first; nothing where there are no lines."""
        return self._after(None)

    def take(self, line: int, read: ReadCrop) -> Crops:
        """Notes what was read of one of its lines; returns what is to be read next."""
        self.rec_ms += read.milliseconds
        self._tries = max(self._tries, read.tries)
        if isinstance(read.answer, InferenceError):
            self.fault = read.answer
            self._texts[line] = NO_TEXT
        else:
            self._texts[line] = read.answer
        if len(self._texts) < self._wanted:
            return {}
        texts, self._texts = self._texts, {}
        return self._after(texts)

    def _after(self, texts: Texts | None) -> Crops:
        try:
            crops = next(self.reading) if texts is None else self.reading.send(texts)
        except StopIteration as end:
            self._read = end.value
            return {}
        self._wanted = len(crops)
        return crops

    @property
    def attempts(self) -> int:
        """The most tries that its decoding, its detection or one of its lines took."""
        return max(self.facts.attempts, self.found.tries, self._tries)

    @property
    def is_complete(self) -> bool:
        """Whether every line has its text."""
        return self._read is not None

    @property
    def turns(self) -> int:
        """The quarter turns counter-clockwise that bring the page's text upright."""
        assert self._read is not None
        return (self.found.turns + 2 * self._read.upside_down) % 4

    @property
    def orientation_deg(self) -> int:
        """How far the page was turned clockwise before it came: 0, 90, 180 or 270.

        A page of East Asian text that runs downwards is taken for one that is written in columns.
        """
        assert self._read is not None
        text = "".join(read.text for read in self._read.texts.values())
        return 0 if self.turns == 1 and is_mostly_wide(text) else 90 * self.turns

    def lines(self, min_confidence: float) -> tuple[Line, ...]:
        """The lines worth keeping, numbered as they were detected and as they are read."""
        assert self._read is not None
        texts, scores = self._read.texts, self.found.lines.scores
        kept = sorted(
            index
            for index, read in texts.items()
            if read.text.strip() and read.confidence >= min_confidence
        )
        polygons = self._in_frame(self._read)
        in_order = [kept[position] for position in reading_order(self._upright()[kept])]
        return tuple(
            Line(
                line_index=index,
                reading_order=rank,
                text=texts[index].text,
                confidence=texts[index].confidence,
                det_score=float(scores[index]),
                polygon=polygons[index],
            )
            for rank, index in enumerate(in_order)
        )

    def _upright(self) -> Polygons:
        """The polygons on the page as its text stands upright; where they begin does not matter."""
        polygons = self.found.lines.polygons
        if self.turns == self.found.turns:
            return polygons
        return turned_back(polygons, 2, self.found.height, self.found.width)

    def _in_frame(self, read: LinesRead) -> Polygons:
        """The polygons in the page's own pixels, of which the image may have had fewer.

        Each begins at the top left of its own text, whichever way up that stands.
        """
        found, facts = self.found, self.facts
        sides = (found.height, found.width)
        height, width = sides if found.turns % 2 == 0 else sides[::-1]
        polygons = turned_back(found.lines.polygons, found.turns, height, width)
        polygons = polygons * np.array([facts.width / width, facts.height / height], np.float32)
        for line, polygon in enumerate(polygons):
            if (line in read.turned) != read.upside_down:
                polygons[line] = np.roll(polygon, 2, axis=0)
        return polygons
