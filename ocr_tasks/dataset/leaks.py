"""What two parts of a dataset have in common and should not: groups and texts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ocr_tasks.dataset.rules import Finding, Rule
from ocr_tasks.dataset.samples import TRAIN, Sample
from ocr_tasks.text.names import visible
from ocr_tasks.text.nearness import is_near, near_candidates

SENTENCE = 20  # characters from which a text that differs in one of them is nearly the same

Leaks = dict[int, tuple[str, int]]  # by a sample's index: how, and the index of the one in train


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
    """The samples of other parts whose text some line of train has, or has nearly.

    Spaces and case do not count. Each is told of once, for the text that is the same if there is
    one.
    """
    texts = [_bare(sample.label) for sample in samples]
    leaks = _nearly_the_same(samples, texts) | _the_same(samples, texts)
    for index, (words, before) in sorted(leaks.items()):
        yield Finding(Rule.TEXT_LEAK, samples[index].place, f"{words} of {samples[before].place}")


def _the_same(samples: Sequence[Sample], texts: Sequence[str]) -> Leaks:
    trained: dict[str, int] = {}
    for index, text in enumerate(texts):
        if samples[index].part == TRAIN:
            trained.setdefault(text, index)
    return {
        index: ("the text", trained[text])
        for index, text in enumerate(texts)
        if samples[index].part != TRAIN and text in trained
    }


def _nearly_the_same(samples: Sequence[Sample], texts: Sequence[str]) -> Leaks:
    leaks: Leaks = {}
    for candidates in near_candidates(texts):
        trained = [index for index in candidates if samples[index].part == TRAIN]
        for index in candidates:
            if samples[index].part == TRAIN or index in leaks:
                continue
            before = next((each for each in trained if _is_nearly(texts[each], texts[index])), None)
            if before is not None:
                leaks[index] = ("nearly the text", before)
    return leaks


def _is_nearly(one: str, other: str) -> bool:
    return len(one) >= SENTENCE and is_near(one, other) and _digits(one) == _digits(other)


def _digits(text: str) -> str:
    """Its digits: a number that differs in one is another number, however long the text."""
    return "".join(each for each in text if each.isdigit())


def _bare(text: str) -> str:
    return " ".join(text.casefold().split())
