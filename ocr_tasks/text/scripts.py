"""What can be told of a text by its characters."""

import unicodedata


def is_mostly_wide(text: str) -> bool:
    """Whether most characters but spaces are as wide as high: Chinese, Japanese or Korean.

    Only these are also written in columns, from the right (Unicode Standard Annex 11 and 50).
    """
    characters = [character for character in text if not character.isspace()]
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in characters)
    return wide > len(characters) / 2
