"""Which way up text is, by how surely it is read as it lies and turned by half a turn.

The longest lines vote. Where the first few are not of one mind, more of them are asked: hands that
can hardly be read give only a little more confidence the right way up, but nearly every line does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ocr_tasks.records import LineText

VOTERS = 3  # lines that are asked first
MOST_VOTERS = 12  # and at most
SURE = 0.1  # of confidence between the two ways, from which no more lines need be asked
BETTER = 0.03  # by which the one way must be better when all have been asked


NO_TEXT = LineText("", 0.0)  # of a line that could not be read


@dataclass(slots=True)
class Vote:
    """What the voters read as they lie, and what they read turned."""

    as_they_lie: list[LineText] = field(default_factory=list)
    turned: list[LineText] = field(default_factory=list)

    @property
    def gain(self) -> float:
        """How much more confidence, -1 to 1, there is in the text once it is turned."""
        return mean_confidence(self.turned) - mean_confidence(self.as_they_lie)

    @property
    def best(self) -> float:
        """The confidence, 0 to 1, in the text the way it reads better."""
        return max(mean_confidence(self.turned), mean_confidence(self.as_they_lie))


def mean_confidence(texts: Iterable[LineText]) -> float:
    """The mean confidence of lines, of which empty ones have none; 1 if there is no line."""
    read = [text.confidence if text.text.strip() else 0.0 for text in texts]
    return float(np.mean(read or [1.0]))
