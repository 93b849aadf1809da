"""The check of a dataset: every sample, by every rule."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.copies import Facts, copy_findings, near_copy_findings
from ocr_tasks.dataset.image_rules import (
    LimitSpec,
    fault_finding,
    missing_image,
    name_of,
    size_findings,
)
from ocr_tasks.dataset.inspection import ImageFacts, ImageFault, Inspected, inspect_images
from ocr_tasks.dataset.label_rules import label_findings
from ocr_tasks.dataset.leaks import group_leaks, text_leaks
from ocr_tasks.dataset.regions import page_findings
from ocr_tasks.dataset.rules import Finding, Place
from ocr_tasks.dataset.samples import LINES, PARTS, Dataset, Sample
from ocr_tasks.storage import StoredObject

BYTES_A_PIXEL = 8  # four channels of 16 bits, uncompressed: no image file has more


@dataclass(frozen=True, slots=True)
class CheckedDataset:
    """A dataset, the facts of the images that could be decoded, and all that is wrong.

    Findings are in the order of parts, label files and lines.
    """

    dataset: Dataset
    facts: Facts
    findings: tuple[Finding, ...]

    @property
    def critical(self) -> list[Finding]:
        """The findings by which the check fails."""
        return [finding for finding in self.findings if finding.is_critical]


def check_dataset(
    dataset: Dataset,
    limits: LimitSpec,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> CheckedDataset:
    """Decodes every image in ``workers`` processes and holds every sample against the rules.

    ``on_progress`` hears (images done, images in all).

    Raises:
        StorageError: the store did not answer.
        WorkerDiedError: the processes of some images died in every try.
    """
    images = _images_of(dataset)
    wanted = sorted({image.uri: image for image in images.values()}.items())
    spec = decode_spec(limits)
    inspected = inspect_images([image for _, image in wanted], spec, workers, on_progress)
    told = {place: inspected[image.uri] for place, image in images.items()}
    facts = {place: each for place, each in told.items() if isinstance(each, ImageFacts)}
    findings = [*dataset.findings, *_findings(dataset, told, facts, limits)]
    return CheckedDataset(dataset, facts, tuple(sorted(findings, key=_position)))


def decode_spec(limits: LimitSpec) -> DecodeSpec:
    """The limits within which the images of a dataset are decoded."""
    megabytes = 1 + limits.max_pixels * BYTES_A_PIXEL // 1_000_000
    return DecodeSpec(max_pixels=limits.max_pixels, max_document_mb=megabytes)


def _images_of(dataset: Dataset) -> dict[Place, StoredObject]:
    """The stored images of the samples, as far as they are there."""
    images = {}
    for sample in dataset.samples:
        name = name_of(sample.path)
        if name is not None and name in dataset.objects:
            images[sample.place] = dataset.objects[name]
    return images


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
