"""Whether the text that a PDF's page brings along can stand for the page: then no OCR is needed.

It can where it is all that the page shows, and all of it shows. A page that is doubtful in any
way is read by OCR, as a scan is; docs/adr/0010-embedded-text.md has the reasons.
"""

import unicodedata

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.archive.page_text import MAX_LINES, is_writing, polygons_of
from ocr_tasks.archive.typelines import Characters, TypeLine, lines_of
from ocr_tasks.imaging.ink import boxes_with_ink, edges_of, has_ink_outside
from ocr_tasks.records import EmbeddedText

LEAST_OF_A_LINE = 2  # characters, on average: lines of one are set from top to bottom
LEAST_CHARACTERS = 30  # without white space: OCR of less is quickly done
MOST_IMAGES = 0.05  # of the page that pictures may take
MOST_HIDDEN = 0.1  # of a line's stops and commas, or one, need not be seen: they are faint
FINE = 2  # cells a pixel of the picture, where characters are looked for that hide one another
ACCENTS = "\u00a8\u00af\u00b4\u00b8"  # diaeresis, macron, acute, cedilla, each alone
LEFTWARD = {"R", "AL", "AN"}  # kinds of characters that are read from right to left

Pixels = NDArray[np.uint8]


def embedded_text(
    characters: Characters, picture: Pixels, frame: tuple[int, int]
) -> EmbeddedText | None:
    """The lines of a page, or None where its characters cannot be trusted.

    ``picture`` (height, width, 3) shows the page at ``imaging.ink.RESOLUTION``, ``frame`` is
    width and height of the page in the pixels that boxes refer to.
    """
    lines = lines_of(characters, MAX_LINES)
    if lines is None or mistrust(characters, lines, picture, frame) is not None:
        return None
    boxes = np.array([line.box(characters) for line in lines], np.float32)
    boxes = np.clip(boxes, 0, np.array([*frame, *frame], np.float32))
    return EmbeddedText(tuple(line.text for line in lines), polygons_of(boxes))


def mistrust(
    characters: Characters, lines: list[TypeLine], picture: Pixels, frame: tuple[int, int]
) -> str | None:
    """Why the characters cannot stand for the page, in words, or None if they can."""
    letters = np.array([not character.isspace() for character in characters.text], np.bool_)
    return (
        _doubt_in_text(characters, letters, lines)
        or _doubt_in_place(characters, letters, frame)
        or _doubt_in_picture(characters, letters, lines, picture, frame)
    )


def _doubt_in_text(
    characters: Characters, letters: NDArray[np.bool_], lines: list[TypeLine]
) -> str | None:
    if letters.sum() < LEAST_CHARACTERS:
        return "few characters"
    if letters.sum() < LEAST_OF_A_LINE * len(lines):
        return "no lines"
    if not characters.mapped[letters].all() or not all(map(_is_plain, characters.text)):
        return "characters that could be others"
    return None


def _doubt_in_place(
    characters: Characters, letters: NDArray[np.bool_], frame: tuple[int, int]
) -> str | None:
    ink = characters.ink[letters]
    if not characters.upright[letters].all():
        return "turned text"
    if not _lie_on(ink, frame):
        return "text beside the page"
    return "pictures" if _disturb(characters.images, ink, frame) else None


def _doubt_in_picture(
    characters: Characters,
    letters: NDArray[np.bool_],
    lines: list[TypeLine],
    picture: Pixels,
    frame: tuple[int, int],
) -> str | None:
    scale = np.float32(picture.shape[1] / frame[0])
    if _hide_one_another(characters, letters, picture.shape, scale):
        return "text over text"
    edges = edges_of(picture)
    seen = boxes_with_ink(edges, characters.ink * scale)
    if any(_is_hidden(line, seen, characters.text) for line in lines):
        return "hidden text"
    outside = has_ink_outside(edges, characters.ink[letters] * scale)
    return "ink beside the text" if outside else None


def _is_plain(character: str) -> bool:
    """Whether it is white space, or writing that stands for itself and runs to the right.

    An accent that stands alone belongs to a letter beside it.
    """
    if character.isspace():
        return True
    is_accent = character in ACCENTS or "\u02b0" <= character <= "\u02ff"
    is_leftward = unicodedata.bidirectional(character) in LEFTWARD
    return is_writing(character) and not is_accent and not is_leftward


def _lie_on(ink: NDArray[np.float32], frame: tuple[int, int]) -> bool:
    middle = (ink[:, :2] + ink[:, 2:]) / 2
    return bool(((middle > 0) & (middle < np.array(frame))).all())


def _disturb(images: NDArray[np.float32], ink: NDArray[np.float32], frame: tuple[int, int]) -> bool:
    """Whether pictures take much of the page, or one lies over or under its text."""
    page = np.array([*frame, *frame], np.float32)
    shown = np.clip(images, 0, page)
    areas = (shown[:, 2] - shown[:, 0]) * (shown[:, 3] - shown[:, 1])
    if areas.sum() > MOST_IMAGES * frame[0] * frame[1]:
        return True
    return any(
        bool(((ink[:, :2] < image[2:]) & (ink[:, 2:] > image[:2])).all(axis=1).any())
        for image in shown
    )


def _hide_one_another(
    characters: Characters,
    letters: NDArray[np.bool_],
    picture: tuple[int, ...],
    scale: np.float32,
) -> bool:
    """Whether two characters stand in one place, so that one of them may not be seen.

    A letter and its accent do, if they are not one character; combining marks have to. Pieces of
    a ligature have one box.
    """
    marks = np.array([unicodedata.category(each)[0] == "M" for each in characters.text], np.bool_)
    boxes = np.unique(characters.body[letters & ~marks], axis=0) * scale * FINE
    middle, quarter = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 4
    taken = np.zeros((picture[0] * FINE, picture[1] * FINE), np.bool_)
    most = np.array(taken.shape[::-1])
    low = np.clip(np.round(middle - quarter), 0, most - 1).astype(int)
    high = np.clip(np.round(middle + quarter), low + 1, most).astype(int)
    for (x0, y0), (x1, y1) in zip(low, high, strict=True):
        place = taken[y0:y1, x0:x1]
        if place.any():
            return True
        place[:] = True
    return False


def _is_hidden(line: TypeLine, seen: NDArray[np.bool_], text: str) -> bool:
    """Whether a letter or digit cannot be seen, or more than some of the marks between them."""
    unseen = [text[member] for member in line.members if not seen[member]]
    return any(map(str.isalnum, unseen)) or len(unseen) > max(1, MOST_HIDDEN * len(line.members))
