"""Rendered print."""

import re

import numpy as np
import pytest

from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.imaging.crops import LINE_HEIGHT, pad_to_bucket
from ocr_tasks.text.metrics import score_of, total
from ocr_tasks.training.fonts import FILES, OF_PDF, OTHERS
from ocr_tasks.training.replay import replayed_lines, watched_lines

WORDS = ["harbour", "été", "quill", "Über", "amber", "zinc"]


@pytest.mark.parametrize("rendered", [replayed_lines, watched_lines])
def test_the_default_recogniser_reads_what_is_rendered(base, rendered):
    """Print that it cannot read would teach it something new in place of what it knew."""
    lines = rendered(40, base.charset, WORDS, seed=5)
    engine = load_engine(EngineSpec())
    scores = []
    for number, line in enumerate(lines.lines):
        (read,) = engine.recognizer.recognize(pad_to_bucket(lines.strip(number))[np.newaxis])
        scores.append(score_of(line.label, read.text))
    assert total(scores).cer < 0.02


@pytest.mark.parametrize("rendered", [replayed_lines, watched_lines])
def test_lines_differ_by_seed_and_are_the_same_by_the_same(base, rendered):
    first, again, other = (rendered(5, base.charset, WORDS, seed=seed) for seed in (1, 1, 2))
    assert first.lines == again.lines != other.lines
    for number in range(5):
        strip = first.strip(number)
        np.testing.assert_array_equal(strip, again.strip(number))
        assert strip.shape[0] == LINE_HEIGHT


def test_without_words_of_the_user_there_is_print_all_the_same(base):
    assert len(replayed_lines(10, base.charset, [], seed=1).lines) == 10


def test_no_word_is_watched_that_is_replayed(base):
    """What was replayed is what is forgotten last: it would not show what is."""
    replayed, watched = (
        {word for line in rendered(300, base.charset, WORDS, 1).lines for word in words_in(line)}
        for rendered in (replayed_lines, watched_lines)
    )
    assert {"zinc", "amber"} & replayed
    assert len(replayed & watched) < 0.1 * len(watched)  # languages have some in common


def words_in(line):
    return re.findall(r"[^\W\d_]{4,}", line.label.lower())


@pytest.mark.parametrize("font", [*FILES, *OF_PDF, *OTHERS], ids=lambda font: font.name)
def test_every_font_has_the_letters_that_it_says(font):
    assert font.has("Harbour 12.50")
    assert font.has("für") == (font.encoding != "ascii")
    assert not font.has("漢")
    pictures = [font.draw(letter, font.name, 32) for letter in "Hbg8"]
    for picture in pictures:
        assert picture.max() > 0.9
        assert 8 < picture.shape[0] < 40
    assert len({picture.tobytes() for picture in pictures}) == 4
