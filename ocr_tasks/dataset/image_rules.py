"""Rules of single images: there, whole, and of a size that can be learned from."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from ocr_tasks.dataset.inspection import ImageFacts, ImageFault
from ocr_tasks.dataset.rules import Finding, Place, Rule
from ocr_tasks.dataset.samples import LINES, Dataset, Sample
from ocr_tasks.errors import EmptyInputError, TooLargeError, TruncatedError
from ocr_tasks.imaging.crops import ON_END
from ocr_tasks.text.names import printable

RULE_OF_ERROR = {
    TruncatedError.code: Rule.IMAGE_TRUNCATED,
    EmptyInputError.code: Rule.IMAGE_TRUNCATED,
    TooLargeError.code: Rule.IMAGE_TOO_LARGE,
}


@dataclass(frozen=True, slots=True)
class LimitSpec:
    """What an image and a label may measure.

    An image has up to ``max_pixels`` and sides of ``min_side`` pixels or more; a line is up to
    ``max_aspect`` times as wide as high: wider ones are squeezed by the recogniser. A label has
    up to ``max_text_length`` characters: give here what the training will have.
    """

    max_pixels: Annotated[int, Ge(1)] = 100_000_000
    min_side: Annotated[int, Ge(1)] = 12
    max_aspect: Annotated[float, Ge(1)] = 66.0
    max_text_length: Annotated[int, Ge(1)] = 100


def name_of(path: str) -> str | None:
    """The name of an image in the dataset's listing, or None where the path leads out of it."""
    name = posixpath.normpath(path)
    leads_out = name.startswith(("/", "../")) or name in {"..", "."} or "://" in path
    return None if leads_out else name


def missing_image(dataset: Dataset, sample: Sample) -> Finding | None:
    """What is wrong where a sample's image is not among the dataset's objects."""
    name = name_of(sample.path)
    if name is None:
        return Finding(Rule.PATH_OUTSIDE, sample.place, f"{printable(sample.path)} leads elsewhere")
    if name in dataset.objects:
        return None
    link = next((above for above in _folders_above(name) if above in dataset.objects), None)
    why = f": {link} is no folder" if link else ""
    return Finding(Rule.IMAGE_MISSING, sample.place, f"there is no {printable(name)}{why}")


def _folders_above(name: str) -> Iterator[str]:
    while name := posixpath.dirname(name):
        yield name


def fault_finding(place: Place, fault: ImageFault) -> Finding:
    """The finding of an image that has no pixels."""
    rule = RULE_OF_ERROR.get(fault.code, Rule.IMAGE_UNREADABLE)
    return Finding(rule, place, f"{fault.code} {fault.message}")


def size_findings(
    sample: Sample, facts: ImageFacts, type_: str, limits: LimitSpec
) -> Iterator[Finding]:
    """What is wrong with the size and shape of a decoded image of a dataset of that type."""
    width, height = facts.width, facts.height
    size = f"{width} x {height} pixels"
    if min(width, height) < limits.min_side:
        yield Finding(Rule.IMAGE_SMALL, sample.place, f"{size}: less than {limits.min_side}")
    if type_ != LINES:
        return
    if width > limits.max_aspect * height:
        yield Finding(Rule.IMAGE_SHAPE, sample.place, f"{size}: {width / height:.0f} times as wide")
    elif height >= ON_END * width and len(sample.label) > 1:
        characters = f"{len(sample.label)} characters"
        yield Finding(Rule.IMAGE_SHAPE, sample.place, f"{size} for {characters}: it stands on end")
