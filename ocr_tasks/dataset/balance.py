"""How a dataset is balanced: scripts and lengths by part, and what is seldom learned."""

from collections import Counter
from collections.abc import Sequence
from statistics import quantiles
from typing import Any

from ocr_tasks.dataset.samples import LINES, PARTS, TRAIN, Dataset, Sample
from ocr_tasks.text.scripts import script_of

RARE = 5  # training labels: a character that fewer have is hardly learned
MOST_NAMED = 100  # characters, the most frequent first

Json = dict[str, Any]


def balance_of(dataset: Dataset) -> Json:
    """The mix of scripts and the lengths of labels by part, and what the training part lacks.

    ``characters`` counts those of the dictionary, those that training labels have, and of these
    the rare ones, which fewer than RARE labels have; ``untrained`` are characters of other parts
    that no training label has, with how often they stand there. Nothing of pages.
    """
    if dataset.type != LINES or dataset.dictionary is None:
        return {}
    parts = {part: dataset.of_part(part) for part in PARTS}
    labels = Counter(each for sample in parts[TRAIN] for each in set(sample.label))
    others = Counter(
        each for part in PARTS if part != TRAIN for sample in parts[part] for each in sample.label
    )
    untrained = Counter({each: count for each, count in others.items() if each not in labels})
    return {
        "scripts": {part: _scripts(samples) for part, samples in parts.items() if samples},
        "lengths": {part: _lengths(samples) for part, samples in parts.items() if samples},
        "characters": {
            "in_dictionary": len(dataset.dictionary),
            "in_train": len(labels),
            "rare_in_train": sum(count < RARE for count in labels.values()),
        },
        "untrained": dict(untrained.most_common(MOST_NAMED)),
    }


def _scripts(samples: Sequence[Sample]) -> dict[str, int]:
    return dict(Counter(script_of(sample.label) for sample in samples).most_common())


def _lengths(samples: Sequence[Sample]) -> dict[str, float]:
    """The quartiles of the lengths in characters, the shortest and the longest."""
    lengths = sorted(len(sample.label) for sample in samples)
    low, middle, high = quantiles(lengths, n=4) if len(lengths) > 1 else lengths * 3
    ends = {"shortest": lengths[0], "longest": lengths[-1]}
    return {"quarter": low, "median": middle, "three_quarters": high} | ends
