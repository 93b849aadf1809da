"""A model evaluated: every labelled line of a part read as pages are read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge

from ocr_tasks.archive.decode import pixels_sha256
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.dataset.facts import decode_spec
from ocr_tasks.dataset.groups import GroupOf, GroupSpec, groups_by
from ocr_tasks.dataset.image_rules import LimitSpec, missing_image, name_of
from ocr_tasks.dataset.inspection import decoded
from ocr_tasks.dataset.samples import LINES, Dataset, Sample
from ocr_tasks.engines.batching import CropPool, ReadCrop
from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.votes import NO_TEXT
from ocr_tasks.errors import DatasetError, InferenceError, PageError
from ocr_tasks.evaluation.report import EvalReport, ReadLine, UnscoredLine
from ocr_tasks.imaging.crops import Pixels, pad_to_bucket, strip_of
from ocr_tasks.records import LineText
from ocr_tasks.text.names import printable

Part = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True)
class EvaluationSpec:
    """Which lines of a dataset are read, and how.

    ``part`` should have served neither training nor the choice of a checkpoint. ``source_column``
    is the key in ``*.meta.jsonl`` that says which collection a line is from. ``batch_lines``
    changes no text.
    """

    part: Part = "test"
    source_column: str = "src"
    batch_lines: Annotated[int, Ge(1)] = 4


@dataclass(frozen=True, slots=True)
class LabelledCrop:
    """A sample's line as the recogniser takes it, and the digest of its decoded pixels."""

    sample: Sample
    crop: Pixels
    image_sha256: str


def labelled_crops(
    dataset: Dataset, part: str, limits: LimitSpec
) -> Iterator[LabelledCrop | UnscoredLine]:
    """The lines of a part, decoded in a contained process and cut as those of pages are.

    Raises:
        DatasetError: the dataset is none of lines, or has none in this part.
        StorageError: the store did not answer.
    """
    samples = dataset.of_part(part)
    if dataset.type != LINES:
        raise DatasetError(f"{dataset.root} is a {dataset.type}: only lines can be evaluated")
    if not samples:
        raise DatasetError(f"{dataset.root} has no line in {part}")
    with POOL.borrowed(decode_spec(limits)) as decoder:
        for sample in samples:
            missing = missing_image(dataset, sample)
            if missing is not None:
                yield UnscoredLine(sample.path, missing.rule.code, missing.message)
                continue
            try:
                pixels = decoded(dataset.objects[name_of(sample.path) or ""], decoder).pixels
            except PageError as error:
                yield UnscoredLine(sample.path, error.code, printable(str(error)))
                continue
            yield LabelledCrop(sample, line_crop(pixels), pixels_sha256(pixels))


def line_crop(pixels: Pixels) -> Pixels:
    """The picture of a line as pages have their lines cut: upright, 48 pixels high, padded."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return pad_to_bucket(strip_of(pixels, corners))


def sources_of(dataset: Dataset, spec: EvaluationSpec) -> GroupOf:
    """What tells of an image's path which collection it is from."""
    return groups_by(dataset.root, dataset.objects, GroupSpec(column=spec.source_column))


def evaluate(
    dataset: Dataset,
    engine: Engine,
    spec: EvaluationSpec,
    limits: LimitSpec,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> EvalReport:
    """What the engine's recogniser reads in every line of the part.

    Each line is read alone, as wide as it is: on a page, where other lines tell how wide
    characters are, it may be squeezed first, and read so again only where that is in doubt.
    ``on_progress`` hears (lines done, lines in all).

    Raises:
        DatasetError: the dataset has no such lines, or none that can be decoded.
        EngineBrokenError: the recogniser fails on every line.
        StorageError: the store did not answer.
    """
    source_of = sources_of(dataset, spec)
    reading = _Reading(CropPool(engine.recognizer, spec.batch_lines), source_of)
    count = len(dataset.of_part(spec.part))
    for labelled in labelled_crops(dataset, spec.part, limits):
        reading.take(labelled)
        on_progress(reading.done, count)
    reading.finish()
    on_progress(count, count)
    if not reading.lines:
        raise DatasetError(f"no line of {dataset.root} in {spec.part} can be decoded")
    lines = tuple(reading.lines[number] for number in sorted(reading.lines))
    unscored = tuple(reading.unscored)
    return EvalReport(engine.info, dataset.root, spec.part, lines, unscored, reading.seconds)


@dataclass(slots=True)
class _Reading:
    """The lines of a part while they are read; ``seconds`` are the recogniser's."""

    pool: CropPool
    source_of: GroupOf
    lines: dict[int, ReadLine] = field(default_factory=dict)
    unscored: list[UnscoredLine] = field(default_factory=list)
    seconds: float = 0.0
    _waiting: dict[int, LabelledCrop] = field(default_factory=dict)
    _count: int = 0

    @property
    def done(self) -> int:
        """How many lines need no more reading."""
        return len(self.lines) + len(self.unscored)

    def take(self, labelled: LabelledCrop | UnscoredLine) -> None:
        """Puts a line in, and reads what makes a full batch."""
        if isinstance(labelled, UnscoredLine):
            self.unscored.append(labelled)
            return
        self._waiting[self._count] = labelled
        self.pool.put((self._count, 0), labelled.crop)
        self._count += 1
        self._note(self.pool.read_full())

    def finish(self) -> None:
        """Reads what is left."""
        self._note(self.pool.read_all())

    def _note(self, answers: Iterable[ReadCrop]) -> None:
        for read in answers:
            number = read.ticket[0]
            labelled = self._waiting.pop(number)
            source = self.source_of(labelled.sample.path)
            self.lines[number] = _read_line(labelled, read.answer, source)
            self.seconds += read.milliseconds / 1000


def _read_line(
    labelled: LabelledCrop, answer: LineText | InferenceError, source: str | None
) -> ReadLine:
    failed = isinstance(answer, InferenceError)
    text = NO_TEXT if isinstance(answer, InferenceError) else answer
    return ReadLine(
        path=labelled.sample.path,
        image_sha256=labelled.image_sha256,
        group=labelled.sample.group,
        source=source,
        label=labelled.sample.label,
        read=text.text,
        confidence=text.confidence,
        fault=str(answer) if failed else None,
    )
