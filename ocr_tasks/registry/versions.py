"""Versions of models in plain storage: each under the digest of its weights, whole or not there.

    models/<kind>/<sha256 of inference.onnx>/
        <name>+<digest of all files>/      the files, and card.md
        card.json                          written last: where it stands, the version is whole

The files lie in a folder that is named after their digests, so that two who register at once, or
one who does so again after being killed, write the same bytes to the same names, or to others.
Those others go once a card stands.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ocr_tasks import storage
from ocr_tasks.errors import RegistryError
from ocr_tasks.faults import damage_named
from ocr_tasks.registry.cards import ModelCard, markdown_of
from ocr_tasks.settings import digest_of, flattened
from ocr_tasks.text.names import is_name

Json = dict[str, Any]
Kind = Literal["det", "rec"]

KINDS: tuple[Kind, ...] = ("det", "rec")
WEIGHTS = "inference.onnx"
CARD, CARD_PAGE = "card.json", "card.md"
FILES_DIGEST = 12  # hex digits of a folder's name
SHORTEST_PREFIX = 6  # hex digits by which a version may be named


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a version: its path in the version's folder, bytes, and sha256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Version:
    """A registered model: its weights' ``digest``, the folder of its files, and its card."""

    kind: Kind
    digest: str
    folder: str
    files: tuple[StoredFile, ...]
    card: ModelCard
    registered_at: str

    @property
    def size(self) -> int:
        """The bytes of its weights."""
        return next(file.size for file in self.files if file.name == WEIGHTS)

    def as_json(self) -> Json:
        """The version as JSON values."""
        return asdict(self)


def register(root: str, kind: Kind, files: Mapping[str, str], card: ModelCard) -> Version:
    """Copies a model's files into the registry at the URL ``root``; returns the version.

    ``files`` are the URLs of the files by their paths in the version; WEIGHTS is one of them.
    Weights that are registered already stay as they are, and their version is returned. What was
    left of these weights by registrations that were killed, or came second, is removed.

    Raises:
        RegistryError: there are no weights, a name cannot be a folder's or a file's, or a file
            is gone or was changed meanwhile.
        StorageError: a store did not answer; what was written so far is no version.
    """
    _refuse_names([card.name, *(part for name in files for part in name.split("/"))])
    if WEIGHTS not in files:
        raise RegistryError(f"a model without {WEIGHTS} cannot be served, and is no version")
    told = {name: _stored(name, _bytes_of(url)) for name, url in sorted(files.items())}
    digest = told[WEIGHTS].sha256
    page = markdown_of(card, digest)
    told[CARD_PAGE] = _stored(CARD_PAGE, page)
    listed = tuple(told.values())
    all_digests = digest_of([asdict(each) for each in listed])
    folder = f"{card.name}+{all_digests[:FILES_DIGEST]}"
    now = datetime.datetime.now(datetime.UTC).isoformat()
    version = Version(kind, digest, folder, listed, card, now)
    if _read(root, kind, digest) is None:
        _copy_files(root, version, files)
        _create(root, file_url(root, version, CARD_PAGE), page)
        _create(root, _card_url(root, kind, digest), _json_bytes(version.as_json()))
    stands = find(root, kind, digest)
    _remove_leftovers(root, stands)
    return stands


def _remove_leftovers(root: str, version: Version) -> None:
    """Removes files beside the folder of a version: as its card stands, they never become one."""
    folder = storage.join(root, "models", version.kind, version.digest)
    for name in storage.names_in(folder):
        if name not in {CARD, version.folder}:
            for left in list(storage.list_objects(storage.join(folder, name))):
                storage.remove(left.uri)


def _refuse_names(names: list[str]) -> None:
    for name in names:
        if not is_name(name):
            raise RegistryError(
                f"{name!r} can name no model or file: up to 128 of A-Z a-z 0-9 . _ + -"
            )


def _copy_files(root: str, version: Version, files: Mapping[str, str]) -> None:
    for stored in version.files:
        if stored.name not in files:
            continue
        data = _bytes_of(files[stored.name])
        if _stored(stored.name, data) != stored:
            raise RegistryError(f"{files[stored.name]} was changed while it was registered")
        _create(root, file_url(root, version, stored.name), data)


def _bytes_of(url: str) -> bytes:
    try:
        return storage.read_bytes(url)
    except FileNotFoundError as error:
        raise RegistryError(f"there is no {url}") from error


def _stored(name: str, data: bytes) -> StoredFile:
    return StoredFile(name, len(data), hashlib.sha256(data).hexdigest())


def _create(root: str, url: str, data: bytes) -> None:
    """Creates an object; one that is there is this one, or was first."""
    storage.create(url, data, storage.join(root, "staging"))


def _json_bytes(values: Json) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def versions(root: str, kind: Kind) -> list[Version]:
    """Every version of a kind, the oldest first; what was never finished is none.

    Raises:
        DamagedFileError: a card cannot be read.
        StorageError: the store did not answer.
    """
    digests = storage.names_in(storage.join(root, "models", kind))
    read = [_read(root, kind, digest) for digest in digests]
    found = [version for version in read if version is not None]
    return sorted(found, key=lambda version: (version.registered_at, version.digest))


def find(root: str, kind: Kind, digest: str) -> Version:
    """The version whose digest is, or begins with, ``digest``.

    Raises:
        RegistryError: there is none, or more than one, or the beginning is too short.
    """
    if len(digest) < SHORTEST_PREFIX:
        raise RegistryError(f"{digest!r} is too short: give {SHORTEST_PREFIX} digits or more")
    found = beginning_with(root, kind, digest)
    if len(found) != 1:
        many = f"{len(found)} versions" if found else "no version"
        raise RegistryError(f"{many} of kind {kind} in {root} begin with {digest}")
    return found[0]


def beginning_with(root: str, kind: Kind, digest: str) -> list[Version]:
    """The version of this digest alone, or all whose digests begin with it."""
    exact = _read(root, kind, digest) if is_name(digest) else None
    return [exact] if exact else [v for v in versions(root, kind) if v.digest.startswith(digest)]


def _read(root: str, kind: Kind, digest: str) -> Version | None:
    url = _card_url(root, kind, digest)
    try:
        data = storage.read_bytes(url)
    except FileNotFoundError:
        return None
    with damage_named(url):
        values = json.loads(data)
        files = tuple(StoredFile(**file) for file in values["files"])
        return Version(**values | {"files": files, "card": ModelCard(**values["card"])})


def damaged_files(root: str, version: Version) -> list[str]:
    """What is wrong with a version's files: those that are gone, or not what was registered."""
    faults = []
    for file in version.files:
        try:
            found = _stored(file.name, storage.read_bytes(file_url(root, version, file.name)))
        except FileNotFoundError:
            faults.append(f"{file.name} is gone")
            continue
        if found != file:
            faults.append(f"{file.name} has {found.size} bytes, sha256 {found.sha256}")
    return faults


def file_url(root: str, version: Version, name: str = WEIGHTS) -> str:
    """Where a file of a version lies; its weights are what engines are given."""
    return storage.join(root, "models", version.kind, version.digest, version.folder, name)


def _card_url(root: str, kind: Kind, digest: str) -> str:
    return storage.join(root, "models", kind, digest, CARD)


def compare(first: Version, second: Version) -> Json:
    """Two versions side by side: what differs of their facts and settings, and all numbers."""
    one, other = first.card.as_json(), second.card.as_json()
    sets = dict.fromkeys([*one["metrics"], *other["metrics"]])
    return {
        "versions": [first.digest, second.digest],
        "facts": _differing(_facts(one), _facts(other)),
        "config": _differing(flattened(one["config"]), flattened(other["config"])),
        "metrics": {
            name: _side_by_side(one["metrics"].get(name, {}), other["metrics"].get(name, {}))
            for name in sets
        },
    }


def _facts(card: Json) -> Json:
    return {key: value for key, value in card.items() if key not in {"config", "metrics"}}


def _differing(one: Json, other: Json) -> dict[str, list[Any]]:
    both = _side_by_side(one, other)
    return {key: values for key, values in both.items() if values[0] != values[1]}


def _side_by_side(one: Json, other: Json) -> dict[str, list[Any]]:
    return {key: [one.get(key), other.get(key)] for key in dict.fromkeys([*one, *other])}
