"""The champion as a run or a candidate meets it: looked up once, and kept to."""

import json
from dataclasses import asdict, dataclass

from ocr_tasks import storage
from ocr_tasks.errors import (
    ChampionChangedError,
    NoAccessError,
    PlanConflictError,
    SettingsError,
)
from ocr_tasks.faults import damage_named
from ocr_tasks.registry.champions import NOBODY, champion, history
from ocr_tasks.registry.versions import Kind, file_url, find

KEPT = "base.json"


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
        judged, stands = (each or "the built-in model" for each in (digest, log[-1]))
        raise ChampionChangedError(
            f"judged against {judged} as number {number}; {root} has {stands} as {len(log) - 1}"
        )


def kept_incumbent(root: str, output: str, kind: Kind, has_begun: bool) -> Incumbent:
    """The champion when the training in the output began; it stays so, whoever is promoted.

    One that was refused before it ``has_begun`` holds on to nobody.

    Raises:
        PlanConflictError: a model of another kind was trained there.
        and what champion_now raises.
    """
    url = storage.join(output, KEPT)
    if not (has_begun and storage.exists(url)):
        stands = champion_now(root, kind)
        told = asdict(stands) | {"kind": kind}
        storage.write(url, (json.dumps(told, indent=2) + "\n").encode())
        return stands
    with damage_named(url):
        told = json.loads(storage.read_bytes(url))
        if told.pop("kind") != kind:
            raise PlanConflictError(f"{output} holds the training of another kind of model")
        return Incumbent(**told)
