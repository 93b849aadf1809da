"""Names that can be a folder's in any store: of collections and runs."""

import re

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}"


def is_name(text: str) -> bool:
    """Whether ``text`` can name a folder as it is."""
    return re.fullmatch(NAME, text) is not None
