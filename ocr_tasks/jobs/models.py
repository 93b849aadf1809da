"""The models that could read: listed, shown, compared, measured, and tried on past pages."""

import datetime
from collections.abc import Callable
from typing import Any

from ocr_tasks import storage
from ocr_tasks.admission import refuse_url
from ocr_tasks.catalogue import (
    built_in,
    find_model,
    is_built_in,
    measurements_of,
    models_in,
    reader_with,
    url_of,
    with_all_numbers,
)
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import PAGES, LayoutSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.processor import processor_name
from ocr_tasks.errors import GateRefusedError, RegistryError
from ocr_tasks.evaluation.canary import CanarySpec
from ocr_tasks.evaluation.evaluate import EvaluationSpec, Part, evaluate
from ocr_tasks.evaluation.found import evaluate_pages
from ocr_tasks.evaluation.tables import summary_of
from ocr_tasks.evaluation.verdict import Ruling
from ocr_tasks.planning import Admission
from ocr_tasks.records import EngineInfo
from ocr_tasks.registry import versions as registry
from ocr_tasks.registry.champions import champion, history
from ocr_tasks.registry.measured import Measurement, note_measured
from ocr_tasks.registry.versions import KINDS, Kind, Version
from ocr_tasks.rereading import run_canary
from ocr_tasks.text.names import is_name
from ocr_tasks.workers import cores

Json = dict[str, Any]
Progress = Callable[[int, int], None]


def _unheard(*_: int) -> None:
    """Progress that nobody listens to."""


def list_models(root: str | None = None) -> list[Json]:
    """Every built-in model, and every version in the registry ``root``, the oldest first.

    Of each: kind, name, sha256, bytes of its weights, whether it is built in, whether it is the
    champion, when it was registered, and what was measured of it by set: the numbers of its card,
    and those that came later.

    Raises:
        ModelError: the built-in weights are not installed, or are others.
        SettingsError: the registry may not be read.
    """
    root = _admitted(root)
    return [_told(root, version) for kind in KINDS for version in models_in(root, kind)]


def show_model(root: str | None, digest: str) -> Json:
    """A model of either kind with its card, files, URL, faults, and entries in the log.

    ``measured`` says of each set when it was read, on what machine, and by what engine; of the
    sets that stand in the card, training told.

    Raises:
        RegistryError: no model of that digest is there, or several.
    """
    root = _admitted(root)
    version = find_model(root, digest)
    log = history(root, version.kind) if root else []
    entered = None if is_built_in(version) else version.digest
    return _told(root, version) | {
        "url": url_of(root, version),
        "files": version.as_json()["files"],
        "card": version.card.as_json(),
        "measured": {name: each.as_json() for name, each in measurements_of(root, version).items()},
        "faults": registry.damaged_files(root, version) if root and entered else [],
        "log": [entry.as_json() for entry in log if entry.digest == entered],
    }


def compare_models(root: str | None, first: str, second: str) -> Json:
    """Two models side by side: facts and settings that differ, and all numbers.

    Raises:
        RegistryError: one of them is not there, or they are of two kinds.
    """
    root = _admitted(root)
    one, other = find_model(root, first), find_model(root, second)
    if one.kind != other.kind:
        raise RegistryError(f"{first} is a {one.kind} model, but {second} a {other.kind} model")
    return registry.compare(*(with_all_numbers(root, version) for version in (one, other)))


def measure(
    dataset: str,
    part: Part = "test",
    digest: str | None = None,
    root: str | None = None,
    on_progress: Progress = _unheard,
) -> Json:
    """Has a model, or else the built-in one, read the lines or find the text of a dataset's part.

    A dataset of pages is for detectors, and any other for recognisers.
    With a registry it notes there what came of it, under the name of the dataset and part.
    Returns kind, name, sha256, ``set``, ``numbers``, ``at``, ``machine`` and ``engine``;
    ``on_progress`` hears (lines or pages done, those in all).

    Raises:
        RegistryError: no such model is there, it is of the other kind, or the set cannot be a name.
        DatasetError, SettingsError, StorageError: the dataset cannot be read.
        ModelError, EngineBrokenError: the model cannot be loaded, or fails on every line.
    """
    root = _admitted(root)
    refuse_url(dataset, Admission.load().schemes)
    samples = read_dataset(storage.absolute(dataset).rstrip("/"), LayoutSpec(), GroupSpec(), ())
    kind: Kind = "det" if samples.type == PAGES else "rec"
    version = _of_kind(kind, root, digest or built_in(kind).digest)
    name = f"{samples.root.rsplit('/', 1)[-1]}-{part}"
    if root and not is_name(name):
        raise RegistryError(f"{name!r} can name no set in a registry: rename the folder")
    engine, spec = load_engine(reader_with(root, version)), EvaluationSpec(part=part)
    if kind == "det":
        numbers = evaluate_pages(samples, engine, spec, LimitSpec(), on_progress).summary()
    else:
        numbers = summary_of(evaluate(samples, engine, spec, LimitSpec(), on_progress))
    told = _measurement(numbers, engine.info)
    if root:
        note_measured(root, kind, version.digest, name, told)
    identity = {"kind": kind, "name": version.card.name, "sha256": version.digest}
    return identity | {"set": name} | told.as_json()


def canary(
    root: str, digest: str, spec: CanarySpec, report: str, on_progress: Progress = _unheard
) -> Json:
    """Has a version read pages of a past run again; what changed lies in the folder ``report``.

    Returns what rereading.run_canary does; ``on_progress`` hears (pages done, pages in all).

    Raises:
        RegistryError: no version of that digest is there, or it is no recogniser.
        SettingsError: there is no such run, or no page of it was read by a recogniser.
        GateRefusedError: it fails on a page that was read before.
        EngineBrokenError, ModelError, DamagedFileError, StorageError: as a run does.
    """
    place, schemes = _admitted(root), Admission.load().schemes
    reader = reader_with(place, _of_kind("rec", place, digest))
    refuse_url(report, schemes)
    told = run_canary(spec, reader, storage.absolute(report), schemes, on_progress)
    ruling = Ruling(**told["ruling"])
    if not ruling.passed:
        raise GateRefusedError(str(ruling))
    return told


def _admitted(root: str | None) -> str | None:
    """The registry's URL, if there is one."""
    if root is None:
        return None
    refuse_url(root, Admission.load().schemes)
    return storage.absolute(root).rstrip("/")


def _of_kind(kind: Kind, root: str | None, digest: str) -> Version:
    version = find_model(root, digest)
    if version.kind != kind:
        does = "reads no lines" if kind == "rec" else "finds no text on pages"
        raise RegistryError(f"{digest} is a {version.kind} model, and {does}")
    return version


def _measurement(numbers: dict[str, float], engine: EngineInfo) -> Measurement:
    return Measurement(
        numbers,
        datetime.datetime.now(datetime.UTC).date().isoformat(),
        f"{cores()} cores of {processor_name()}",
        f"{engine.engine_version}, {engine.precision}, {engine.device}",
    )


def _told(root: str | None, version: Version) -> Json:
    stands = champion(root, version.kind) if root else None
    holds = stands.digest if stands else None
    built_in = is_built_in(version)
    return {
        "kind": version.kind,
        "name": version.card.name,
        "sha256": version.digest,
        "bytes": version.size,
        "built_in": built_in,
        "champion": holds == (None if built_in else version.digest),
        "registered_at": version.registered_at or None,
        "metrics": with_all_numbers(root, version).card.metrics,
    }
