"""ICDAR's ground truth: a text file an image, a region a line.

The format of the Robust Reading competitions (rrc.cvc.uab.es): ``x1,y1,…,x4,y4,transcription``
since 2015, clockwise from where the text begins; with the script's name before the transcription
in the multi-lingual ones (MLT); ``left top right bottom "text"`` in 2013, where quotes and
backslashes in the text have a backslash before them.
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
_SCRIPT = re.compile(
    "(Arabic|Latin|Chinese|Japanese|Korean|Bangla|Hindi|Symbols|Mixed|None),(.*)", re.DOTALL
)
_ESCAPED = re.compile(r'\\(["\\])')


def pages_of_icdar(data: bytes, stem: str) -> Iterator[LabelledPage]:
    """The page that a file ``gt_<image>.txt`` or ``<image>.txt`` is about; ``stem`` is its name.

    Raises:
        LabelFileError: the file is not UTF-8.
    """
    read: dict[str, tuple[Corners, str]] = {}
    left_out = Counter[str]()
    lines = [line for line in re.split(r"\r?\n", text_of(data)) if line.strip()]
    for number, line in enumerate(lines, start=1):
        try:
            read[f"{number:04d}"] = _parts_of(line)
        except ValueError:
            left_out[LeftOut.MALFORMED] += 1
    texts = _without_scripts([text for _, text in read.values()])
    regions = tuple(
        LabelledRegion(name, corners, text, text != ILLEGIBLE)
        for (name, (corners, _)), text in zip(read.items(), texts, strict=True)
    )
    image = stem.removeprefix(PREFIX)
    yield LabelledPage(image, regions, name=image, left_out=left_out)


def _without_scripts(texts: list[str]) -> list[str]:
    """The texts without the names of scripts before them, if each of them has one."""
    found = [_SCRIPT.fullmatch(text) for text in texts]
    return [match[2] for match in found if match] if all(found) else texts


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
