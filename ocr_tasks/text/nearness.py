"""Texts that are the same, but perhaps for one character."""

from collections import defaultdict
from collections.abc import Sequence

# Characters. With another character a shorter text is another text; and in print, short words
# look the same wherever they stand.
SHORTEST = 8


def is_near(one: str, other: str) -> bool:
    """Whether two texts of SHORTEST characters or more are an insertion, deletion or change apart.

    Equal texts are near.
    """
    short, long = sorted((one, other), key=len)
    if len(short) < SHORTEST or len(long) > len(short) + 1:
        return False
    start = 0
    while start < len(short) and short[start] == long[start]:
        start += 1
    return short[start + (len(short) == len(long)) :] == long[start + 1 :]


def near_candidates(texts: Sequence[str]) -> list[list[int]]:
    """Sets of indices, rising, of which one holds both of any two texts that are near.

    Where one character differs, the half of the text that it does not lie in is the same.
    """
    sets: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        if len(text) >= SHORTEST:
            for key in _halves(text):
                sets[key].append(index)
    return [indices for indices in sets.values() if len(indices) > 1]


def _halves(text: str) -> set[tuple[str, str]]:
    # A text and another that is longer by one agree in one of the two lengths of a half.
    sizes = {len(text) // 2, (len(text) - 1) // 2}
    return {("head", text[:size]) for size in sizes} | {("tail", text[-size:]) for size in sizes}
