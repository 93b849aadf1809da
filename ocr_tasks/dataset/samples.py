"""A dataset as it was read: its samples, and the options that say how it is laid out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Interval

from ocr_tasks.dataset.rules import Finding, Place
from ocr_tasks.errors import SettingsError
from ocr_tasks.settings import digest_of
from ocr_tasks.storage import StoredObject

# PaddleX's names of the two layouts; its result files and configurations have them.
LINES, PAGES = "MSTextRecDataset", "TextDetDataset"
TRAIN, VAL, TEST = "train", "val", "test"
PARTS = (TRAIN, VAL, TEST)
LEFT_OUT = "left_out"  # no part: what a split takes out of val and test


@dataclass(frozen=True, slots=True)
class LayoutSpec:
    """Where a dataset's files lie, by their paths below it.

    ``type`` is PaddleX's name, or ``auto``: by what the first label looks like. A part may have
    several label files; ``test`` may have none that exists. ``train_ratios`` is the share that is
    taken of each file of ``train``, or nothing where all are taken whole. ``dictionary`` has a
    character a line, and only lines of text need it.
    """

    type: Literal["auto", "MSTextRecDataset", "TextDetDataset"] = "auto"
    train: tuple[str, ...] = ("train.txt",)
    train_ratios: tuple[Annotated[float, Interval(gt=0, le=1)], ...] = ()
    val: tuple[str, ...] = ("val.txt",)
    test: tuple[str, ...] = ("test.txt",)
    dictionary: str = "dict.txt"

    def files_of(self, part: str) -> tuple[str, ...]:
        """The label files of a part, or of what was left out."""
        files = {TRAIN: self.train, VAL: self.val, TEST: self.test}
        return files.get(part, (f"{part}.txt",))

    def ratio_of(self, file: str) -> float:
        """The share of a label file's lines that is taken.

        Raises:
            SettingsError: there are not as many ratios as files.
        """
        if not self.train_ratios or file not in self.train:
            return 1.0
        if len(self.train_ratios) != len(self.train):
            raise SettingsError("layout.train_ratios: as many are needed as layout.train has files")
        return self.train_ratios[self.train.index(file)]


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled image. ``group`` is what must not be parted by a split; None where unknown."""

    place: Place
    label: str
    group: str | None = None

    @property
    def part(self) -> str:
        """The part it is in."""
        return self.place.part

    @property
    def path(self) -> str:
        """Its image's path below the dataset, as the label file has it."""
        return self.place.path


@dataclass(frozen=True, slots=True)
class Dataset:
    """All samples of a dataset, in the order of its label files.

    ``type`` is LINES or PAGES. ``objects`` are all that lie below ``root``, by their path;
    ``dictionary`` the characters that labels may have, and ``dictionary_file`` what says so, or
    None for pages. ``findings`` are of lines that could not be read as samples.
    """

    root: str
    type: str
    samples: tuple[Sample, ...]
    dictionary: frozenset[str] | None
    dictionary_file: bytes | None = field(repr=False)
    objects: dict[str, StoredObject] = field(repr=False)
    findings: tuple[Finding, ...] = ()

    def of_part(self, part: str) -> list[Sample]:
        """The samples of a part."""
        return [sample for sample in self.samples if sample.part == part]


def labels_digest(dataset: Dataset, parts: Sequence[str] = PARTS) -> str:
    """A digest of all labels of these parts, and of what they are of; no image is looked at."""
    samples = (each for each in dataset.samples if each.part in parts)
    return digest_of([[each.part, each.path, each.label] for each in samples])
