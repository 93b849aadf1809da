"""What was measured of models beside their cards: later, on other sets, or of built-in ones.

    measured/<kind>/<sha256 of the weights>/<set>.json

The last measurement on a set replaces the one before. Those of the built-in models come with the
package, in built_in.json: by digest and set.
"""

import functools
import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

from ocr_tasks import storage
from ocr_tasks.errors import RegistryError
from ocr_tasks.faults import damage_named
from ocr_tasks.registry.versions import Kind
from ocr_tasks.text.names import is_name

Json = dict[str, Any]
END = ".json"


@dataclass(frozen=True, slots=True)
class Measurement:
    """The numbers of a model on a set by their names; when, on what machine, and by what engine."""

    numbers: dict[str, float]
    at: str
    machine: str
    engine: str

    def as_json(self) -> Json:
        """The measurement as JSON values."""
        return asdict(self)


def note_measured(root: str, kind: Kind, digest: str, part: str, told: Measurement) -> None:
    """Notes what was measured of the weights of this digest on the set called ``part``.

    Raises:
        RegistryError: the set's name cannot be a file's.
        StorageError: the store did not answer.
    """
    if not (is_name(part) and is_name(digest)):
        raise RegistryError(f"{part!r} of {digest!r}: use up to 128 of A-Z a-z 0-9 . _ + -")
    data = json.dumps(told.as_json(), indent=2) + "\n"
    storage.write(storage.join(_folder(root, kind, digest), part + END), data.encode())


def measured(root: str, kind: Kind, digest: str) -> dict[str, Measurement]:
    """What was measured of the weights of this digest, by the name of the set.

    Raises:
        DamagedFileError: a measurement cannot be read.
        StorageError: the store did not answer.
    """
    folder = _folder(root, kind, digest)
    names = [name for name in storage.names_in(folder) if name.endswith(END)]
    return {name.removesuffix(END): _read(storage.join(folder, name)) for name in names}


@functools.cache
def measured_by_us() -> dict[str, dict[str, Measurement]]:
    """What was measured of the built-in models, by digest and set; it comes with the package."""
    told = json.loads(files("ocr_tasks.registry").joinpath("built_in.json").read_bytes())
    return {
        digest: {name: _measurement(values) for name, values in sets.items()}
        for digest, sets in told.items()
    }


def _read(url: str) -> Measurement:
    with damage_named(url):
        return _measurement(json.loads(storage.read_bytes(url)))


def _measurement(values: Json) -> Measurement:
    numbers = {str(name): float(value) for name, value in dict(values["numbers"]).items()}
    return Measurement(numbers, *(str(values[key]) for key in ("at", "machine", "engine")))


def _folder(root: str, kind: Kind, digest: str) -> str:
    return storage.join(root, "measured", kind, digest)
