"""Published versions of a dataset: immutable folders, each named by what is in it.

A version is there when its ``version.json`` is, which is written last: until then its folder is
nobody's, and whoever publishes the same content again finishes it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.check import check_dataset
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.manifest import (
    MANIFEST,
    SAMPLES,
    Draft,
    VersionFile,
    draft_of,
    files_in,
    files_table,
)
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.errors import DamagedFileError, DatasetError, SettingsError, SourceChangedError
from ocr_tasks.faults import damage_named
from ocr_tasks.stamps import file_of

DATASETS = "datasets"
VERSION = "version.json"
STAGING = ".staging"  # beside the versions: where local files are before they have their name
COPIERS = 8  # files copied at a time; mostly they wait for the store or the disk

Json = dict[str, Any]


def versions_url(output: str, name: str) -> str:
    """Where the versions of the dataset ``name`` lie below the URL ``output``."""
    return storage.join(output, DATASETS, name)


def publish_version(
    url: str,
    source: str,
    draft: Draft,
    reports: Mapping[str, bytes],
    told: Json,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[Json, bool]:
    """Copies a draft's files into its folder below ``url``; what stands there, and if it is new.

    Images come from the dataset at ``source`` and have to be what the draft says. ``reports``
    are put beside them, and ``told`` into the version. ``on_progress`` hears (files, files in
    all).

    Raises:
        DatasetError: an image is not what it was when it was checked.
        DamagedFileError: what a publication before has left is not what it was.
        SettingsError: nothing may be written there.
        StorageError: a store did not answer; the next call goes on.
    """
    folder = storage.join(url, draft.fingerprint)
    there = version_at(folder)
    if there is not None:
        refuse_tampered(folder, whole=False)
        return there, False
    _copy_files(folder, source, draft, on_progress)
    tables = {MANIFEST: file_of(files_table(draft.files)), SAMPLES: file_of(draft.samples)}
    version = {
        "fingerprint": draft.fingerprint,
        "url": folder,
        "files": len(draft.files),
        "bytes": sum(each.bytes for each in draft.files),
        "beside": {
            name: _sha256(_standing(folder, name, data))
            for name, data in sorted((tables | dict(reports)).items())
        },
    } | told
    written = json.dumps(version, indent=2, ensure_ascii=False) + "\n"
    is_new = _create(folder, VERSION, written.encode())
    return version_at(folder) or version, is_new


def _copy_files(
    folder: str, source: str, draft: Draft, on_progress: Callable[[int, int], None]
) -> None:
    """Copies every file; label files come last, so that no trainer finds them without images."""

    def copy(file: VersionFile) -> None:
        made = draft.made.get(file.path)
        data = _read_image(source, file) if made is None else made
        if _sha256(_standing(folder, file.path, data)) != file.sha256:
            raise DamagedFileError(f"{storage.join(folder, file.path)} is not what was published")

    ordered = sorted(draft.files, key=lambda each: (each.role == "labels", each.path))
    labels = sum(each.role == "labels" for each in ordered)
    images = ordered[: len(ordered) - labels]
    on_progress(0, len(ordered))
    with ThreadPoolExecutor(COPIERS) as pool:
        for done, _ in enumerate(pool.map(copy, images), start=1):
            on_progress(done, len(ordered))
    for done, file in enumerate(ordered[len(images) :], start=len(images) + 1):
        copy(file)
        on_progress(done, len(ordered))


def _read_image(source: str, file: VersionFile) -> bytes:
    try:
        data = storage.read_bytes(storage.join(source, file.path))
    except (FileNotFoundError, SourceChangedError) as error:
        raise DatasetError(f"{file.path} is gone since it was checked") from error
    if _sha256(data) != file.sha256:
        raise DatasetError(f"{file.path} has changed since it was checked")
    return data


def _standing(folder: str, name: str, data: bytes) -> bytes:
    """Creates a file of a version; what stands there then, which somebody may have put before."""
    if _create(folder, name, data):
        return data
    return storage.read_bytes(storage.join(folder, name))


def _create(folder: str, name: str, data: bytes) -> bool:
    staging = storage.join(folder.rsplit("/", 1)[0], STAGING)
    return storage.create(storage.join(folder, name), data, staging)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def version_at(folder: str) -> Json | None:
    """What the version in the folder at this URL says of itself; None where none was published.

    Raises:
        DamagedFileError: its own file is not what was written.
        StorageError: the store did not answer.
    """
    uri = storage.join(folder, VERSION)
    try:
        written = storage.read_bytes(uri)
    except FileNotFoundError:
        return None
    with damage_named(uri):
        version: Json = json.loads(written)
        needed = ("fingerprint", "created_at", "files", "bytes")
        return version | {key: version[key] for key in needed} | {"url": folder}


def refuse_tampered(folder: str, whole: bool) -> None:
    """Makes sure that the version at the URL ``folder`` has every file as it was published.

    Of images only the size is looked at, unless it is to be done as a ``whole``.

    Raises:
        DamagedFileError: a file is gone or has changed; it names the first.
        StorageError: the store did not answer.
    """
    uri = storage.join(folder, MANIFEST)
    with damage_named(uri):
        files = files_in(storage.read_bytes(uri))
    begin = f"{storage.absolute(folder)}/"
    sizes = {each.uri.removeprefix(begin): each.size for each in storage.list_objects(folder)}
    for each in files:
        if sizes.get(each.path) != each.bytes:
            raise DamagedFileError(f"{storage.join(folder, each.path)} is not what was published")
    hashed = [each for each in files if whole or each.role != "image"]
    with ThreadPoolExecutor(COPIERS) as pool:
        for _ in pool.map(lambda each: _refuse_other(folder, each), hashed):
            pass


def _refuse_other(folder: str, file: VersionFile) -> None:
    uri = storage.join(folder, file.path)
    if _sha256(storage.read_bytes(uri)) != file.sha256:
        raise DamagedFileError(f"{uri} is not what was published")


def fingerprint_of(dataset: Dataset, limits: LimitSpec, workers: int | None = None) -> str:
    """The fingerprint of a dataset: as it was published, or as it would be.

    Raises:
        DamagedFileError: the version's own file is not what was written.
        StorageError, WorkerDiedError: see check_dataset.
    """
    version = version_at(dataset.root)
    if version is not None:
        return str(version["fingerprint"])
    return draft_of(check_dataset(dataset, limits, {}, workers)).fingerprint


def list_versions(url: str) -> list[Json]:
    """What every version below ``url`` says of itself, the oldest first.

    One whose own file is damaged says nothing but ``fingerprint``, ``url`` and ``fault``.

    Raises:
        StorageError: the store did not answer.
    """
    versions = []
    for name in storage.names_in(url):
        folder = storage.join(url, name)
        try:
            version = None if name == STAGING else version_at(folder)
        except DamagedFileError as error:
            version = {"fingerprint": name, "url": folder, "created_at": "", "fault": str(error)}
        if version is not None:
            versions.append(version)
    return sorted(versions, key=lambda each: str(each["created_at"]))


def find_version(url: str, begin: str) -> Json:
    """The version whose fingerprint begins so; ``latest`` is the last that was published.

    Raises:
        SettingsError: there is none, or more than one.
        DamagedFileError: its own file is not what was written.
        StorageError: the store did not answer.
    """
    versions = list_versions(url)
    found = [each for each in versions if each["fingerprint"].startswith(begin)]
    if begin == "latest":
        found = [each for each in versions if "fault" not in each][-1:]
    if len(found) != 1:
        raise SettingsError(f"{len(found)} versions in {url} are {begin!r}, or begin so")
    if "fault" in found[0]:
        raise DamagedFileError(found[0]["fault"])
    return found[0]
