"""The published versions of datasets: which there are, and what changed from one to another."""

from typing import Any

from ocr_tasks import storage
from ocr_tasks.admission import refuse_url
from ocr_tasks.dataset.differences import diff_versions
from ocr_tasks.dataset.versions import find_version, list_versions, versions_url
from ocr_tasks.stores.filesystems import SCHEMES

Json = dict[str, Any]


def versions(output: str, name: str, schemes: tuple[str, ...] = SCHEMES) -> list[Json]:
    """The versions of the dataset ``name`` below the output, the oldest first.

    Raises:
        SettingsError: the output may not be read.
        DamagedFileError, StorageError: see versions.list_versions.
    """
    return list_versions(_versions_below(output, name, schemes))


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
    return versions_url(storage.absolute(output).rstrip("/"), name)
