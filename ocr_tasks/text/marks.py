"""Marks that editors put into transcriptions, and that nobody wrote on the page."""

import re

_MARKS = re.compile(
    r">\S(?:[^<>]*\S)?<"  # >struck out<; a lone > or < with spaces about it is arithmetic
    r"|[⟦⟧]"  # deleted
    r"|\^"  # raised, or inserted above the line
    r"|~{3,}"  # illegible
)


def editors_marks(text: str) -> list[str]:
    """The marks in ``text``, in their order."""
    return _MARKS.findall(text)
