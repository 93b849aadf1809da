"""The recogniser's alphabet: class index to character."""

import hashlib
from collections.abc import Sequence

BLANK = ""


def charset_of(characters: str) -> tuple[str, ...]:
    """The classes of a CTC head whose model carries ``characters``, one a line.

    PP-OCR's convention (PaddleOCR, CTCLabelDecode with use_space_char): class 0 is the blank,
    then the dictionary in its order, then the space. The dictionary itself may hold a line
    separator, so only the newline separates.
    """
    lines = characters.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return (BLANK, *lines, " ")


def charset_sha256(charset: Sequence[str]) -> str:
    """A digest of the alphabet in its order; models with equal digests emit the same classes."""
    return hashlib.sha256("\n".join(charset).encode("utf-8", "surrogatepass")).hexdigest()
