"""From the characters of a page set in type to its lines."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# All in heights of the type:
COLUMN_GAP = 1.0  # white as wide as this parts lines; words stand nearer, columns do not
WORD_GAP = 0.15  # and white as wide as this parts words, where the file does not say it
STEP_BACK = 1.0  # how far a pen goes back within a line, for a piece of a ligature or an accent
OVERLAP = 0.5  # of the smaller height: what stands in one line

Boxes = NDArray[np.float32]  # (n, 4): x0, y0, x1, y1


@dataclass(frozen=True, slots=True)
class Characters:
    """A page's characters in the order of its file, one code point each, white space included.

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
    pieces = []
    for piece in _pieces(characters):
        pieces.append(piece)
        if len(pieces) > most:
            return None
    lines: list[TypeLine] = []
    for piece in sorted(pieces, key=lambda piece: float(characters.body[piece.members[0], 0])):
        for line in lines:
            gap = _gap(characters.body, line.members[-1], piece.members[0])
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


def _pieces(characters: Characters) -> Iterator[TypeLine]:
    """Characters that follow one another in the file and on the page."""
    piece = TypeLine()
    for index, character in enumerate(characters.text):
        if character.isspace():
            piece.text += " "
            continue
        if piece.members and _gap(characters.body, piece.members[-1], index) is None:
            yield piece
            piece = TypeLine()
        piece.text += character
        piece.members.append(index)
    if piece.members:
        yield piece


def _gap(body: Boxes, left: int, right: int) -> float | None:
    """The white between two characters in heights, or None if they do not stand side by side."""
    _, y0, x1, y1 = body[left].tolist()
    next_x0, next_y0, _, next_y1 = body[right].tolist()
    heights = (y1 - y0, next_y1 - next_y0)
    if min(heights) <= 0 or min(y1, next_y1) - max(y0, next_y0) < OVERLAP * min(heights):
        return None
    gap: float = (next_x0 - x1) / max(heights)
    return gap if -STEP_BACK <= gap <= COLUMN_GAP else None


def _is_parted(line: TypeLine, piece: TypeLine, gap: float) -> bool:
    return gap > WORD_GAP or line.text.endswith(" ") or piece.text.startswith(" ")
