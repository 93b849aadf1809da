"""The lines of a data set as a recogniser is trained on them: strips as served, labels as classes.

Nothing is dropped in silence: every sample that cannot be learnt from is counted by its reason.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.errors import DatasetError
from ocr_tasks.imaging.crops import WIDTH_STEP, Pixels, scale_to_line_height
from ocr_tasks.text.ctc import steps_needed
from ocr_tasks.training.arrays import ArrayStore
from ocr_tasks.training.decoding import decoded_samples

STEP_WIDTH = 8  # pixels of a strip that become one step of the network's output

NO_TEXT = "label without text"
OUTSIDE = "characters outside the alphabet"
TOO_DENSE = "more characters than steps"


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """A line to learn: its label, the classes of its characters, its strip and its label file."""

    label: str
    classes: tuple[int, ...]
    strip: int  # its number in the store
    file: str


@dataclass(slots=True)
class Lines:
    """Lines with their strips, and how many samples were left out, by the reason."""

    lines: list[TrainingLine] = field(default_factory=list)
    strips: ArrayStore[np.uint8] = field(default_factory=partial(ArrayStore, np.uint8))
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, strip: Pixels, label: str, file: str, class_of: dict[str, int]) -> None:
        """Takes in a line, or counts why it cannot be learnt."""
        reason = reason_against(label, strip.shape[1], class_of)
        if reason is not None:
            self.left_out[reason] += 1
            return
        classes = tuple(class_of[character] for character in label)
        self.lines.append(TrainingLine(label, classes, self.strips.append(strip), file))

    def width(self, line: int) -> int:
        """The width of a line's strip in pixels."""
        return self.strips.shape(self.lines[line].strip)[1]

    def strip(self, line: int) -> Pixels:
        """The strip of a line."""
        return self.strips.array(self.lines[line].strip)


def reason_against(label: str, width: int, class_of: dict[str, int]) -> str | None:
    """Why a label cannot be learnt from a strip of ``width`` pixels; None if it can."""
    if not label.strip():
        return NO_TEXT
    if not class_of.keys() >= set(label):
        return OUTSIDE
    if steps_needed(label) > steps_of(width):
        return TOO_DENSE
    return None


def steps_of(width: int) -> int:
    """The steps that the network puts out for a strip of ``width`` pixels, padded as served."""
    return -(-width // WIDTH_STEP) * WIDTH_STEP // STEP_WIDTH


def lines_of(dataset: Dataset, part: str, charset: Sequence[str], spec: DecodeSpec) -> Lines:
    """The lines of a part, in the order of its label files, cut as those of served pages are.

    Raises:
        DatasetError: none of its samples can be learnt from.
        StorageError: the store did not answer.
    """
    class_of = {character: number for number, character in enumerate(charset) if character}
    lines = Lines()
    for sample, pixels in decoded_samples(dataset, part, spec, lines.left_out):
        lines.add(scale_to_line_height(pixels), sample.label, sample.place.file, class_of)
    if not lines.lines:
        reasons = ", ".join(f"{count} {reason}" for reason, count in lines.left_out.items())
        raise DatasetError(f"no line of {part} can be learnt: {reasons or 'there is none'}")
    return lines
