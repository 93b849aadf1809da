"""The regions of a labelled page as a detector is to find them: which count, and which do not."""

from dataclasses import dataclass

from ocr_tasks.dataset.converters.cutting import ILLEGIBLE
from ocr_tasks.dataset.regions import fault_of_shape, regions_of
from ocr_tasks.imaging.polygons import Corners, quad_around

IGNORED = {ILLEGIBLE, "*"}  # transcriptions that PaddleOCR passes over (DetLabelEncode)


@dataclass(frozen=True, slots=True)
class PageLabels:
    """Text that is ``expected`` to be found, and polygons (n, 2) of such as may be found or not.

    Of expected text it is the four corners (4, 2) around its polygon: nothing else can be found.
    """

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
        if counts:
            expected.append(quad_around(region.corners))
        else:
            ignored.append(region.corners)
    return PageLabels(tuple(expected), tuple(ignored))
