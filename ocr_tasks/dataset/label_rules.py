"""Rules of the labels of lines: characters, lengths, and what a recogniser could emit."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Set

from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.rules import Finding, Rule
from ocr_tasks.dataset.samples import Sample
from ocr_tasks.imaging.crops import LINE_HEIGHT, MAX_WIDTH
from ocr_tasks.text.ctc import steps_needed
from ocr_tasks.text.marks import editors_marks
from ocr_tasks.text.names import visible

STEP = 8  # pixels at LINE_HEIGHT that make one step of PP-OCR's CTC head


def label_findings(
    sample: Sample, dictionary: Set[str], limits: LimitSpec, facts: ImageFacts | None
) -> Iterator[Finding]:
    """What is wrong with the label of a line, of whose image ``facts`` may be known."""
    label, place = sample.label, sample.place
    if not label.strip():
        yield Finding(Rule.LABEL_EMPTY, place, "the label is empty")
        return
    yield from text_findings(sample, label)
    outside = characters_outside(label, dictionary)
    if outside:
        yield Finding(Rule.LABEL_OUTSIDE_DICT, place, named(outside))
    if len(label) > limits.max_text_length:
        yield Finding(Rule.LABEL_TOO_LONG, place, f"{len(label)} characters")
    if facts is not None:
        needed, there = steps_needed(label), steps_of(facts.width, facts.height)
        if needed > there:
            message = f"{needed} steps are needed, {facts.width} x {facts.height} gives {there}"
            yield Finding(Rule.LABEL_LONGER_THAN_STEPS, place, message)


def text_findings(sample: Sample, text: str) -> Iterator[Finding]:
    """What is wrong with a text, whether it labels a line or a region of a page."""
    if not unicodedata.is_normalized("NFC", text):
        changed = sum(unicodedata.combining(character) > 0 for character in text)
        yield Finding(Rule.LABEL_NOT_NFC, sample.place, f"{changed} combining characters")
    marks = editors_marks(text)
    if marks:
        yield Finding(Rule.LABEL_HAS_MARKS, sample.place, ", ".join(map(visible, marks)))


def characters_outside(label: str, dictionary: Set[str]) -> Counter[str]:
    """The characters of a label that the dictionary lacks, and how often they stand there."""
    return Counter(character for character in label if character not in dictionary)


def named(characters: Counter[str]) -> str:
    """Characters with code point and count, the most frequent first: ``€ (U+20AC) 3 times``."""
    return ", ".join(
        f"{visible(character)} (U+{ord(character):04X}) {count} times"
        for character, count in characters.most_common()
    )


def steps_of(width: int, height: int) -> int:
    """The CTC steps of a line's image, scaled to LINE_HEIGHT: one for each STEP pixels."""
    return min(MAX_WIDTH, math.ceil(LINE_HEIGHT * width / height)) // STEP
