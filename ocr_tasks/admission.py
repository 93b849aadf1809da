"""What is let in: URLs of known stores, and settings without secrets, as they are written down."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ocr_tasks.errors import SettingsError
from ocr_tasks.stores.filesystems import lies_in, refuse_other_schemes
from ocr_tasks.text.credentials import has_credentials, names_a_secret
from ocr_tasks.text.names import is_name

SHORTEST_SECRET = 8  # characters; a shorter value may stand in a setting by chance
ELSEWHERE = "give it by the environment, as docs/archive_ocr.md says"


def refuse_credentials(url: str) -> None:
    """Makes sure that ``url`` has no user, password, key or signature in it.

    Raises:
        SettingsError: it has; the message does not repeat them.
    """
    if has_credentials(url):
        raise SettingsError(f"a URL holds a user, key, password or signature: {ELSEWHERE}")


def refuse_url(url: str, schemes: Sequence[str]) -> None:
    """Makes sure that ``url`` is a path, or has one of ``schemes``, and has no credentials.

    Raises:
        SettingsError: it is not; the message holds no secret.
    """
    refuse_credentials(url)
    refuse_other_schemes(url, schemes)


def refuse_inside(output: str, source: str, what: str) -> None:
    """Makes sure that the absolute URL ``output`` does not lead into ``source``, also by a link.

    ``what`` says in a message what the source is.

    Raises:
        SettingsError: it does.
    """
    if lies_in(output, source):
        raise SettingsError(f"the output {output} lies in the {what} {source}")


def folder_name(name: str, url: str) -> str:
    """``name``, or without one that of the folder at ``url``, if it can be a folder's anywhere.

    Raises:
        SettingsError: it cannot.
    """
    name = name or url.rsplit("/", 1)[-1]
    if not is_name(name):
        letters = "Latin letters, digits and . _ + -"
        raise SettingsError(f"name: {name!r} is none: take {letters}, by -o name=…")
    return name


def refuse_secrets(values: Any, environment: Mapping[str, str] = os.environ) -> None:
    """Makes sure that nothing in ``values``, settings as JSON values, is a secret.

    Refused are keys that name one, URLs with credentials, values of variables of ``environment``
    that hold one, and, where a setting names a variable, the name of one that is not set: there
    the secret itself may have been given.

    Raises:
        SettingsError: something is; its key is named, and never its value.
    """
    secrets = {
        name: value
        for name, value in environment.items()
        if names_a_secret(name) and len(value) >= SHORTEST_SECRET
    }
    for key, value in _leaves(values):
        if not isinstance(value, str):
            continue
        if names_a_secret(key):
            raise SettingsError(f"{key} would be written down with the run: {ELSEWHERE}")
        if has_credentials(value):
            raise SettingsError(
                f"{key} is a URL that holds a user, key, password or signature: {ELSEWHERE}"
            )
        if key.endswith("_variable") and value not in environment:
            raise SettingsError(f"{key} names no variable that is set in the environment")
        for name in [name for name, secret in secrets.items() if secret in value]:
            raise SettingsError(f"{key} holds what the variable {name} does: {ELSEWHERE}")


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every single value by its dotted key, through mappings and lists."""
    if isinstance(value, Mapping):
        items = [(str(name), below) for name, below in value.items()]
    elif isinstance(value, list | tuple):
        items = [(str(number), below) for number, below in enumerate(value)]
    else:
        yield key, value
        return
    for name, below in items:
        yield from _leaves(below, f"{key}.{name}" if key else name)
