"""How far what was read is from what is written, as sums that add up over lines and documents."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class TextScore:
    """The errors of some lines. The score of two sets of lines is the sum of their scores.

    ``edits`` are the characters inserted, deleted or changed (Levenshtein 1966) to come from what
    was read to the labels, which have ``characters``; ``word_edits`` and ``words`` are the same
    of words. ``exact`` lines were read to the letter, ``exact_without_spaces`` but for U+0020.
    ``relative_edits`` sums the edits of each line over its length, both without spaces.
    """

    lines: int = 0
    exact: int = 0
    exact_without_spaces: int = 0
    edits: int = 0
    characters: int = 0
    word_edits: int = 0
    words: int = 0
    relative_edits: float = 0.0

    def __add__(self, other: "TextScore") -> "TextScore":
        """The score of both sets of lines."""
        return total([self, other])

    @property
    def cer(self) -> float:
        """The character error rate: edits a character of the labels. It may be above 1."""
        return self.edits / max(1, self.characters)

    @property
    def wer(self) -> float:
        """The word error rate: edits a word of the labels. It may be above 1."""
        return self.word_edits / max(1, self.words)

    @property
    def accuracy(self) -> float:
        """The share of lines that were read to the letter, 0 to 1."""
        return self.exact / max(1, self.lines)

    @property
    def accuracy_without_spaces(self) -> float:
        """The share of lines that were read to the letter but for spaces: PaddleOCR's ``acc``."""
        return self.exact_without_spaces / max(1, self.lines)

    @property
    def norm_edit_dis(self) -> float:
        """PaddleOCR's ``norm_edit_dis``, 0 to 1: how like their labels lines are, spaces aside.

        It is 1 less the mean of a line's edits over the length of the longer of both texts
        (ppocr/metrics/rec_metric.py, with its default ``ignore_space``).
        """
        return 1 - self.relative_edits / max(1, self.lines)

    def rates(self) -> dict[str, float]:
        """The rates, by the names that reports have for them."""
        return {
            "exact": self.accuracy,
            "exact_without_spaces": self.accuracy_without_spaces,
            "norm_edit_dis": self.norm_edit_dis,
            "cer": self.cer,
            "wer": self.wer,
        }


def score_of(label: str, read: str) -> TextScore:
    """The score of one line."""
    bare_label, bare_read = label.replace(" ", ""), read.replace(" ", "")
    words = label.split()
    return TextScore(
        lines=1,
        exact=int(label == read),
        exact_without_spaces=int(bare_label == bare_read),
        edits=Levenshtein.distance(label, read),
        characters=len(label),
        word_edits=Levenshtein.distance(words, read.split()),
        words=len(words),
        relative_edits=Levenshtein.normalized_distance(bare_label, bare_read),
    )


_SUMS = attrgetter(*(field.name for field in fields(TextScore)))


def total(scores: Sequence[TextScore]) -> TextScore:
    """The sum of scores; of none of them it is that of no line."""
    return TextScore(*map(sum, zip(*map(_SUMS, scores), strict=True)))


def wrong_pieces(label: str, read: str) -> list[tuple[str, bool]]:
    """What was read in pieces, each with whether it is wrong; a lost piece is an empty one."""
    return [
        (read[code.dest_start : code.dest_end], code.tag != "equal")
        for code in Levenshtein.opcodes(label, read)
    ]
