"""What was measured of models beside their cards: later, on other sets, or of built-in ones.

    measured/<kind>/<sha256 of the weights>/<set>.json

The last measurement on a set replaces the one before.
"""

import json

from ocr_tasks import storage
from ocr_tasks.errors import RegistryError
from ocr_tasks.faults import damage_named
from ocr_tasks.registry.versions import Kind
from ocr_tasks.text.names import is_name

Numbers = dict[str, float]
END = ".json"


def note_measured(root: str, kind: Kind, digest: str, part: str, numbers: Numbers) -> None:
    """Notes what was measured of the weights of this digest on the set called ``part``.

    Raises:
        RegistryError: the set's name cannot be a file's.
        StorageError: the store did not answer.
    """
    if not (is_name(part) and is_name(digest)):
        raise RegistryError(f"{part!r} of {digest!r}: use up to 128 of A-Z a-z 0-9 . _ + -")
    data = json.dumps(numbers, indent=2) + "\n"
    storage.write(storage.join(_folder(root, kind, digest), part + END), data.encode())


def measured(root: str, kind: Kind, digest: str) -> dict[str, Numbers]:
    """What was measured of the weights of this digest, by the name of the set.

    Raises:
        DamagedFileError: a measurement cannot be read.
        StorageError: the store did not answer.
    """
    folder = _folder(root, kind, digest)
    names = [name for name in storage.names_in(folder) if name.endswith(END)]
    return {name.removesuffix(END): _read(storage.join(folder, name)) for name in names}


def _read(url: str) -> Numbers:
    with damage_named(url):
        values = json.loads(storage.read_bytes(url))
        if not isinstance(values, dict):
            raise ValueError("it holds no JSON object")
        return {str(name): float(value) for name, value in values.items()}


def _folder(root: str, kind: Kind, digest: str) -> str:
    return storage.join(root, "measured", kind, digest)
