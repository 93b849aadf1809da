"""What can be told of a text by its characters."""

import unicodedata
from collections import Counter

LENGTHS = (10, 25, 50)  # characters: the ends of the bands of lengths but the last


def is_mostly_wide(text: str) -> bool:
    """Whether most characters but spaces are as wide as high: Chinese, Japanese or Korean.

    Only these are also written in columns, from the right (Unicode Standard Annex 11 and 50).
    """
    characters = [character for character in text if not character.isspace()]
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in characters)
    return wide > len(characters) / 2


def script_of(text: str) -> str:
    """The script that most letters of the text are of, as ``LATIN`` or ``CJK``; ``NONE`` without.

    It is the first word of a letter's name, which for nearly all letters is the script's.
    """
    names = (unicodedata.name(each, "") for each in text if each.isalpha())
    counts = Counter(name.split(" ", 1)[0] for name in names if name)
    return counts.most_common(1)[0][0] if counts else "NONE"


def length_band(text: str) -> str:
    """The band that the length of the text lies in, as ``≤25`` or ``>50`` characters."""
    end = next((end for end in LENGTHS if len(text) <= end), None)
    return f">{LENGTHS[-1]}" if end is None else f"≤{end}"
