"""Images that are in a dataset twice, exactly or nearly, and the rules against them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.rules import Finding, Place, Rule
from ocr_tasks.dataset.samples import Sample
from ocr_tasks.imaging.perception import differing_bits
from ocr_tasks.text.nearness import is_near, near_candidates

# Of 256. A copy of a line that was saved again, scaled or made lighter differs in up to 22; the
# same sentence by two writers in 42 or more (3,023 handwritten lines).
NEAR_BITS = 32
NEAR_SHAPE = 1.05  # of the ratios of width to height, as a copy keeps its shape

Facts = Mapping[Place, ImageFacts]


def copy_findings(samples: Sequence[Sample], facts: Facts) -> Iterator[Finding]:
    """Samples with the same pixels as one before them: copies, contradictions and leaks."""
    unlike: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.place not in facts:
            continue
        before = unlike[facts[sample.place].pixels_sha256]
        rules = {rule: other for other in reversed(before) for rule in _broken(sample, other)}
        for rule, other in rules.items():
            yield Finding(rule, sample.place, f"the pixels of {other.place}")
        if Rule.IMAGE_TWICE not in rules:
            before.append(sample)


def _broken(sample: Sample, other: Sample) -> Iterator[Rule]:
    """The rules that two samples with the same pixels break."""
    if sample.label != other.label:
        yield Rule.IMAGE_TWICE_UNLIKE
    if sample.part != other.part:
        yield Rule.IMAGE_LEAK
    elif sample.label == other.label:
        yield Rule.IMAGE_TWICE


def near_copy_findings(samples: Sequence[Sample], facts: Facts) -> Iterator[Finding]:
    """Samples that look like one before them and have the same label, or nearly.

    Pages of one book and lines of one form look alike, so the look alone says nothing. Each
    sample is told of once at most for a copy in its own part, and once for one in another.
    """
    known = [sample for sample in samples if sample.place in facts]
    looks = np.array([np.frombuffer(facts[each.place].look, np.uint8) for each in known])
    told: set[tuple[int, Rule]] = set()
    for candidates in near_candidates([sample.label for sample in known]):
        for position, first in enumerate(candidates):
            one = known[first]
            wanted = [
                each
                for each in candidates[position + 1 :]
                if (each, _near_rule(one, known[each])) not in told
            ]
            later = np.array(wanted, int)
            alike = later[differing_bits(looks[first], looks[later]) <= NEAR_BITS]
            for second in alike.tolist():
                other = known[second]
                if _are_near(one, other, facts):
                    rule = _near_rule(one, other)
                    told.add((second, rule))
                    yield Finding(rule, other.place, f"it looks like {one.place}")


def _near_rule(one: Sample, other: Sample) -> Rule:
    return Rule.IMAGE_NEARLY_TWICE if one.part == other.part else Rule.IMAGE_NEARLY_LEAK


def _are_near(one: Sample, other: Sample, facts: Facts) -> bool:
    """Whether two samples that look alike are copies, but not of the same pixels."""
    first, second = facts[one.place], facts[other.place]
    if first.pixels_sha256 == second.pixels_sha256 or not is_near(one.label, other.label):
        return False
    small, large = sorted(each.width / each.height for each in (first, second))
    return large <= small * NEAR_SHAPE
