"""Which part a group goes to: decided by a hash, so that it never moves while the data grow."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from ocr_tasks.dataset.groups import GroupOf
from ocr_tasks.dataset.labels import LabelLine
from ocr_tasks.dataset.samples import PARTS, TEST, TRAIN, VAL, LayoutSpec
from ocr_tasks.errors import SettingsError

TOLERANCE = 2.0  # percent points by which a part may miss its target without a word
HASH_BITS = 64
SEEDS = 100  # that are tried for one that meets the target


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """How many percent of the samples each part should have.

    ``enable`` has a check split before it checks, as PaddleX does. Without ``test_percent`` the
    test part is left as it is. ``seed`` makes another split of the same groups.
    """

    enable: bool = False
    train_percent: Annotated[float, Interval(ge=0, le=100)] = 80
    val_percent: Annotated[float, Interval(ge=0, le=100)] = 20
    test_percent: Annotated[float, Interval(ge=0, le=100)] = 0
    seed: str = "0"

    def percents(self) -> dict[str, float]:
        """The percentage of each part that is split."""
        parts = {TRAIN: self.train_percent, VAL: self.val_percent, TEST: self.test_percent}
        return {part: percent for part, percent in parts.items() if percent or part != TEST}

    def refuse_wrong_sum(self) -> None:
        """Makes sure that the percentages are those of a whole.

        Raises:
            SettingsError: they do not sum to 100.
        """
        total = self.train_percent + self.val_percent + self.test_percent
        if abs(total - 100) > 1e-6:
            raise SettingsError(
                f"split.train_percent, val_percent and test_percent sum to {total:g}, not to 100"
            )


@dataclass(frozen=True, slots=True)
class NewParts:
    """A split that was decided: the lines of each part, and how many lines each group has."""

    lines: dict[str, list[LabelLine]]
    groups: dict[str, int]

    def shares(self) -> dict[str, float]:
        """The percentage of the samples that each part has."""
        return _shares({part: len(lines) for part, lines in self.lines.items()})

    def missed(self, spec: SplitSpec) -> dict[str, float]:
        """The parts that miss their target by more than TOLERANCE, with what they have."""
        shares = self.shares()
        return {part: shares[part] for part in _missed(shares, spec)}

    def better_seed(self, spec: SplitSpec) -> str | None:
        """A seed by which every part meets its target, or None if none of SEEDS does."""
        for seed in map(str, range(SEEDS)):
            sizes = dict.fromkeys(spec.percents(), 0)
            for group, size in self.groups.items():
                sizes[part_of(group, spec.percents(), seed)] += size
            if not _missed(_shares(sizes), spec):
                return seed
        return None

    def files(self, layout: LayoutSpec) -> dict[str, bytes]:
        """The label files as they should be: all lines of a part in its first, others empty."""
        files = {file: b"" for part in self.lines for file in layout.files_of(part)}
        for part, lines in self.lines.items():
            files[layout.files_of(part)[0]] = b"".join(line.raw + b"\n" for line in lines)
        return files


def part_of(group: str, percents: Mapping[str, float], seed: str) -> str:
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


def new_parts(lines: Sequence[LabelLine], group_of: GroupOf, spec: SplitSpec) -> NewParts:
    """Every line in the part of its group; a line without one goes by its image's path."""
    percents = spec.percents()
    parts: dict[str, list[LabelLine]] = {part: [] for part in percents}
    sizes: Counter[str] = Counter()
    for line in lines:
        path = line.place().path
        known = group_of(path)
        group = f"path\0{path}" if known is None else known
        sizes[group] += 1
        parts[part_of(group, percents, spec.seed)].append(line)
    return NewParts(parts, dict(sizes))


def _shares(sizes: Mapping[str, int]) -> dict[str, float]:
    total = sum(sizes.values()) or 1
    return {part: 100 * size / total for part, size in sizes.items()}


def _missed(shares: Mapping[str, float], spec: SplitSpec) -> list[str]:
    targets = spec.percents()
    return [part for part, share in shares.items() if abs(share - targets[part]) > TOLERANCE]
