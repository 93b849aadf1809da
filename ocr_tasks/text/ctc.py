"""Greedy CTC decoding (Graves et al. 2006, best-path decoding)."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.text.charset import BLANK


def decode_best_path(
    classes: NDArray[np.integer], scores: NDArray[np.floating], charset: Sequence[str]
) -> tuple[str, float]:
    """The text of one line, and the mean score of its characters.

    Args:
        classes: (steps,) best class a step; class 0 is the blank.
        scores: (steps,) probability of that class.
        charset: class index to character.

    A run of one class is one character, scored at its first step; a line without characters has
    score 0.
    """
    starts = np.ones(len(classes), dtype=bool)
    starts[1:] = classes[1:] != classes[:-1]
    kept = starts & (classes != 0)
    if not kept.any():
        return BLANK, 0.0
    text = "".join(charset[index] for index in classes[kept])
    return text, float(scores[kept].mean())


def steps_needed(text: str) -> int:
    """The fewest steps in which a CTC head can emit ``text``.

    Each character takes one, and two equal neighbours a blank between them (Graves et al. 2006).
    """
    return len(text) + sum(left == right for left, right in pairwise(text))
