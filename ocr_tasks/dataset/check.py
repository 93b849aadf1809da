"""The check of a dataset: every sample, by every rule."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ocr_tasks.dataset.copies import Facts, copy_findings, near_copy_findings
from ocr_tasks.dataset.facts import KnownImage, image_facts
from ocr_tasks.dataset.image_rules import (
    LimitSpec,
    fault_finding,
    missing_image,
    name_of,
    size_findings,
)
from ocr_tasks.dataset.inspection import ImageFacts, ImageFault, Inspected
from ocr_tasks.dataset.label_rules import label_findings
from ocr_tasks.dataset.leaks import group_leaks, text_leaks
from ocr_tasks.dataset.regions import page_findings
from ocr_tasks.dataset.rules import Finding, Place
from ocr_tasks.dataset.samples import LINES, PARTS, Dataset, Sample


@dataclass(frozen=True, slots=True)
class CheckedDataset:
    """A dataset, what is known of its images, and all that is wrong.

    ``images`` has the facts or fault of each by its name, ``facts`` those of the samples whose
    image could be decoded. Findings are in the order of parts, label files and lines.
    """

    dataset: Dataset
    images: Mapping[str, Inspected] = field(repr=False)
    facts: Facts
    findings: tuple[Finding, ...]

    @property
    def critical(self) -> list[Finding]:
        """The findings by which the check fails."""
        return [finding for finding in self.findings if finding.is_critical]


def check_dataset(
    dataset: Dataset,
    limits: LimitSpec,
    known: Mapping[str, KnownImage],
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> CheckedDataset:
    """Decodes every image in ``workers`` processes and holds every sample against the rules.

    An image that is ``known`` and has not changed is not decoded again. ``on_progress`` hears
    (images done, images in all).

    Raises:
        StorageError: the store did not answer.
        WorkerDiedError: the processes of some images died in every try.
    """
    paths = (sample.path for sample in dataset.samples)
    images = image_facts(dataset.objects, paths, limits, known, workers, on_progress)
    named = {sample.place: images.get(name_of(sample.path) or "") for sample in dataset.samples}
    told = {place: each for place, each in named.items() if each is not None}
    facts = {place: each for place, each in told.items() if isinstance(each, ImageFacts)}
    findings = [*dataset.findings, *_findings(dataset, told, facts, limits)]
    return CheckedDataset(dataset, images, facts, tuple(sorted(findings, key=_position)))


def _findings(
    dataset: Dataset, told: dict[Place, Inspected], facts: Facts, limits: LimitSpec
) -> Iterator[Finding]:
    for sample in dataset.samples:
        image = told.get(sample.place)
        missing = missing_image(dataset, sample)
        if missing is not None:
            yield missing
        if isinstance(image, ImageFault):
            yield fault_finding(sample.place, image)
        yield from _of_sample(dataset, sample, facts.get(sample.place), limits)
    yield from copy_findings(dataset.samples, facts)
    yield from near_copy_findings(dataset.samples, facts)
    yield from group_leaks(dataset.samples)
    if dataset.type == LINES:
        yield from text_leaks(dataset.samples)


def _of_sample(
    dataset: Dataset, sample: Sample, facts: ImageFacts | None, limits: LimitSpec
) -> Iterator[Finding]:
    if facts is not None:
        yield from size_findings(sample, facts, dataset.type, limits)
    if dataset.dictionary is None:
        yield from page_findings(sample, facts)
    else:
        yield from label_findings(sample, dataset.dictionary, limits, facts)


def _position(finding: Finding) -> tuple[int, str, int]:
    place = finding.place
    return PARTS.index(place.part), place.file, place.line
