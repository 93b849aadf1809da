"""The champion as a run or a candidate meets it: looked up once, and kept to."""

import json
from dataclasses import asdict, dataclass

from ocr_tasks import storage
from ocr_tasks.errors import ChampionChangedError, NoAccessError, SettingsError
from ocr_tasks.faults import damage_named
from ocr_tasks.registry.champions import NOBODY, champion, history
from ocr_tasks.registry.versions import Kind, file_url, find

KEPT = "base.json"
STAGING = ".staging"


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The champion of this number; None for name, digest and weights mean the built-in model.

    ``weights`` is the URL of its ``inference.onnx``.
    """

    number: int
    name: str | None = None
    digest: str | None = None
    weights: str | None = None


def champion_now(root: str, kind: Kind = "rec") -> Incumbent:
    """The model that is the champion of its kind in the registry at the URL ``root``.

    Raises:
        SettingsError: the registry may not be read.
        RegistryError: its version is not there.
        DamagedFileError, StorageError: see champions.history.
    """
    try:
        stands = champion(root, kind)
    except NoAccessError as error:
        raise SettingsError(f"{error}: the registry cannot be read") from error
    if stands is None or stands.digest is None:
        return Incumbent(stands.number if stands else NOBODY)
    version = find(root, kind, stands.digest)
    return Incumbent(stands.number, version.card.name, version.digest, file_url(root, version))


def refuse_other(root: str, kind: Kind, number: int, digest: str | None, candidate: str) -> None:
    """Makes sure that the champion is the model of this number and digest, or the candidate itself.

    Raises:
        ChampionChangedError: it is another one, or there is none, as in another registry.
        DamagedFileError, StorageError: see champions.history.
    """
    log = [None, *(entry.digest for entry in history(root, kind))]
    is_last = number == len(log) - 1 or log[-1] == candidate
    if number >= len(log) or log[number] != digest or not is_last:
        name = digest or "the built-in model"
        raise ChampionChangedError(f"judged against {name}, which is not number {number} of {root}")


def kept_incumbent(root: str, output: str, kind: Kind = "rec") -> Incumbent:
    """The champion when a training began in the output; it stays so, whoever is promoted.

    Raises as champion_now.
    """
    url = storage.join(output, KEPT)
    if not storage.exists(url):
        data = json.dumps(asdict(champion_now(root, kind)), indent=2) + "\n"
        storage.create(url, data.encode(), storage.join(output, STAGING))
    with damage_named(url):
        return Incumbent(**json.loads(storage.read_bytes(url)))
