"""Which version is the champion: a log of numbered objects that is only ever added to.

    champions/<kind>/000001.json, 000002.json, …

The highest number is the champion. Who promotes creates the number that follows the champion that
the candidate was judged against, and a store gives each name to one alone.
"""

import datetime
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from ocr_tasks import storage
from ocr_tasks.errors import ChampionChangedError, DamagedFileError, RegistryError
from ocr_tasks.faults import damage_named
from ocr_tasks.registry.versions import Kind, damaged_files, find

Json = dict[str, Any]

RECORD = re.compile(r"(\d{6})\.json")
NOBODY = 0  # the number before the first: the built-in model reads


@dataclass(frozen=True, slots=True)
class Champion:
    """An entry of the log: since then the version of this digest was the champion.

    None stands for the built-in model. A rollback ``restores`` the champion of an earlier number.
    """

    number: int
    digest: str | None
    restores: int | None
    reason: str
    at: str

    def as_json(self) -> Json:
        """The entry as JSON values."""
        return asdict(self)


def history(root: str, kind: Kind) -> list[Champion]:
    """Every entry of the log, the oldest first.

    Raises:
        DamagedFileError: an entry is missing or cannot be read.
        StorageError: the store did not answer.
    """
    return [_read(root, kind, number) for number in _numbers(root, kind)]


def champion(root: str, kind: Kind) -> Champion | None:
    """The entry that holds now, or None where nothing was ever promoted. Raises as history."""
    numbers = _numbers(root, kind)
    return _read(root, kind, numbers[-1]) if numbers else None


def promote(root: str, kind: Kind, digest: str, expected: int, reason: str) -> Champion:
    """Makes a version the champion, if that is still the one of the number ``expected``.

    ``expected`` is the number of the champion that the version was judged against; NOBODY where
    there was none. To promote again what took that champion's place changes nothing.

    Raises:
        ChampionChangedError: another one was promoted, or brought back, since.
        RegistryError: there is no such version, or its files are damaged.
    """
    version = find(root, kind, digest)
    faults = damaged_files(root, version)
    if faults:
        raise RegistryError(f"version {version.digest} is damaged: {'; '.join(faults)}")
    return _append(root, kind, expected, version.digest, None, reason)


def rollback(root: str, kind: Kind, reason: str) -> Champion:
    """Brings back the champion before this one; before the first that is the built-in model.

    Several rollbacks go back one by one, as ``undo`` does.

    Raises:
        RegistryError: the built-in model is the champion already, or the version's files are
            damaged.
        ChampionChangedError: another one was promoted meanwhile.
    """
    log = history(root, kind)
    if not log or log[-1].digest is None:
        raise RegistryError(f"there is no {kind} model before the built-in one")
    before = _before(log)
    digest = log[before - 1].digest if before != NOBODY else None
    if digest is not None:
        faults = damaged_files(root, find(root, kind, digest))
        if faults:
            raise RegistryError(f"version {digest} is damaged: {'; '.join(faults)}")
    return _append(root, kind, log[-1].number, digest, before, reason)


def _before(log: list[Champion]) -> int:
    """The number of the promotion before the one that holds, rollbacks followed to theirs."""
    return _promotion(log, _promotion(log, len(log)) - 1)


def _promotion(log: list[Champion], number: int) -> int:
    """The number of the promotion that an entry stands for."""
    restores = log[number - 1].restores if number != NOBODY else None
    return number if restores is None else restores


def _append(
    root: str, kind: Kind, expected: int, digest: str | None, restores: int | None, reason: str
) -> Champion:
    now = datetime.datetime.now(datetime.UTC).isoformat()
    entry = Champion(expected + 1, digest, restores, reason, now)
    stands = champion(root, kind)
    if expected == (stands.number if stands else NOBODY):
        data = (json.dumps(entry.as_json(), indent=2, ensure_ascii=False) + "\n").encode()
        storage.create(_url(root, kind, entry.number), data, storage.join(root, "staging"))
        stands = champion(root, kind)
    same = (entry.number, entry.digest, entry.restores)
    if stands is None or (stands.number, stands.digest, stands.restores) != same:
        now_champion = stands.digest if stands else "the built-in model"
        number = stands.number if stands else NOBODY
        raise ChampionChangedError(
            f"judged against champion {expected}, but number {number} is {now_champion}"
        )
    return stands


def _numbers(root: str, kind: Kind) -> list[int]:
    names = storage.names_in(_folder(root, kind))
    numbers = sorted(int(found[1]) for name in names if (found := RECORD.fullmatch(name)))
    if numbers != list(range(1, len(numbers) + 1)):
        raise DamagedFileError(f"{_folder(root, kind)} has gaps: its numbers are {numbers}")
    return numbers


def _read(root: str, kind: Kind, number: int) -> Champion:
    url = _url(root, kind, number)
    with damage_named(url):
        return Champion(**json.loads(storage.read_bytes(url)))


def _url(root: str, kind: Kind, number: int) -> str:
    return storage.join(_folder(root, kind), f"{number:06d}.json")


def _folder(root: str, kind: Kind) -> str:
    return storage.join(root, "champions", kind)
