"""An epoch's batches: which lines, how changed, in which order; a function of seed and epoch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.crops import LINE_HEIGHT, PADDING, WIDTH_STEP, pad_to_bucket
from ocr_tasks.text.ctc import steps_needed
from ocr_tasks.training.augmentation import augmented, stretched_width
from ocr_tasks.training.lines import STEP_WIDTH, Lines, steps_of
from ocr_tasks.training.spec import AugmentationSpec

DISORDER = 0.03  # of its width, by which a line may stand off its place in the order of widths

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Source:
    """Lines to draw from, and how often: draws of a line in an epoch, by its label file."""

    lines: Lines
    ratios: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Draw:
    """A line that was drawn, how wide it is to become, and the seed of all other changes."""

    source: int
    line: int
    width: int
    seed: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Strips of nearly one width, each padded as it is served, and what is to be read in them."""

    strips: list[NDArray[np.uint8]]  # (LINE_HEIGHT, width, 3) each
    classes: list[tuple[int, ...]]
    width: int  # to which all are padded: that of the widest

    def images(self) -> NDArray[np.uint8]:
        """All strips, padded to one width: (lines, LINE_HEIGHT, width, 3)."""
        shape = (len(self.strips), LINE_HEIGHT, self.width, 3)
        images = np.full(shape, PADDING, np.uint8)
        for image, strip in zip(images, self.strips, strict=True):
            image[:, : strip.shape[1]] = strip
        return images

    def steps(self) -> NDArray[np.int64]:
        """The network's steps for each strip."""
        return np.array([steps_of(strip.shape[1]) for strip in self.strips], np.int64)

    def labels(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The classes (lines, longest label) padded with blanks, and the labels' lengths."""
        lengths = np.array([len(each) for each in self.classes], np.int64)
        labels = np.zeros((len(self.classes), int(lengths.max())), np.int32)
        for row, each in zip(labels, self.classes, strict=True):
            row[: len(each)] = each
        return labels, lengths


def plan_epoch(
    sources: Sequence[Source],
    lines_a_batch: int,
    spec: AugmentationSpec,
    seed: int,
    epoch: int,
    guises: int = 0,
) -> list[list[Draw]]:
    """The batches of an epoch. Lines of about one width share a batch; their order is by chance.

    With ``guises`` every so many epochs have the same lines, changed in the same way.
    """
    guise = epoch % guises if guises else epoch
    random = np.random.default_rng([seed, guise])
    draws = [
        Draw(number, line, _width(source.lines, line, spec, random), (seed, guise, at))
        for number, source in enumerate(sources)
        for at, line in enumerate(_drawn(source, random))
    ]
    if guises:
        random = np.random.default_rng([seed, guise, epoch])  # in another order
    disorder = random.uniform(1 - DISORDER, 1 + DISORDER, len(draws))
    order = np.argsort([draw.width for draw in draws] * disorder, kind="stable")
    batches = [
        [draws[place] for place in order[at : at + lines_a_batch]]
        for at in range(0, len(order), lines_a_batch)
    ]
    return [batches[place] for place in random.permutation(len(batches))]


def _width(lines: Lines, line: int, spec: AugmentationSpec, random: Random) -> int:
    """How wide a line is to become: never too narrow for the steps that its label takes."""
    width = lines.width(line)
    least = min(width, STEP_WIDTH * steps_needed(lines.lines[line].label))
    return max(least, stretched_width(width, spec, random))


def _drawn(source: Source, random: Random) -> Iterator[int]:
    """The lines that an epoch learns; a ratio of 1.5 is each once, and half of them twice."""
    by_file: dict[str, list[int]] = {}
    for number, line in enumerate(source.lines.lines):
        by_file.setdefault(line.file, []).append(number)
    for file, numbers in by_file.items():
        times, rest = divmod(source.ratios.get(file, 1.0) * len(numbers), len(numbers))
        yield from numbers * int(times)
        yield from random.choice(numbers, round(rest), replace=False).tolist()


def padded_width(draws: Sequence[Draw]) -> int:
    """The width to which all strips of a batch are padded."""
    widest = max(draw.width for draw in draws)
    return -(-widest // WIDTH_STEP) * WIDTH_STEP


def batch_of(
    draws: Sequence[Draw], sources: Sequence[Source], spec: AugmentationSpec, width: int
) -> Batch:
    """The changed strips of a batch, or of a share of it; all are padded to ``width``."""
    strips, classes = [], []
    for draw in draws:
        lines = sources[draw.source].lines
        random = np.random.default_rng([*draw.seed, draw.source])
        changed = augmented(lines.strip(draw.line), draw.width, spec, random)
        strips.append(pad_to_bucket(changed))
        classes.append(lines.lines[draw.line].classes)
    return Batch(strips, classes, width)


def unchanged_batches(lines: Lines, lines_a_batch: int) -> Iterator[tuple[list[int], Batch]]:
    """Every line as it is, narrow ones first: the numbers of the lines, and their batch."""
    order = sorted(range(len(lines.lines)), key=lines.width)
    for at in range(0, len(order), lines_a_batch):
        numbers = order[at : at + lines_a_batch]
        strips = [pad_to_bucket(lines.strip(number)) for number in numbers]
        classes = [lines.lines[number].classes for number in numbers]
        yield numbers, Batch(strips, classes, max(strip.shape[1] for strip in strips))
