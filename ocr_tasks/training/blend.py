"""Weights between those that a training began with and those that it came to.

On the way from the one to the other, what was learnt comes sooner than what was forgotten goes
(WiSE-FT, Wortsman et al. 2022). So where the trained weights have forgotten too much, or learnt
their own lines by heart, some of the way reads better than all of it.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.training.progress import LineEvaluation

Weights = Mapping[str, NDArray[np.float32]]

SHARES = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)  # of the way, tried in this order


def blended(begun: Weights, trained: Weights, share: float) -> dict[str, NDArray[np.float32]]:
    """The weights at ``share`` of the straight way from ``begun`` to ``trained``."""
    if share == 1:
        return dict(trained)  # which the sum below is not to the bit
    part = np.float32(share)
    return {name: begun[name] + part * (trained[name] - begun[name]) for name in begun}


def walked(
    trained: LineEvaluation, most: float, measure: Callable[[float], LineEvaluation]
) -> list[LineEvaluation]:
    """``trained`` and what ``measure`` finds at lesser shares, until none further can be better.

    That is where one keeps print, by ``most``, and the next has more errors on val.
    """
    found = [trained]
    for share in SHARES:
        kept = keeping(found, most)
        if kept and found[-1].cer > min(each.cer for each in kept):
            break
        found.append(measure(share))
    return found


def keeping(evaluations: Sequence[LineEvaluation], most: float) -> list[LineEvaluation]:
    """Those whose character error rate on print is at ``most`` this."""
    return [each for each in evaluations if each.retention_cer <= most]
