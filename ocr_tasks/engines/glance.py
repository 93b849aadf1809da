"""How closely a page is looked at for its lines: at a glance first, and again if they are small."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.maps import DetectionSpec, Size, detection_sizes, has_small_lines
from ocr_tasks.records import DetectedLines


def lines_by_size(
    page: NDArray[np.uint8], spec: DetectionSpec, look: Callable[[Size], DetectedLines]
) -> DetectedLines:
    """The lines that ``look`` finds on a page scaled to the size its text needs.

    Detection takes time by the pixel, and most pages have text that is large enough for the
    detector at a third of them.
    """
    height, width = page.shape[:2]
    first, closer = detection_sizes(height, width, spec)
    detected = look(first)
    if first == closer:
        return detected
    nothing = len(detected.polygons) == 0  # or nothing that is large enough to be seen
    if nothing or has_small_lines(detected.polygons, height, first[0], spec):
        return look(closer)
    return detected
