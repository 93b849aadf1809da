"""From the characters of a page set in type to its lines."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# All in heights of the type:
COLUMN_GAP = 1.0  # white as wide as this parts lines; words stand nearer, columns do not
WORD_GAP = 0.15  # and white as wide as this parts words, where the file does not say it
STEP_BACK = 0.1  # how far the middle of a character may lie before that of the one before it
OVERLAP = 0.5  # of the smaller height: what stands in one line

GUESSED = "\n"  # white space that no file has, but only a gap or the end of a line
Boxes = NDArray[np.float32]  # (n, 4): x0, y0, x1, y1
Body = list[list[float]]  # the same, one by one


@dataclass(frozen=True, slots=True)
class Characters:
    """A page's characters in the order of its file, one code point each, white space included.

    What is GUESSED stands for white that is seen, and not for a space of the file.
    Boxes (n, 4) are pixels of the frame. ``ink`` are those of the glyphs, ``body`` those of the
    type: as wide as the pen moves on and as high as the font. ``mapped`` (n,) is whether a
    character is what the font says it is and no guess, ``upright`` whether it stands as the page
    does. ``images`` (m, 4) are boxes of pictures.
    """

    text: str
    ink: Boxes
    body: Boxes
    mapped: NDArray[np.bool_]
    upright: NDArray[np.bool_]
    images: Boxes


@dataclass(slots=True)
class TypeLine:
    """A line, or a piece of one: its text, and which characters it is made of."""

    text: str = ""
    members: list[int] = field(default_factory=list)

    def box(self, characters: Characters) -> NDArray[np.float32]:
        """x0, y0, x1, y1 around its ink, and no less high than half its type."""
        ink, body = characters.ink[self.members], characters.body[self.members]
        middle = (body[:, 1] + body[:, 3]) / 2
        quarter = (body[:, 3] - body[:, 1]) / 4
        top = np.minimum(ink[:, 1], middle - quarter).min()
        bottom = np.maximum(ink[:, 3], middle + quarter).max()
        return np.array([ink[:, 0].min(), top, ink[:, 2].max(), bottom], np.float32)


def lines_of(characters: Characters, most: int) -> list[TypeLine] | None:
    """The lines of a page, in no order; None where it has more than ``most`` pieces of them.

    What stands side by side is one line, in whatever order the file has it, unless a gap as wide
    as between two columns parts it. Hyphens stay as they are printed.
    """
    body: Body = characters.body.tolist()
    pieces = []
    for piece in _pieces(characters.text, body):
        pieces.append(piece)
        if len(pieces) > most:
            return None
    lines: list[TypeLine] = []
    for piece in sorted(pieces, key=lambda piece: body[piece.members[0]][0]):
        for line in lines:
            gap = _gap(body[line.members[-1]], body[piece.members[0]])
            if gap is not None:
                line.text = line.text.rstrip() + (" " if _is_parted(line, piece, gap) else "")
                line.text += piece.text.lstrip()
                line.members += piece.members
                break
        else:
            lines.append(piece)
    for line in lines:
        line.text = unicodedata.normalize("NFC", " ".join(line.text.split()))
    return lines


def _pieces(text: str, body: Body) -> Iterator[TypeLine]:
    """Characters that follow one another in the file and on the page."""
    piece = TypeLine()
    last = 0  # a space of the file leads on, too, to what stands behind it
    for index, character in enumerate(text):
        leads_on = bool(piece.members) and _gap(body[last], body[index]) is not None
        if character.isspace():
            piece.text += " "
            last = index if leads_on and character != GUESSED else last
            continue
        if piece.members and not leads_on:
            yield piece
            piece = TypeLine()
        piece.text += character
        piece.members.append(index)
        last = index
    if piece.members:
        yield piece


def _gap(left: list[float], right: list[float]) -> float | None:
    """The white between two characters in heights, or None if they do not stand side by side."""
    heights = (left[3] - left[1], right[3] - right[1])
    if min(left[3], right[3]) - max(left[1], right[1]) < OVERLAP * min(heights):
        return None
    higher = max(heights)
    step = (right[0] + right[2] - left[0] - left[2]) / 2
    if higher <= 0 or step < -STEP_BACK * higher:
        return None
    gap = (right[0] - left[2]) / higher
    return gap if gap <= COLUMN_GAP else None


def _is_parted(line: TypeLine, piece: TypeLine, gap: float) -> bool:
    return gap > WORD_GAP or line.text.endswith(" ") or piece.text.startswith(" ")
