"""Names: which can be a folder's in any store, and how any can be shown."""

import re

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}"


def is_name(text: str) -> bool:
    """Whether ``text`` can name a folder as it is."""
    return re.fullmatch(NAME, text) is not None


def printable(name: str) -> str:
    r"""The name as valid text: bytes that are no UTF-8 appear as ``\xNN``."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return name


def visible(text: str) -> str:
    """The text on one line, with what a terminal would act on or nobody would see escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
