"""The images that a training learns from, decoded; those that cannot be are counted."""

from collections import Counter
from collections.abc import Iterator

from ocr_tasks.archive.decoders import POOL
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.inspection import decoded
from ocr_tasks.dataset.samples import Dataset, Sample
from ocr_tasks.errors import PageError
from ocr_tasks.imaging.crops import Pixels

NO_IMAGE = "image not there"
NO_SAMPLE = "label line that is none"


def decoded_samples(
    dataset: Dataset, part: str, spec: DecodeSpec, left_out: Counter[str]
) -> Iterator[tuple[Sample, Pixels]]:
    """The samples of a part with their images, in the order of its label files.

    Images are decoded in a process of their own. ``left_out`` counts the others by their reasons.

    Raises:
        StorageError: the store did not answer.
    """
    unread = [each for each in dataset.findings if each.place.part == part and each.place.line]
    if unread:
        left_out[NO_SAMPLE] += len(unread)
    with POOL.borrowed(spec) as decoder:
        for sample in dataset.of_part(part):
            image = dataset.objects.get(sample.path)
            if image is None:
                left_out[NO_IMAGE] += 1
                continue
            try:
                pixels = decoded(image, decoder).pixels
            except PageError as error:
                left_out[f"image: {error.code}"] += 1
            else:
                yield sample, pixels
