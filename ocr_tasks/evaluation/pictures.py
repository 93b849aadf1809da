"""Samples of a dataset as pictures in a page, for people to look at."""

from collections.abc import Callable, Sequence

from ocr_tasks.archive.decoders import POOL
from ocr_tasks.dataset.facts import decode_spec
from ocr_tasks.dataset.image_rules import LimitSpec, name_of
from ocr_tasks.dataset.inspection import decoded
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.errors import PageError
from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.imaging.drawing import jpeg_bytes
from ocr_tasks.reports.rendering import data_url


def pictures_of(
    paths: Sequence[str],
    dataset: Dataset,
    limits: LimitSpec,
    drawn: Callable[[str, Pixels], Sequence[Pixels]],
) -> dict[str, list[str]]:
    """What ``drawn`` makes of each path's pixels, as URLs; without samples that are gone by now.

    Raises:
        StorageError: the store did not answer.
    """
    pictures = {}
    with POOL.borrowed(decode_spec(limits)) as decoder:
        for path in paths:
            stored = dataset.objects.get(name_of(path) or "")
            if stored is None:
                continue
            try:
                pixels = decoded(stored, decoder).pixels
            except PageError:  # it was replaced since it was read
                continue
            jpegs = map(jpeg_bytes, drawn(path, pixels))
            pictures[path] = [data_url(jpeg, "image/jpeg") for jpeg in jpegs]
    return pictures
