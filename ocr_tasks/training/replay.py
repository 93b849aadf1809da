"""Printed lines to be learnt along with the user's, so that print is not forgotten.

What is replayed keeps a network from forgetting (Robins 1995); here it stands for the millions of
lines that PP-OCR was trained on, which nobody has. Print to watch forgetting by is of fonts and
words that are not replayed, and looks worse: what was replayed is what is forgotten last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.crops import Pixels, scale_to_line_height
from ocr_tasks.training.fonts import FILES, OF_PDF, OTHERS, Font, Ink
from ocr_tasks.training.lines import Lines
from ocr_tasks.training.words import LANGUAGES

Random = np.random.Generator
Words = Sequence[str]
T = TypeVar("T")

RENDERED = "rendered print"  # in place of a label file's name
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ACCENTED = "àâäæçéèêëîïíñôöœóøùûüúßåáÿ"
DIGITS = "0123456789"
CODE = "23456789ACDEFGHJKLMNPRTUVWXY"  # no two of which look alike
SIGNS = ".,;:!?'\"()-/&%#*+=@$€£§°«»—\N{EN DASH}\N{RIGHT SINGLE QUOTATION MARK}“”"
STOPS = (",", ",", ",", ".", ".", ";", ":", "!", "?")
CASES: tuple[Callable[[str], str], ...] = (str.lower, str.upper, str.title, str, str)
MOST_WORDS = 8
SPOT = 24  # pixels between two independent strengths of ink
FILTHY, WORN = 0.8, 0.4  # the chance of each defect, in lines to watch and in those to replay


@dataclass(frozen=True, slots=True)
class _Press:
    """What prints: fonts to choose from, words by language, and the chance of each defect."""

    fonts: Sequence[Font]
    languages: Sequence[Words]
    wear: float


def replayed_lines(count: int, charset: Sequence[str], words: Words, seed: int) -> Lines:
    """``count`` lines of print to learn, which have the user's ``words`` among others."""
    return _printed(count, charset, _Press((*FILES, *OF_PDF), _parted(words, 0), WORN), seed)


def watched_lines(count: int, charset: Sequence[str], words: Words, seed: int) -> Lines:
    """``count`` lines of print to watch, whose fonts and words are not among those to learn."""
    return _printed(count, charset, _Press(OTHERS, _parted(words, 1), FILTHY), seed)


def _parted(words: Words, part: int) -> list[Words]:
    """Every other word of each language, and of the user's."""
    return [each[part::2] for each in (*LANGUAGES, words) if each[part::2]]


def _printed(count: int, charset: Sequence[str], press: _Press, seed: int) -> Lines:
    class_of = {character: number for number, character in enumerate(charset) if character}
    lines = Lines()
    random = np.random.default_rng([seed, count])
    while len(lines.lines) < count:
        text = _text(_one_of(press.languages, random), random)
        font = _one_of(press.fonts, random)
        if font.has(text):
            strip = scale_to_line_height(_picture(text, font, press.wear, random))
            lines.add(strip, text, RENDERED, class_of)
    return lines


def _text(words: Words, random: Random) -> str:
    """Half a sentence, a line of a bill, or words of every kind."""
    kind = random.random()
    if kind < 0.5:
        return _sentence(words, random)
    tokens = _billed if kind < 0.75 else _any
    return " ".join(tokens(words, random) for _ in range(random.integers(1, MOST_WORDS - 1)))


def _sentence(words: Words, random: Random) -> str:
    chosen = [str(word) for word in random.choice(np.array(words), random.integers(2, MOST_WORDS))]
    for place in range(len(chosen)):
        chance = random.random()
        if chance < 0.15:
            chosen[place] = chosen[place].capitalize()
        elif chance < 0.3:
            chosen[place] += _one_of(STOPS, random)
        elif chance < 0.35:
            chosen[place] = _number(random)
        elif chance < 0.38:
            chosen[place] = f"({chosen[place]})"
    return " ".join(chosen)


def _billed(words: Words, random: Random) -> str:
    match random.integers(5):
        case 0:
            return _number(random)
        case 1:
            return f"{_one_of(words, random).upper()}:"
        case 2:
            return _chance(CODE, random, 3, 9)
        case _:
            return _one_of(words, random).upper()


def _any(words: Words, random: Random) -> str:
    """A word, a number or letters by chance, in some case, and maybe a sign."""
    match random.integers(5):
        case 0:
            return _number(random)
        case 1:
            word = _chance(LETTERS + LETTERS + ACCENTED, random, 2, 11)
        case _:
            word = _one_of(words, random)
    word = _one_of(CASES, random)(word)
    sign = str(random.choice(list(SIGNS))) if random.random() < 0.25 else ""
    return word + sign if random.random() < 0.7 else sign + word


def _number(random: Random) -> str:
    """A price, a date, a number or a page's."""
    small, large = int(random.integers(100)), int(random.integers(10_000))
    forms = (
        f"{large}",
        f"{large / 100:.2f}",
        f"{small}{random.choice(list('.,:-/'))}{random.integers(100):02}",
        f"{random.integers(1, 32):02}/{random.integers(1, 13):02}/{random.integers(1900, 2030)}",
        f"{random.choice(list('$€£'))}{large / 100:.2f}",
        f"- {small} -",
        f"{random.integers(1700, 2030)}",
        _chance(DIGITS, random, 4, 10),
    )
    return _one_of(forms, random)


def _one_of(choice: Sequence[T], random: Random) -> T:
    return choice[int(random.integers(len(choice)))]


def _chance(alphabet: str, random: Random, least: int, most: int) -> str:
    return "".join(random.choice(list(alphabet), random.integers(least, most)))


def _picture(text: str, font: Font, wear: float, random: Random) -> Pixels:
    """The text as dark print on light paper, BGR, with margins as a detector leaves them."""
    is_coarse = random.random() < wear
    size = int(random.integers(14, 24) if is_coarse else random.integers(24, 48))
    ink = font.draw(text, font.name, size)
    ink = np.pad(ink, max(1, round(0.12 * ink.shape[0])))
    if random.random() < wear:
        ink = _unevenly_inked(ink, random)
    paper, dark = random.uniform(170, 255), random.uniform(0, 110)
    grey: NDArray[Any] = paper + (dark - paper) * ink
    if random.random() < wear:
        grey = cv2.GaussianBlur(grey, (0, 0), random.uniform(0.02, 0.045) * grey.shape[0])
    if random.random() < wear:
        grey = grey + random.normal(0, random.uniform(4, 16), grey.shape)
    picture = np.clip(grey, 0, 255).astype(np.uint8)
    return np.repeat(picture[..., np.newaxis], 3, axis=2)


def _unevenly_inked(ink: Ink, random: Random) -> Ink:
    """Print as of a worn ribbon: bolder here, fainter there."""
    height, width = ink.shape
    knots = random.uniform(0.35, 1.0, (3, 2 + width // SPOT)).astype(np.float32)
    strength = cv2.resize(knots, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(ink * strength, np.float32)
