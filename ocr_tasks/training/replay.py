"""Printed lines to be learnt along with the user's, so that print is not forgotten.

They are rendered in the fonts that the ``matplotlib`` wheel carries. What is replayed keeps a
network from forgetting (Robins 1995); here it stands for the millions of lines that PP-OCR was
trained on, which nobody has.
"""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ocr_tasks.errors import ModelError
from ocr_tasks.imaging.crops import Pixels, scale_to_line_height
from ocr_tasks.training.lines import Lines

Random = np.random.Generator

RENDERED = "rendered print"  # in place of a label file's name
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic")),
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ACCENTED = "àâäæçéèêëîïíñôöœóøùûüúßåáÿ"
DIGITS = "0123456789"
SIGNS = ".,;:!?'\"()-/&%#*+=@$€£§°«»"
MOST_WORDS = 9


def rendered_lines(count: int, charset: Sequence[str], words: Sequence[str], seed: int) -> Lines:
    """``count`` lines of print: words in all cases, numbers, prices and signs, in many fonts."""
    class_of = {character: number for number, character in enumerate(charset) if character}
    lines = Lines()
    random = np.random.default_rng([seed, count])
    while len(lines.lines) < count:
        text = _text(words, random)
        lines.add(scale_to_line_height(_printed(text, random)), text, RENDERED, class_of)
    return lines


def _text(words: Sequence[str], random: Random) -> str:
    return " ".join(_word(words, random) for _ in range(random.integers(1, MOST_WORDS)))


def _word(words: Sequence[str], random: Random) -> str:
    """A word of the user's, one of chance letters, a number or a price; in some case."""
    match random.integers(5):
        case 0:
            word = _chance(DIGITS, random, 1, 8)
        case 1:
            return f"{random.integers(1000)}{random.choice(list('.,:-/'))}{random.integers(100):02}"
        case 2:
            word = _chance(LETTERS + LETTERS + ACCENTED, random, 2, 11)
        case _:
            word = str(random.choice(np.array(words))) if words else _chance(LETTERS, random, 2, 9)
    case_of = (str.lower, str.upper, str.title, str, str)[random.integers(5)]
    sign = str(random.choice(list(SIGNS))) if random.random() < 0.25 else ""
    return case_of(word) + sign if random.random() < 0.7 else sign + case_of(word)


def _chance(alphabet: str, random: Random, least: int, most: int) -> str:
    return "".join(random.choice(list(alphabet), random.integers(least, most)))


def _printed(text: str, random: Random) -> Pixels:
    """The text as dark print on light paper, BGR, with margins as a detector leaves them."""
    font = _font(FONTS[random.integers(len(FONTS))], int(random.integers(20, 48)))
    left, top, right, bottom = font.getbbox(text)
    margin = max(1, round(0.12 * (bottom - top)))
    size = int(right - left) + 2 * margin, int(bottom - top) + 2 * margin
    paper, ink = int(random.integers(190, 256)), int(random.integers(0, 90))
    picture = Image.new("L", size, paper)
    ImageDraw.Draw(picture).text((margin - left, margin - top), text, fill=ink, font=font)
    return np.repeat(np.asarray(picture, np.uint8)[..., np.newaxis], 3, axis=2)


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_folder() / f"{name}.ttf", size)


@cache
def _font_folder() -> Path:
    found = importlib.util.find_spec("matplotlib")
    if found is None or not found.submodule_search_locations:
        raise ModelError("the matplotlib package, which carries the fonts of replay, is missing")
    return Path(found.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
