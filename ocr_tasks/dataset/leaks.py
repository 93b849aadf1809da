"""What two parts of a dataset have in common and should not: groups and texts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ocr_tasks.dataset.rules import Finding, Rule
from ocr_tasks.dataset.samples import TRAIN, Sample
from ocr_tasks.text.names import visible


def group_leaks(samples: Sequence[Sample]) -> Iterator[Finding]:
    """One finding for each group and each part but its first, at its first sample there."""
    members: dict[str, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        if sample.group is not None:
            members[sample.group][sample.part].append(sample)
    for group, parts in members.items():
        counts = ", ".join(f"{len(inside)} in {part}" for part, inside in parts.items())
        for inside in list(parts.values())[1:]:
            message = f"group {visible(group)}: {counts}"
            yield Finding(Rule.GROUP_LEAK, inside[0].place, message)


def text_leaks(samples: Sequence[Sample]) -> Iterator[Finding]:
    """The samples of other parts whose text, but for spaces and case, some line of train has."""
    trained: dict[str, Sample] = {}
    for sample in samples:
        if sample.part == TRAIN:
            trained.setdefault(_bare(sample.label), sample)
    for sample in samples:
        before = trained.get(_bare(sample.label))
        if before is not None and sample.part != TRAIN:
            yield Finding(Rule.TEXT_LEAK, sample.place, f"the text of {before.place}")


def _bare(text: str) -> str:
    return " ".join(text.casefold().split())
