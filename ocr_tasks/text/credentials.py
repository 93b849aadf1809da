"""Signs of a secret in what a user gives: in a URL, and in the name of a setting or variable."""

import re

# Stores whose names mean themselves: nothing in them is a user or a password.
_PLAIN = frozenset({"file", "local", "memory"})
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"})
_USER = re.compile(r"[^/]*@")
# A secret may hold slashes, so that the @ comes late. Ports and ARNs have colons of their own.
_KEY_PAIR = re.compile(r"(?!arn:)[^/:@]+:(?!\d+(/|$))[^@]*@")
_CONTAINER = re.compile(r"[^/:@]+@[^/:@]+(/|$)")  # Azure's container@account.host
_SIGNED = re.compile(r"[?&](sig|[\w-]*(signature|token|password|secret|credential|key|keyid))=")
# At the end: a password_file or a password_variable is the place of a secret, and none itself.
_SECRET = re.compile(
    r"(pass(word|wd|phrase)s?|secrets?|token|([._-]|^)pat|credentials?|([._-]|api|access|secret|private)key)$"
)


def has_credentials(url: str) -> bool:
    """Whether a URL carries a user, password, key or signature."""
    scheme, parted, rest = url.partition("://")
    scheme = scheme.lower()
    if not parted:
        return False
    if scheme == "file":
        return bool(_USER.match(rest))  # before a host's name, of which a file has none
    if scheme in _PLAIN:
        return False
    if scheme in {"abfs", "abfss", "az"} and _CONTAINER.match(rest):
        return False
    if _USER.match(rest) or _KEY_PAIR.match(rest):
        return True
    # In object stores, names may hold ? and =.
    return scheme not in _OBJECT_STORES and bool(_SIGNED.search(rest.lower()))


def names_a_secret(name: str) -> bool:
    """Whether what bears this name would be a secret."""
    return bool(_SECRET.search(name.lower()))
