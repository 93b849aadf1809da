"""The regions of a labelled page as a detector is to find them: which count, and which do not."""

from dataclasses import dataclass

from ocr_tasks.dataset.converters.cutting import ILLEGIBLE
from ocr_tasks.dataset.regions import fault_of_shape, regions_of
from ocr_tasks.imaging.polygons import Corners

IGNORED = {ILLEGIBLE, "*"}  # transcriptions that PaddleOCR passes over (DetLabelEncode)


@dataclass(frozen=True, slots=True)
class PageLabels:
    """Polygons (n, 2) of text that is ``expected`` to be found, and of such as may be or not."""

    expected: tuple[Corners, ...]
    ignored: tuple[Corners, ...]


def page_labels(label: str) -> PageLabels:
    """What a page's label says; polygons with a fault of shape may be found or not.

    Raises:
        ValueError: it is no label of a page.
    """
    expected: list[Corners] = []
    ignored: list[Corners] = []
    for region in regions_of(label):
        if len(region.corners) == 0:
            continue
        counts = region.transcription not in IGNORED and fault_of_shape(region.corners) is None
        (expected if counts else ignored).append(region.corners)
    return PageLabels(tuple(expected), tuple(ignored))
