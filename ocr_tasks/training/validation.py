"""What a student reads in lines, and how right it is."""

import numpy as np

from ocr_tasks.text.ctc import decode_best_path
from ocr_tasks.text.metrics import TextScore, score_of, total
from ocr_tasks.training.batches import unchanged_batches
from ocr_tasks.training.lines import Lines
from ocr_tasks.training.student import Student

BATCH = 16  # lines read at once


def score(student: Student, lines: Lines) -> TextScore:
    """The score of what ``student`` reads in ``lines``."""
    texts = texts_in(student, lines)
    return total(
        [score_of(line.label, text) for line, text in zip(lines.lines, texts, strict=True)]
    )


def texts_in(student: Student, lines: Lines) -> list[str]:
    """What ``student`` reads in each line, of all characters of its alphabet."""
    student.put_back()
    texts = [""] * len(lines.lines)
    for numbers, batch in unchanged_batches(lines, BATCH):
        prepared = student.prepared(batch, comes_again=True)
        read = student.read(prepared)
        for number, steps, classes in zip(numbers, prepared.steps, read, strict=True):
            texts[number], _ = decode_best_path(classes[:steps], np.ones(steps), student.charset)
    return texts
