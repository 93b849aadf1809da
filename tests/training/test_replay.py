"""Rendered print."""

import numpy as np

from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.imaging.crops import LINE_HEIGHT, pad_to_bucket
from ocr_tasks.text.metrics import score_of, total
from ocr_tasks.training.replay import rendered_lines

WORDS = ["harbour", "été", "quill", "Über", "amber", "zinc"]


def test_the_default_recogniser_reads_what_is_rendered(base):
    """Print that it cannot read would teach it something new in place of what it knew."""
    lines = rendered_lines(80, base.charset, WORDS, seed=5)
    engine = load_engine(EngineSpec())
    scores = []
    for number, line in enumerate(lines.lines):
        (read,) = engine.recognizer.recognize(pad_to_bucket(lines.strip(number))[np.newaxis])
        scores.append(score_of(line.label, read.text))
    assert total(scores).cer < 0.08


def test_lines_differ_by_seed_and_are_the_same_by_the_same(base):
    first, again, other = (rendered_lines(5, base.charset, WORDS, seed=seed) for seed in (1, 1, 2))
    assert first.lines == again.lines != other.lines
    for number in range(5):
        strip = first.strip(number)
        np.testing.assert_array_equal(strip, again.strip(number))
        assert strip.shape[0] == LINE_HEIGHT


def test_without_words_of_the_user_there_is_print_all_the_same(base):
    assert len(rendered_lines(10, base.charset, [], seed=1).lines) == 10
