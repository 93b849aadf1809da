"""From a URL to the fsspec file system that speaks for its store."""

import os
from collections.abc import Sequence
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ocr_tasks.errors import SettingsError

SCHEMES = ("file", "s3", "gs", "abfs", "memory")
SAME_SCHEME = {"local": "file", "s3a": "s3", "gcs": "gs", "abfss": "abfs", "az": "abfs"}

# Requests are tried again in one place, `faults.retried`, and not three times over by botocore
# and s3fs too. A whole object is one GET: with more concurrency s3fs asks for its length before.
# Files that are open for seeking read ahead by a block, and many are open while a run is planned.
S3_OPTIONS = {
    "default_block_size": 8 * 2**20,
    "use_listings_cache": False,
    "max_concurrency": 1,
    "config_kwargs": {"retries": {"total_max_attempts": 1}},
}

LOCAL = LocalFileSystem()


def resolve(url: str) -> tuple[Any, str]:
    """The file system of a URL and the path on it. Names with ``::`` or ``*`` mean themselves.

    Raises:
        SettingsError: no such scheme is known here, or its package is missing.
    """
    scheme = scheme_of(url)
    if scheme == "file":  # fsspec would look for it each time, which shows in a million heads
        return LOCAL, LOCAL._strip_protocol(url)
    protocol = url.split("://", 1)[0]
    options: dict[str, Any] = S3_OPTIONS if scheme == "s3" else {}
    try:
        filesystem = fsspec.filesystem(protocol, **options)
    except (ValueError, ImportError) as error:
        raise SettingsError(f"{url}: {error}") from error
    if options:
        filesystem.retries = 1
    return filesystem, filesystem._strip_protocol(url)


def forget_clients() -> None:
    """Has clients of S3 made anew: they keep the credentials and endpoint they were made with."""
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def scheme_of(url: str) -> str:
    """The scheme of a URL by its usual name; a bare path is a ``file``."""
    scheme = url.split("://", 1)[0] if "://" in url else "file"
    return SAME_SCHEME.get(scheme, scheme)


def refuse_other_schemes(url: str, allowed: Sequence[str] = SCHEMES) -> None:
    """Makes sure that a URL's scheme is one of those that may be used.

    A URL chained by ``::``, as in ``simplecache::s3://``, names a scheme that never is. The
    message has no URL, which might hold a password.

    Raises:
        SettingsError: it is not; the message names the setting ``schemes``.
    """
    scheme = scheme_of(url)
    if "::" in scheme or scheme not in {SAME_SCHEME.get(name, name) for name in allowed}:
        raise SettingsError(
            f"a URL of the scheme {scheme!r} may not be used: schemes are {', '.join(allowed)}"
        )


def lies_in(url: str, folder: str) -> bool:
    """Whether an absolute URL is that of ``folder`` or of something below it, also by a link."""
    if scheme_of(url) == scheme_of(folder) == "file":
        url, folder = (os.path.realpath(LOCAL._strip_protocol(each)) for each in (url, folder))
    return f"{url.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def is_local(filesystem: Any) -> bool:
    """Whether its files are those of this machine."""
    return "file" in _protocols(filesystem)


def is_s3(filesystem: Any) -> bool:
    """Whether it speaks S3, to whomever."""
    return "s3" in _protocols(filesystem)


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
