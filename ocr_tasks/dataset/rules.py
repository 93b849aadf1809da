"""What can be wrong with a dataset: one table of rules, and the findings that name them."""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Severity(StrEnum):
    """``critical``: a training or its evaluation would go wrong. ``warning``: a person decides."""

    CRITICAL = "critical"
    WARNING = "warning"


class Rule(Enum):
    """A rule by its code: severity, what a finding means, and the remedy."""

    LINE_MALFORMED = (
        Severity.CRITICAL,
        "The line of a label file is not a path, one tab and a label.",
        "Write `path<TAB>label`; for pages the label is a JSON list of points and transcription.",
    )
    LABEL_NOT_UTF8 = (
        Severity.CRITICAL,
        "The line of a label file is not UTF-8.",
        "Save the label file as UTF-8 without a byte-order mark.",
    )
    PART_EMPTY = (
        Severity.CRITICAL,
        "The training or validation part has no sample.",
        "Add samples, or split the dataset anew.",
    )
    PATH_OUTSIDE = (
        Severity.CRITICAL,
        "The path of an image leads out of the dataset.",
        "Copy the image into the dataset and name it by a relative path.",
    )
    IMAGE_MISSING = (
        Severity.CRITICAL,
        "There is no such image in the dataset.",
        "Bring the image or remove the line; links are not followed.",
    )
    IMAGE_UNREADABLE = (
        Severity.CRITICAL,
        "The image cannot be decoded.",
        "Restore the image from its master copy, or remove the line.",
    )
    IMAGE_TRUNCATED = (
        Severity.CRITICAL,
        "The image ends before all its pixels have come.",
        "Copy the image again: an upload was cut short.",
    )
    IMAGE_TOO_LARGE = (
        Severity.CRITICAL,
        "The image has more pixels than limits.max_pixels.",
        "Scale the image down, or raise limits.max_pixels.",
    )
    IMAGE_SMALL = (
        Severity.WARNING,
        "A side of the image is shorter than limits.min_side.",
        "Cut the image anew from a better scan, or remove it.",
    )
    IMAGE_SHAPE = (
        Severity.WARNING,
        "The line is wider than limits.max_aspect times its height, or stands on end.",
        "Part a long line in two; turn a line that stands on end.",
    )
    LABEL_EMPTY = (
        Severity.CRITICAL,
        "The label has no character but spaces.",
        "Write what the line says, or remove it.",
    )
    LABEL_NOT_NFC = (
        Severity.WARNING,
        "The label is not in Unicode's normal form C.",
        "Normalise the labels (Python: unicodedata.normalize('NFC', label)).",
    )
    LABEL_OUTSIDE_DICT = (
        Severity.CRITICAL,
        "The label has characters that the dictionary lacks: trainers drop them in silence.",
        "Correct the label, or add the characters to the dictionary.",
    )
    LABEL_LONGER_THAN_STEPS = (
        Severity.CRITICAL,
        "The label needs more CTC steps than the image's width gives: it can never be read.",
        "Look whether image and label belong together; cut the line wider or part it.",
    )
    LABEL_TOO_LONG = (
        Severity.CRITICAL,
        "The label has more characters than limits.max_text_length: trainers skip it in silence.",
        "Part the line, or raise limits.max_text_length here and in training.",
    )
    LABEL_HAS_MARKS = (
        Severity.WARNING,
        "The label holds an editor's marks (>struck<, ⟦ ⟧, ^, ~~~), which no image shows.",
        "Decide how such text is labelled, and write only what can be seen.",
    )
    PAGE_WITHOUT_TEXT = (
        Severity.WARNING,
        "The page has no labelled text.",
        "Label its text, or remove the page: trainers skip it in silence.",
    )
    POLYGON_EMPTY = (
        Severity.CRITICAL,
        "The polygon has fewer than three corners or no area.",
        "Draw the polygon again or remove it.",
    )
    POLYGON_CROSSED = (
        Severity.CRITICAL,
        "The polygon crosses itself.",
        "Put its corners in order, clockwise from the top left.",
    )
    POLYGON_OUTSIDE = (
        Severity.CRITICAL,
        "The middle of the polygon lies outside of the page.",
        "Look whether label and image belong together, and were scaled together.",
    )
    POLYGON_OVER_EDGE = (
        Severity.WARNING,
        "A corner of the polygon lies outside of the page.",
        "Move the corner to the page's edge.",
    )
    IMAGE_TWICE = (
        Severity.WARNING,
        "The image is in its part more than once, with the same label.",
        "Remove all but one.",
    )
    IMAGE_TWICE_UNLIKE = (
        Severity.CRITICAL,
        "The image is in the dataset more than once, with different labels.",
        "Find the right label and remove the others.",
    )
    IMAGE_NEARLY_TWICE = (
        Severity.WARNING,
        "The image looks the same as another in its part, with the same label or nearly so.",
        "Look at both: remove one if they are copies.",
    )
    IMAGE_LEAK = (
        Severity.CRITICAL,
        "The image is in two parts.",
        "Remove it from one part, or give both copies one group and split anew.",
    )
    IMAGE_NEARLY_LEAK = (
        Severity.WARNING,
        "The image looks the same as one in another part, with the same label or nearly so.",
        "Remove it from one part, or split anew: what nearly leaks is left out of val and test.",
    )
    GROUP_LEAK = (
        Severity.CRITICAL,
        "Samples of one group (document, writer, page) are in two parts.",
        "Split the dataset anew, by group.",
    )
    TEXT_LEAK = (
        Severity.WARNING,
        "The same text, or nearly, is in the training part and in this one.",
        "Remove it from one part where the text is long enough to be learned by heart.",
    )

    @property
    def code(self) -> str:
        """The rule's name, as it stands in results and documentation."""
        return self.name

    @property
    def severity(self) -> Severity:
        """How bad a finding is."""
        return self.value[0]

    @property
    def meaning(self) -> str:
        """What a finding means, in one sentence."""
        return self.value[1]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.value[2]


MENDED_BY_SPLIT = frozenset({Rule.PART_EMPTY, Rule.IMAGE_LEAK, Rule.GROUP_LEAK})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sample stands: its part, label file and line (from 1), and its image's path."""

    part: str
    file: str
    line: int
    path: str

    def __str__(self) -> str:
        """As editors have it: file and line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: by which rule, where, and what exactly."""

    rule: Rule
    place: Place
    message: str

    @property
    def is_critical(self) -> bool:
        """Whether the check fails by it."""
        return self.rule.severity is Severity.CRITICAL
