"""From a seed to the parts of all groups, and the seed that makes the best of them."""

import hashlib
from collections import Counter
from collections.abc import Mapping

from ocr_tasks.dataset.samples import PARTS

AUTO = "auto"
SEEDS = 200  # that are tried at most
GOOD_SHARE, GOOD_MIX = 0.5, 2.0  # points off target with which a seed is taken at once
HASH_BITS = 64

Percents = Mapping[str, float]  # of each part
Sizes = Mapping[str, Counter[str]]  # by group: how many samples of each stratum it has


def part_of(group: str, percents: Percents, seed: str) -> str:
    """The part a group goes to; it depends on nothing but the arguments.

    The hash is a number between 0 and 100, evenly spread over groups; each part has its stretch.
    """
    digest = hashlib.sha256(f"{seed}\0{group}".encode("utf-8", "surrogateescape")).digest()
    number = 100 * int.from_bytes(digest[: HASH_BITS // 8], "big") / 2**HASH_BITS
    end = 0.0
    for part in PARTS:
        end += percents.get(part, 0.0)
        if number < end:
            return part
    return max(percents, key=PARTS.index)  # rounding may leave the very end


def chosen_seed(sizes: Sizes, percents: Percents) -> str:
    """The seed whose parts are nearest to their targets, and most like each other in strata."""
    best, least = "0", float("inf")
    for seed in map(str, range(SEEDS)):
        strata = strata_of(sizes, percents, seed)
        share, mix = _off_share(strata, percents), _off_mix(strata, percents)
        if share <= GOOD_SHARE and mix <= GOOD_MIX:
            return seed
        if share + mix < least:
            best, least = seed, share + mix
    return best


def strata_of(sizes: Sizes, percents: Percents, seed: str) -> dict[str, Counter[str]]:
    """How many samples of each stratum each part has by that seed."""
    strata: dict[str, Counter[str]] = {part: Counter() for part in percents}
    for group, counts in sizes.items():
        strata[part_of(group, percents, seed)].update(counts)
    return strata


def shares_of(totals: Mapping[str, int]) -> dict[str, float]:
    """The percentage of the samples that each part has."""
    total = sum(totals.values()) or 1
    return {part: 100 * size / total for part, size in totals.items()}


def _off_share(strata: Mapping[str, Counter[str]], percents: Percents) -> float:
    """By how many points the part that is worst off misses its target."""
    shares = shares_of({part: counts.total() for part, counts in strata.items()})
    return max(abs(share - percents[part]) for part, share in shares.items())


def _off_mix(strata: Mapping[str, Counter[str]], percents: Percents) -> float:
    """How many percent of a part would have to be of other strata to be as the whole, at worst.

    That is the total variation distance of the two distributions. An empty part that should not
    be empty is as far off as can be.
    """
    whole: Counter[str] = Counter()
    for counts in strata.values():
        whole.update(counts)
    wanted = shares_of(whole)
    off = [0.0]
    for part, counts in strata.items():
        have = shares_of(counts)
        distance = sum(abs(have.get(each, 0.0) - share) for each, share in wanted.items()) / 2
        off.append(distance if counts else 100.0 * (percents[part] > 0))
    return max(off)
