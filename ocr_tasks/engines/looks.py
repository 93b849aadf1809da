"""How the lines of a page are looked at: some first, most squeezed, doubtful ones again.

A recogniser takes time by the pixel, and gives text that is upside down a low confidence. So a
page's longest lines are read first, as voters. They tell which way up the page is, and how wide
its characters are; the other lines are squeezed until their characters are just wide enough.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np

from ocr_tasks.engines.votes import BETTER, MOST_VOTERS, SURE, VOTERS, Vote, mean_confidence
from ocr_tasks.imaging.crops import Pixels, by_half_a_turn, pad_to_bucket, squeeze
from ocr_tasks.records import LineText

READABLE = 0.8  # mean confidence of text that is surely the right way up; upside down: up to 0.72
FIRM = 0.9  # mean confidence of voters whose characters can be counted on
CHARACTER_WIDTH = 15.0  # pixels that characters are squeezed to: nearly two network steps
NARROWEST = 0.55  # of its own width: no line is squeezed further
DOUBTFUL = 0.92  # confidence below which a squeezed line is read at its own width
WRONG_WAY_UP = 0.8  # and below which a line may be upside down, on a page that is readable

Crops = dict[int, Pixels]  # by the number of the line
Texts = dict[int, LineText]


@dataclass(frozen=True, slots=True)
class LinesRead:
    """What was read on a page: a text for each line.

    The page is ``upside_down``, or not; ``turned`` are the lines that stand the other way up than
    the page.
    """

    texts: Texts
    upside_down: bool
    turned: frozenset[int]


LineReading = Generator[Crops, Texts, LinesRead]


def reading_of(strips: list[Pixels]) -> LineReading:
    """Asks for crops to be read, gets their texts, and asks for more until it knows them all.

    ``strips`` are the lines, (LINE_HEIGHT, width, 3) each. What it asks for depends on them alone.
    """
    longest = sorted(range(len(strips)), key=lambda line: -strips[line].shape[1])
    texts = yield from _read({line: strips[line] for line in longest[:VOTERS]})
    upside_down = False
    if mean_confidence(texts.values()) < READABLE:
        texts, turned_texts = yield from _read_either_way(strips, longest[:MOST_VOTERS], texts)
        upside_down = Vote([*texts.values()], [*turned_texts.values()]).gain > BETTER
        if upside_down:
            texts, strips = turned_texts, [by_half_a_turn(strip) for strip in strips]
    # The median: one voter may be upside down itself.
    is_readable = np.median([read.confidence for read in texts.values()] or [1.0]) >= READABLE
    others = [line for line in longest if line not in texts]
    texts |= yield from _read_squeezed(strips, others, _squeeze(strips, texts))
    turned: set[int] = set()
    if is_readable:
        turned = yield from _turn_lines(strips, texts)
    return LinesRead(texts, upside_down, frozenset(turned))


def _read(crops: Crops) -> Generator[Crops, Texts, Texts]:
    """The texts of crops, which are padded here."""
    if not crops:
        return {}
    return (yield {line: pad_to_bucket(crop) for line, crop in crops.items()})


def _read_either_way(
    strips: list[Pixels], voters: list[int], texts: Texts
) -> Generator[Crops, Texts, tuple[Texts, Texts]]:
    """The texts of voters as they lie, of which ``texts`` are known, and upside down.

    All of them are asked only if those that are known are not sure.
    """
    turned_texts = yield from _read({line: by_half_a_turn(strips[line]) for line in texts})
    if abs(Vote([*texts.values()], [*turned_texts.values()]).gain) < SURE:
        more = [line for line in voters if line not in texts]
        texts |= yield from _read({line: strips[line] for line in more})
        turned_texts |= yield from _read({line: by_half_a_turn(strips[line]) for line in more})
    return texts, turned_texts


def _squeeze(strips: list[Pixels], voters: Texts) -> float:
    """The share of their width that lines may be squeezed to, by the voters' characters."""
    width = sum(strips[line].shape[1] for line in voters)
    if not width or mean_confidence(voters.values()) < FIRM:
        return 1.0
    characters = sum(len(read.text) for read in voters.values())
    return float(np.clip(CHARACTER_WIDTH * characters / width, NARROWEST, 1.0))


def _read_squeezed(
    strips: list[Pixels], lines: Iterable[int], share: float
) -> Generator[Crops, Texts, Texts]:
    """The lines' texts, squeezed; those read with doubt are read once more as they are."""
    texts = yield from _read({line: squeeze(strips[line], share) for line in lines})
    if share < 1.0:
        doubtful = [line for line, read in texts.items() if read.confidence < DOUBTFUL]
        whole = yield from _read({line: strips[line] for line in doubtful})
        texts |= {line: max(texts[line], read, key=_certainty) for line, read in whole.items()}
    return texts


def _turn_lines(strips: list[Pixels], texts: Texts) -> Generator[Crops, Texts, set[int]]:
    """The lines that are upside down; what they read turned round goes into ``texts``."""
    doubtful = [
        line for line, read in texts.items() if read.text.strip() and read.confidence < WRONG_WAY_UP
    ]
    turned = yield from _read({line: by_half_a_turn(strips[line]) for line in doubtful})
    better = {
        line: read
        for line, read in turned.items()
        if read.confidence >= max(READABLE, texts[line].confidence + SURE)
    }
    texts |= better
    return set(better)


def _certainty(read: LineText) -> float:
    return read.confidence
