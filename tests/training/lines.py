"""Lines for tests: plain strips, drawn words, and real ones where they are at hand."""

from collections.abc import Sequence

import cv2
import numpy as np

from ocr_tasks.imaging.crops import LINE_HEIGHT
from ocr_tasks.training.lines import Lines
from ocr_tasks.training.spec import AugmentationSpec

UNCHANGED = AugmentationSpec(*[False] * 8)
CLASS_OF = {"a": 1, "b": 2, " ": 3}


def grey_lines(
    widths: Sequence[int], shade: int = 200, file: str = "train.txt", labels: Sequence[str] = ()
) -> Lines:
    """Lines of one grey, and a text that fits into each."""
    lines = Lines()
    for number, width in enumerate(widths):
        label = labels[number] if labels else "ab"
        lines.add(np.full((LINE_HEIGHT, width, 3), shade, np.uint8), label, file, CLASS_OF)
    assert not lines.left_out
    return lines


def word_lines(count: int, charset: Sequence[str], seed: int) -> Lines:
    """Lines of one short word each, by chance and always the same, labelled in another case.

    So nobody reads them rightly who has not learnt it.
    """
    class_of = {character: number for number, character in enumerate(charset) if character}
    random = np.random.default_rng(seed)
    lines = Lines()
    for _ in range(count):
        word = "".join(random.choice(list("abcdeimnorst"), 3))
        strip = np.full((LINE_HEIGHT, 64, 3), 255, np.uint8)
        cv2.putText(strip, word, (4, 34), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2, cv2.LINE_AA)
        lines.add(strip, word.upper(), "words.txt", class_of)
    return lines
