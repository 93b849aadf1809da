"""The text that a page brought along, as the decoder's process tells it; no more than may be."""

import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.records import EmbeddedText

MAX_LINES = 2_000  # of a page
MAX_CHARACTERS = 40_000  # of a page, white space included
# Control and format characters, halves of characters, private use, unassigned; line separators.
NO_WRITING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
REPLACEMENT = "\ufffd"

Told = list[list[Any]]  # of each line: its text, and x0, y0, x1, y1 in pixels of the frame


def is_writing(character: str) -> bool:
    """Whether a character can stand in a text: one that everybody knows, and that shows."""
    return unicodedata.category(character) not in NO_WRITING and character != REPLACEMENT


def told_text(text: EmbeddedText) -> Told:
    """The text as JSON values."""
    corners = text.polygons[:, [0, 2]].reshape(-1, 4).astype(float).round(2).tolist()
    return [[line, *box] for line, box in zip(text.texts, corners, strict=True)]


def heard_text(told: Told | None, width: int, height: int) -> EmbeddedText | None:
    """The text as it was told of a page of that frame; None is told of one that has none.

    Raises:
        ValueError, TypeError, LookupError: that is no text, or not on this page.
    """
    if told is None:
        return None
    if not 0 < len(told) <= MAX_LINES:
        raise ValueError(f"{len(told)} lines")
    texts = [_heard_line(line[0]) for line in told]
    if sum(map(len, texts)) > MAX_CHARACTERS:
        raise ValueError("more characters than a page may have")
    boxes = [[float(side) for side in line[1:]] for line in told]
    for x0, y0, x1, y1 in boxes:
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):  # nor is NaN
            raise ValueError("a line that is not on the page")
    return EmbeddedText(tuple(texts), polygons_of(np.array(boxes, np.float32)))


def polygons_of(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes (n, 4) as corners (n, 4, 2), clockwise from the top left."""
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)


def _heard_line(text: str) -> str:
    if not isinstance(text, str) or not text or text != " ".join(text.split()):
        raise ValueError("no line of text")
    if not all(map(is_writing, text)):
        raise ValueError("characters that are no writing")
    return text
