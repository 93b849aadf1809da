"""Pages that lie on their side: found by the shape of their lines, turned as reads better."""

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.engines.answers import texts_of
from ocr_tasks.engines.contract import Recognizer
from ocr_tasks.engines.votes import BETTER, MOST_VOTERS, NO_TEXT, SURE, VOTERS, Vote
from ocr_tasks.imaging.crops import ON_END, Pixels, by_half_a_turn, crop_line
from ocr_tasks.records import DetectedLines, LineText

Polygons = NDArray[np.float32]  # (lines, 4, 2), pixels, clockwise from the line's top left

MOSTLY = 0.6  # of the length of all lines
READABLE = 0.5  # confidence of text the way it reads better, however hard the hand


def turns_to_upright(page: Pixels, detected: DetectedLines, recognizer: Recognizer) -> int:
    """How many quarter turns counter-clockwise bring the page's text upright: 0, 1 or 3.

    A page whose lines are mostly taller than wide lies on its side, or is written in columns. Its
    longest lines are read from either end, and it is turned if one of the ways reads better: the
    columns of a page then come one below the other, in their order, which is from the right.
    """
    widths, heights = _sides(detected.polygons)
    on_end = heights >= ON_END * widths
    lengths = np.maximum(widths, heights)
    if on_end.sum() < 2 or lengths[on_end].sum() < MOSTLY * lengths.sum():
        return 0
    longest = sorted(np.flatnonzero(on_end), key=lambda line: -lengths[line])
    crops = [crop_line(page, detected.polygons[line]) for line in longest[:MOST_VOTERS]]
    vote = _vote_on(crops, recognizer)
    if vote.best < READABLE or abs(vote.gain) < BETTER:
        return 0
    return 3 if vote.gain > 0 else 1


def _vote_on(crops: list[Pixels], recognizer: Recognizer) -> Vote:
    """The vote of the first few lines, or of all if those are not sure."""
    vote = Vote()
    for voters in (crops[:VOTERS], crops[VOTERS:]):
        vote.as_they_lie += _read(voters, recognizer)
        vote.turned += _read([by_half_a_turn(crop) for crop in voters], recognizer)
        if vote.best >= READABLE and abs(vote.gain) >= SURE:
            break
    return vote


def _read(crops: list[Pixels], recognizer: Recognizer) -> list[LineText]:
    """What is read; a line that cannot be read has no text."""
    answers = [answer for crop in crops for answer in texts_of(recognizer, [crop])]
    return [answer if isinstance(answer, LineText) else NO_TEXT for answer in answers]


def _sides(polygons: Polygons) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Widths and heights of lines, (lines,) each."""
    widths = np.linalg.norm(polygons[:, 1] - polygons[:, 0], axis=1)
    heights = np.linalg.norm(polygons[:, 3] - polygons[:, 0], axis=1)
    return widths.astype(np.float32), heights.astype(np.float32)


def turned_back(polygons: Polygons, turns: int, height: int, width: int) -> Polygons:
    """Polygons of a page that was turned, in the frame of the page of that size as it was."""
    x, y = polygons[..., 0], polygons[..., 1]
    back = {
        0: (x, y),
        1: (width - y, x),
        2: (width - x, height - y),
        3: (y, height - x),
    }
    return np.stack(back[turns], axis=-1).astype(np.float32)
