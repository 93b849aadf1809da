"""ICDAR's ground truth: a text file an image, a region a line.

The format of the Robust Reading competitions (rrc.cvc.uab.es): ``x1,y1,…,x4,y4,transcription``
since 2015, clockwise from where the text begins; ``left top right bottom "text"`` in 2013, where
quotes and backslashes in the text have a backslash before them.
"""

import re
from collections import Counter
from collections.abc import Iterator

from ocr_tasks.dataset.converters.labelled import LabelledPage, LabelledRegion, LeftOut
from ocr_tasks.dataset.converters.parsing import box, corners_of, text_of
from ocr_tasks.imaging.polygons import Corners

PREFIX = "gt_"
ILLEGIBLE = "###"
_NUMBER = r"\s*(-?\d{1,9}(?:\.\d{1,9})?)\s*"
_QUAD = re.compile(",".join([_NUMBER] * 8) + ",(.*)")
_BOX = re.compile("[, ]".join([_NUMBER] * 4) + r'[, ]\s*"(.*)"\s*')
_ESCAPED = re.compile(r'\\(["\\])')


def pages_of_icdar(data: bytes, stem: str) -> Iterator[LabelledPage]:
    """The page that a file ``gt_<image>.txt`` or ``<image>.txt`` is about; ``stem`` is its name.

    Raises:
        LabelFileError: the file is not UTF-8.
    """
    regions, left_out = [], Counter[str]()
    lines = [line for line in re.split(r"\r?\n", text_of(data)) if line.strip()]
    for number, line in enumerate(lines, start=1):
        try:
            corners, text = _parts_of(line)
        except ValueError:
            left_out[LeftOut.MALFORMED] += 1
        else:
            readable = text != ILLEGIBLE
            regions.append(LabelledRegion(f"{number:04d}", corners, text, readable))
    image = stem.removeprefix(PREFIX)
    yield LabelledPage(image, tuple(regions), name=image, left_out=left_out)


def looks_like_icdar(head: bytes, stem: str) -> bool:
    """Whether the first line of a file is a region, or the file is called as one of this format."""
    if stem.startswith(PREFIX):
        return True
    lines = head.decode("utf-8-sig", "replace").splitlines()
    try:
        _parts_of(next((line for line in lines if line.strip()), ""))
    except ValueError:
        return False
    return True


def _parts_of(line: str) -> tuple[Corners, str]:
    """The corners and the text of a line."""
    found = _QUAD.fullmatch(line)
    if found:
        *numbers, text = found.groups()
        return corners_of(zip(numbers[::2], numbers[1::2], strict=True)), text.strip()
    found = _BOX.fullmatch(line)
    if not found:
        raise ValueError("it is no region")
    left, top, right, bottom = map(float, found.groups()[:4])
    return box(left, top, right, bottom), _ESCAPED.sub(r"\1", found[5])
