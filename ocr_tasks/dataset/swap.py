"""New label files in place of old ones: all of them or none, whenever the process is killed.

One object decides: the journal, which holds every file as it should be. Until it is created
nothing has happened. From then on the swap is done, if need be by the next process that comes:
all old files go to their .bak names before the first new file gets its own, so that nobody ever
finds files of two splits side by side.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from itertools import count

from ocr_tasks import storage
from ocr_tasks.errors import SplitConflictError
from ocr_tasks.faults import damage_named

FOLDER = ".split"  # in the dataset: the journal, and what local files are staged in


@dataclass(frozen=True, slots=True)
class Swap:
    """A label file's part of a swap: its name, new content, and what it is put in place of.

    ``old_sha256`` and ``backup``, the name of its copy, are None where there was no such file.
    """

    file: str
    content: str  # bytes that are no UTF-8 are surrogates, which JSON can hold
    old_sha256: str | None
    backup: str | None

    def data(self) -> bytes:
        """The new content as bytes."""
        return self.content.encode("utf-8", "surrogateescape")


def swap_files(root: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """Puts ``files`` in place below the URL ``root``; returns the .bak name of each that was.

    Files that are there already as they should be make it do nothing, if all are.

    Raises:
        SettingsError: nothing may be written there.
        SplitConflictError: somebody else changed a file meanwhile.
        StorageError: the store did not answer; the next call finishes what was begun.
    """
    finish_swap(root)
    old = {file: _bytes_at(root, file) for file in files}
    if old == dict(files):
        return {}
    ending = _free_ending(root, files)
    swaps = [_swap(file, data, old[file], ending) for file, data in files.items()]
    journal = json.dumps([asdict(swap) for swap in swaps])
    if not storage.create(_journal(root), journal.encode(), storage.join(root, FOLDER)):
        raise SplitConflictError("another split of this dataset has begun at the same time")
    finish_swap(root)
    return {swap.file: swap.backup for swap in swaps if swap.backup is not None}


def finish_swap(root: str) -> bool:
    """Finishes a swap that was broken off, if there is one; says whether there was.

    Raises:
        DamagedFileError: the journal is not what was written.
        SplitConflictError: somebody else changed a file meanwhile.
        StorageError: the store did not answer.
    """
    try:
        written = storage.read_bytes(_journal(root))
    except FileNotFoundError:
        return False
    with damage_named(_journal(root)):
        swaps = [Swap(**values) for values in json.loads(written)]
    for swap in swaps:
        _put_aside(root, swap)
    for swap in swaps:
        _put(root, swap.file, swap.data())
    storage.remove(_journal(root))
    for staged in storage.names_in(storage.join(root, FOLDER)):  # by processes that were killed
        storage.remove(storage.join(root, FOLDER, staged))
    return True


def _journal(root: str) -> str:
    return storage.join(root, FOLDER, "journal.json")


def _bytes_at(root: str, file: str) -> bytes | None:
    try:
        return storage.read_bytes(storage.join(root, file))
    except FileNotFoundError:
        return None


def _free_ending(root: str, files: Collection[str]) -> str:
    """The ending of this swap's copies: ``.bak``, or the first of ``.bak.2``, … that none has."""
    endings = (f".bak.{number}" if number > 1 else ".bak" for number in count(1))
    return next(
        ending
        for ending in endings
        if not any(storage.exists(storage.join(root, file + ending)) for file in files)
    )


def _swap(file: str, data: bytes, old: bytes | None, ending: str) -> Swap:
    content = data.decode("utf-8", "surrogateescape")
    if old is None:
        return Swap(file, content, None, None)
    return Swap(file, content, _sha256(old), file + ending)


def _put_aside(root: str, swap: Swap) -> None:
    """Gives the old file its .bak name, unless that was done, by us or a process before."""
    there = _bytes_at(root, swap.file)
    if there is None or swap.backup is None or swap.old_sha256 is None:
        return
    if _sha256(there) == swap.old_sha256:
        _put(root, swap.backup, there)
        storage.remove(storage.join(root, swap.file))
    elif there != swap.data():
        raise SplitConflictError(f"{swap.file} was changed while a split of it was unfinished")


def _put(root: str, file: str, data: bytes) -> None:
    """Creates a file; one that is there has to be the same."""
    if storage.create(storage.join(root, file), data, storage.join(root, FOLDER)):
        return
    if _bytes_at(root, file) != data:
        raise SplitConflictError(f"{file} was written while a split of it was unfinished")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
