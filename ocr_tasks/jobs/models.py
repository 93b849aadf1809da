"""The models that could read: built-in ones, and those of a registry."""

from collections.abc import Callable
from typing import Any

from ocr_tasks import storage
from ocr_tasks.admission import refuse_url
from ocr_tasks.engines.ppocr import ModelFile, detector_file, recognizer_file
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import RegistryError
from ocr_tasks.evaluation.canary import CanarySpec
from ocr_tasks.planning import Admission
from ocr_tasks.registry import versions as registry
from ocr_tasks.registry.champions import champion, history
from ocr_tasks.registry.measured import measured
from ocr_tasks.registry.versions import KINDS, Kind, Version
from ocr_tasks.rereading import run_canary

Json = dict[str, Any]


def list_models(root: str | None = None) -> list[Json]:
    """Every built-in model, and every version in the registry ``root``, the oldest first.

    Of each: kind, name, sha256, bytes of its weights, whether it is built in, whether it is the
    champion, when it was registered, and what was measured of it by set: the numbers of its card,
    and those that the registry was told of later, or of a built-in model.

    Raises:
        ModelError: the built-in weights are not installed, or are others.
        SettingsError: the registry may not be read.
    """
    root = _admitted(root) if root is not None else None
    told = []
    for kind in KINDS:
        stands = champion(root, kind) if root is not None else None
        digest = stands.digest if stands else None
        told.append(_built_in(kind, is_champion=digest is None))
        if root is not None:
            told += [
                _registered(version, version.digest == digest)
                for version in registry.versions(root, kind)
            ]
    return told if root is None else [_with_measured(root, model) for model in told]


def show_model(root: str, digest: str) -> Json:
    """A version of either kind with its card, files, URL, faults, and entries in the log.

    Raises:
        RegistryError: no version of that digest is there, or several.
    """
    root = _admitted(root)
    version = _find(root, digest)
    stands = champion(root, version.kind)
    is_champion = stands is not None and stands.digest == version.digest
    return _with_measured(root, _registered(version, is_champion)) | {
        "url": registry.file_url(root, version),
        "files": version.as_json()["files"],
        "card": version.card.as_json(),
        "faults": registry.damaged_files(root, version),
        "log": [
            entry.as_json()
            for entry in history(root, version.kind)
            if entry.digest == version.digest
        ],
    }


def compare_models(root: str, first: str, second: str) -> Json:
    """Two versions side by side: facts and settings that differ, and all numbers.

    Raises:
        RegistryError: one of them is not there, or they are of two kinds.
    """
    root = _admitted(root)
    one, other = _find(root, first), _find(root, second)
    if one.kind != other.kind:
        raise RegistryError(f"{first} is a {one.kind} model, but {second} a {other.kind} model")
    return registry.compare(one, other)


def canary(
    root: str,
    digest: str,
    spec: CanarySpec,
    report: str,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Json:
    """Has a version read pages of a past run again; what changed lies in the folder ``report``.

    Returns what rereading.run_canary does; ``on_progress`` hears (pages done, pages in all).

    Raises:
        RegistryError: no version of that digest is there, or it is no recogniser.
        SettingsError: there is no such run, or no page of it was read by a recogniser.
        GateRefusedError: it fails on a page that was read before.
        EngineBrokenError, ModelError, DamagedFileError, StorageError: as a run does.
    """
    root, schemes = _admitted(root), Admission.load().schemes
    version = _find(root, digest)
    if version.kind != "rec":
        raise RegistryError(f"{digest} is a {version.kind} model, and pages are compared by lines")
    refuse_url(report, schemes)
    reader = EngineSpec(rec_model=registry.file_url(root, version), rec_sha256=version.digest)
    return run_canary(spec, reader, storage.absolute(report), schemes, on_progress)


def _with_measured(root: str, model: Json) -> Json:
    """The model with what was measured of it since, beside the numbers of its card."""
    later = measured(root, model["kind"], model["sha256"])
    return model | {"metrics": model["metrics"] | later}


def _admitted(root: str) -> str:
    refuse_url(root, Admission.load().schemes)
    return storage.absolute(root).rstrip("/")


def _find(root: str, digest: str) -> Version:
    refusal = None
    for kind in KINDS:
        try:
            return registry.find(root, kind, digest)
        except RegistryError as error:
            refusal = error
    assert refusal is not None
    raise refusal


def _built_in(kind: Kind, is_champion: bool) -> Json:
    model: ModelFile = {"det": detector_file, "rec": recognizer_file}[kind](EngineSpec())
    return {
        "kind": kind,
        "name": model.info.name,
        "sha256": model.info.sha256,
        "bytes": model.path.stat().st_size,
        "built_in": True,
        "champion": is_champion,
        "registered_at": None,
        "metrics": {},
    }


def _registered(version: Version, is_champion: bool) -> Json:
    return {
        "kind": version.kind,
        "name": version.card.name,
        "sha256": version.digest,
        "bytes": version.size,
        "built_in": False,
        "champion": is_champion,
        "registered_at": version.registered_at,
        "metrics": version.card.metrics,
    }
