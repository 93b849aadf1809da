"""A split: every group in one part, and nothing in val and test that was learned from."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from annotated_types import Interval

from ocr_tasks import storage
from ocr_tasks.dataset.copies import copy_findings, near_copy_findings
from ocr_tasks.dataset.groups import GroupOf
from ocr_tasks.dataset.image_rules import name_of
from ocr_tasks.dataset.inspection import ImageFacts, Inspected
from ocr_tasks.dataset.labels import LabelLine, sample_of
from ocr_tasks.dataset.leaks import text_leaks
from ocr_tasks.dataset.rules import Place, Rule
from ocr_tasks.dataset.samples import LEFT_OUT, PARTS, TEST, TRAIN, VAL, LayoutSpec, Sample
from ocr_tasks.dataset.seeds import AUTO, Sizes, chosen_seed, part_of, shares_of, strata_of
from ocr_tasks.errors import DatasetError, SettingsError
from ocr_tasks.text.nearness import SHORTEST
from ocr_tasks.text.scripts import length_band, script_of

TOLERANCE = 2.0  # percent points by which a part may miss its target without a word
RECORD = "split.json"  # in the dataset: by which seed it was split, so that no group ever moves

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """How many percent of the samples each part should have.

    ``enable`` has a check split before it checks, as PaddleX does. Without ``test_percent`` the
    test part is left as it is. ``seed`` makes another split of the same groups; ``auto`` takes
    the best of many the first time, and that one ever after. ``drop`` says what else than copies
    of images is left out of val and test: nothing, or what has a text of the training part.
    """

    enable: bool = False
    train_percent: Annotated[float, Interval(ge=0, le=100)] = 80
    val_percent: Annotated[float, Interval(ge=0, le=100)] = 20
    test_percent: Annotated[float, Interval(ge=0, le=100)] = 0
    seed: str = AUTO
    drop: Literal["copies", "texts"] = "copies"

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
    """A split that was decided: its seed, and the lines of each part and of what is left out.

    ``sizes`` are of all groups, before anything was left out.
    """

    seed: str
    lines: dict[str, list[LabelLine]]
    sizes: Sizes = field(repr=False)

    def result(self, spec: SplitSpec) -> Json:
        """What is to be told of it: see jobs.dataset_refresh.split."""
        samples = {part: len(self.lines[part]) for part in spec.percents()}
        shares, target = shares_of(samples), spec.percents()
        strata = strata_of(self.sizes, target, self.seed)
        return {
            "samples": samples,
            "percent": shares,
            "target": target,
            "missed": {
                part: share
                for part, share in shares.items()
                if abs(share - target[part]) > TOLERANCE
            },
            "left_out": len(self.lines[LEFT_OUT]),
            "groups": len(self.sizes),
            "seed": self.seed,
            "strata": {part: dict(sorted(counts.items())) for part, counts in strata.items()},
        }

    def files(self, layout: LayoutSpec) -> dict[str, bytes]:
        """The files as they should be: all lines of a part in its first, others empty."""
        files = {file: b"" for part in self.lines for file in layout.files_of(part)}
        for part, lines in self.lines.items():
            files[layout.files_of(part)[0]] = b"".join(line.raw + b"\n" for line in lines)
        return files | {RECORD: json.dumps({"seed": self.seed}).encode() + b"\n"}


def recorded_seed(root: str) -> str | None:
    """The seed of the split before of the dataset at the URL ``root``, if there was one.

    Raises:
        DatasetError: the record of it is not what was written.
        StorageError: the store did not answer.
    """
    try:
        seed = json.loads(storage.read_bytes(storage.join(root, RECORD)))["seed"]
        if not isinstance(seed, str):
            raise TypeError(f"the seed is no text but {seed!r}")
        return seed
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(f"{RECORD} in {root} does not say the seed of its split") from error


def new_parts(
    lines: Sequence[LabelLine],
    group_of: GroupOf,
    images: Mapping[str, Inspected],
    spec: SplitSpec,
    recorded: str | None = None,
) -> NewParts:
    """Every line in the part of its group, or left out where another part would know its image.

    A line without a group goes by its image's pixels, or by its path where ``images``, which go
    by their names, tell of none. ``recorded`` is the seed of the split before, if there was one.
    Lines of a part without a percentage, as test may be, stay there: what is of their groups, or
    a copy of them, is left out of the other parts.
    """
    percents = spec.percents()
    standing = [line for line in lines if _stands(line, percents)]
    grouped = [
        (line, _group(line, group_of, images)) for line in lines if not _stands(line, percents)
    ]
    taken = {_group(line, group_of, images) for line in standing}
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for line, group in grouped:
        if group not in taken:
            sizes[group][_stratum(line)] += 1
    seed = spec.seed
    if seed == AUTO:
        seed = recorded if recorded is not None else chosen_seed(sizes, percents)
    parts: dict[str, list[LabelLine]] = {part: [] for part in percents}
    for line, group in grouped:
        if group not in taken:
            parts[part_of(group, percents, seed)].append(line)
    kept = _without_copies(standing, parts, images, spec)
    kept[LEFT_OUT] = [line for line, group in grouped if group in taken] + kept[LEFT_OUT]
    return NewParts(seed, kept, sizes)


def _stands(line: LabelLine, percents: Mapping[str, float]) -> bool:
    """Whether a line is of a part that is not split."""
    return line.part in PARTS and line.part not in percents


def _group(line: LabelLine, group_of: GroupOf, images: Mapping[str, Inspected]) -> str:
    path, facts = line.place().path, _facts(line, images)
    known = group_of(path)
    if known is not None:
        return known
    return f"path\0{path}" if facts is None else f"pixels\0{facts.pixels_sha256}"


def _facts(line: LabelLine, images: Mapping[str, Inspected]) -> ImageFacts | None:
    image = images.get(name_of(line.place().path) or "")
    return image if isinstance(image, ImageFacts) else None


def _stratum(line: LabelLine) -> str:
    """Script and band of lengths of a line's label, as ``LATIN ≤25``. Pages are all alike."""
    sample = sample_of(line)
    if not isinstance(sample, Sample):
        return "-"
    return f"{script_of(sample.label)} {length_band(sample.label)}"


def _without_copies(
    standing: Sequence[LabelLine],
    parts: Mapping[str, list[LabelLine]],
    images: Mapping[str, Inspected],
    spec: SplitSpec,
) -> dict[str, list[LabelLine]]:
    """The parts, without what is a copy of something that stands or is in a part before.

    That is LEFT_OUT.
    """
    placed = [(TEST, line) for line in standing]
    placed += [(part, line) for part in PARTS for line in parts.get(part, ())]
    samples: list[Sample] = []
    facts: dict[Place, ImageFacts] = {}
    for part, line in placed:
        sample, known = sample_of(line), _facts(line, images)
        if isinstance(sample, Sample):
            samples.append(Sample(replace(sample.place, part=part), sample.label))
            if known is not None:
                facts[samples[-1].place] = known
    findings = [*copy_findings(samples, facts), *near_copy_findings(samples, facts)]
    rules = (Rule.IMAGE_LEAK, Rule.IMAGE_NEARLY_LEAK)
    leaks = {each.place for each in findings if each.rule in rules}
    if spec.drop == "texts":
        long = [each for each in samples if len(each.label) >= SHORTEST]
        leaks |= {each.place for each in text_leaks(long)}
    kept: dict[str, list[LabelLine]] = {part: [] for part in (*parts, LEFT_OUT)}
    for part, lines in parts.items():
        for line in lines:
            is_leak = replace(line.place(), part=part) in leaks
            kept[LEFT_OUT if is_leak else part].append(line)
    return kept
