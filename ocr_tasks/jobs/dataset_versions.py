"""The published versions of datasets: which there are, and what changed from one to another."""

from typing import Any

from ocr_tasks import storage
from ocr_tasks.admission import refuse_url
from ocr_tasks.dataset.differences import diff_versions
from ocr_tasks.dataset.versions import (
    find_version,
    list_versions,
    refuse_tampered,
    versions_url,
)
from ocr_tasks.errors import DamagedFileError, SettingsError
from ocr_tasks.stores.filesystems import SCHEMES
from ocr_tasks.text.names import is_name

Json = dict[str, Any]


def versions(
    output: str, name: str, verify: bool = False, schemes: tuple[str, ...] = SCHEMES
) -> list[Json]:
    """The versions of the dataset ``name`` below the output, the oldest first.

    What is wrong with one stands under ``fault``; to ``verify`` them, every file is read.

    Raises:
        SettingsError: the output may not be read, or has none of them.
        StorageError: the store did not answer.
    """
    found = list_versions(_versions_below(output, name, schemes))
    if not found:
        raise SettingsError(f"there is no version of {name!r} below {output}")
    return [_verified(each) for each in found] if verify else found


def _verified(version: Json) -> Json:
    if "fault" in version:
        return version
    try:
        refuse_tampered(version["url"], whole=True)
    except DamagedFileError as error:
        return version | {"fault": str(error)}
    return version


def diff(output: str, name: str, old: str, new: str, schemes: tuple[str, ...] = SCHEMES) -> Json:
    """What the version ``new`` has and ``old`` has not; each is the begin of a fingerprint.

    Raises:
        SettingsError: there is no such version, or more than one.
        DamagedFileError, StorageError: see differences.diff_versions.
    """
    url = _versions_below(output, name, schemes)
    return diff_versions(find_version(url, old), find_version(url, new))


def _versions_below(output: str, name: str, schemes: tuple[str, ...]) -> str:
    refuse_url(output, schemes)
    if not is_name(name):
        raise SettingsError(f"name: {name!r} is that of no version")
    return versions_url(storage.absolute(output).rstrip("/"), name)
