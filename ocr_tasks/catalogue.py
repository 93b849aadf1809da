"""Every model that could read: the built-in ones, as if they were registered, and a registry's."""

from dataclasses import replace

from ocr_tasks import __version__, storage
from ocr_tasks.engines.ppocr import ModelFile, detector_file, recognizer_file
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import RegistryError
from ocr_tasks.registry import versions as registry
from ocr_tasks.registry.cards import ModelCard
from ocr_tasks.registry.measured import Measurement, measured, measured_by_us
from ocr_tasks.registry.versions import KINDS, SHORTEST_PREFIX, WEIGHTS, Kind, StoredFile, Version

BUILT_IN = ""  # the folder, and the time of registration, of a model that comes with a package


def models_in(root: str | None, kind: Kind) -> list[Version]:
    """The built-in model of a kind, and every version of it in the registry, the oldest first.

    Raises:
        ModelError: the built-in weights are not installed, or are others.
        DamagedFileError, StorageError: see registry.versions.
    """
    return [built_in(kind), *(registry.versions(root, kind) if root else [])]


def find_model(root: str | None, digest: str) -> Version:
    """The model of either kind whose digest is, or begins with, ``digest``, in any case.

    Raises:
        RegistryError: there is none, or more than one, or the beginning is too short.
    """
    digest = digest.lower()
    if len(digest) < SHORTEST_PREFIX:
        raise RegistryError(f"{digest!r} is too short: give {SHORTEST_PREFIX} digits or more")
    found: list[Version] = []
    if root is not None:
        found += [v for kind in KINDS for v in registry.beginning_with(root, kind, digest)]
    there = {each.digest for each in found}  # built-in weights that were promoted have a card there
    ours = [each for each in map(built_in, KINDS) if each.digest.startswith(digest)]
    found += [each for each in ours if each.digest not in there]
    if len(found) != 1:
        many = f"{len(found)} versions begin" if found else "no version begins"
        where = f"in {root} or built in" if root else "that is built in, and no registry was given"
        raise RegistryError(f"{many} with {digest}, {where}")
    return found[0]


def built_in(kind: Kind) -> Version:
    """The model that reads where nobody was promoted."""
    model = _file_of(kind)
    card = ModelCard(
        name=model.info.name,
        base="",
        base_sha256="",
        dataset="",
        data_fingerprint="",
        config={},
        seed=0,
        licence="Apache-2.0",
        pipeline_version=__version__,
        notes="It comes with the package rapidocr.",
    )
    weights = StoredFile(WEIGHTS, model.path.stat().st_size, model.info.sha256)
    return Version(kind, model.info.sha256, BUILT_IN, (weights,), card, BUILT_IN)


def is_built_in(version: Version) -> bool:
    """Whether it comes with a package, and lies in no registry."""
    return version.folder == BUILT_IN


def url_of(root: str | None, version: Version) -> str:
    """Where its weights lie."""
    if root is None or is_built_in(version):
        return storage.absolute(str(_file_of(version.kind).path))
    return registry.file_url(root, version)


def reader_with(root: str | None, version: Version) -> EngineSpec:
    """The fastest engine of this machine, with that model."""
    if is_built_in(version):
        return EngineSpec()
    if version.kind == "det":
        return EngineSpec(det_model=url_of(root, version), det_sha256=version.digest)
    return EngineSpec(rec_model=url_of(root, version), rec_sha256=version.digest)


def measurements_of(root: str | None, version: Version) -> dict[str, Measurement]:
    """What was measured of it beside its card, by set: by us, or by whoever keeps the registry.

    Raises:
        DamagedFileError, StorageError: see registry.measured.
    """
    ours = measured_by_us().get(version.digest, {})
    return ours | (measured(root, version.kind, version.digest) if root else {})


def with_all_numbers(root: str | None, version: Version) -> Version:
    """The version with those measurements among its card's numbers. Raises as these."""
    later = {name: each.numbers for name, each in measurements_of(root, version).items()}
    return replace(version, card=replace(version.card, metrics=version.card.metrics | later))


def _file_of(kind: Kind) -> ModelFile:
    return {"det": detector_file, "rec": recognizer_file}[kind](EngineSpec())
