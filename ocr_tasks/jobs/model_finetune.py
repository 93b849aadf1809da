"""A model fine-tuned on labelled lines or pages, judged against the champion, promoted if better.

Every step leaves its word below the output, and the next one begins with that: a step that was
broken off is done again, or, as a training, goes on.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ocr_tasks import __version__, storage
from ocr_tasks.admission import refuse_url
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.dataset.versions import fingerprint_of
from ocr_tasks.errors import GateRefusedError
from ocr_tasks.evaluation.checks import WEIGHTS, damaged_files
from ocr_tasks.evaluation.contest import (
    CANDIDATE,
    Contest,
    begun_checks,
    has_read,
    promoting_verdict,
    read_by_candidate,
    read_by_champion,
)
from ocr_tasks.evaluation.outputs import read_checks
from ocr_tasks.evaluation.verdict import Verdict
from ocr_tasks.jobs import model_finetune_pages as pages
from ocr_tasks.jobs.model_finetune_judged import (
    exported_from,
    forget_verdict,
    judged_checks,
    sets_of,
)
from ocr_tasks.jobs.model_finetune_settings import (
    ModelFinetuneSettings,
    admitted,
    as_trained,
    dataset_of,
)
from ocr_tasks.jobs.model_finetune_sweep import attempt as attempt
from ocr_tasks.jobs.model_finetune_sweep import choose as choose
from ocr_tasks.jobs.model_finetune_sweep import sweep as sweep
from ocr_tasks.jobs.model_finetune_sweep import train as train
from ocr_tasks.jobs.model_finetune_sweep import trials_of as trials_of
from ocr_tasks.jobs.model_finetune_sweep import unheard
from ocr_tasks.jobs.model_finetune_verdict import decide as decide
from ocr_tasks.jobs.model_finetune_verdict import verdict_text as verdict_text
from ocr_tasks.registry import champions
from ocr_tasks.registry.cards import ModelCard
from ocr_tasks.registry.incumbents import champion_now, refuse_other
from ocr_tasks.registry.versions import Kind, file_url, register
from ocr_tasks.stores.filesystems import SCHEMES
from ocr_tasks.training.sweep import shown as shown

if TYPE_CHECKING:
    from ocr_tasks.training.running import Listener

Json = dict[str, Any]
Progress = Callable[[int, int], None]


def evaluate_base(settings: ModelFinetuneSettings, on_progress: Progress = unheard) -> Json:
    """Has the champion, or the built-in model, read the test part and the retention set.

    ``on_progress`` hears (lines done, lines in all) of each. Returns its numbers by set.

    Raises:
        DatasetError, SettingsError, StorageError: a dataset cannot be read.
        ModelError, RegistryError: the champion cannot be had.
    """
    from ocr_tasks.engines.loading import load_engine

    settings = admitted(settings)
    dataset = dataset_of(settings)
    if pages.is_of_pages(dataset):
        return pages.evaluate_base(settings, dataset, on_progress)
    champion = champion_now(settings.registry)
    engine = load_engine(settings.engine.engine(champion.weights, champion.digest))
    return read_by_champion(_contest(settings, dataset), engine, on_progress)


def export(settings: ModelFinetuneSettings) -> Json:
    """Exports the best weights as PaddlePaddle's files and ONNX, and holds both for parity.

    Returns the training's result, which is done now.

    Raises:
        TrainingError, ParityError, ModelError, StorageError: see training.best.export_best.
    """
    from ocr_tasks.training.trainers import export_best

    settings = admitted(settings)
    dataset = dataset_of(settings)
    if pages.learns_here(settings, dataset):
        return pages.export(settings, dataset)
    settings = as_trained(settings)
    return export_best(dataset, settings.output, settings.train)


def evaluate(settings: ModelFinetuneSettings, on_progress: Progress = unheard) -> Json:
    """Has the exported model read what the champion of now reads; pages and JSON show both.

    Returns the checks, see contest.read_by_candidate: ``numbers`` has those of both by set, none
    where the exported files are faulty, which the gate then says. The verdict of an earlier
    evaluation is removed.

    Raises:
        TrainingError: nothing was exported.
        PlanConflictError: it was trained on other lines than the dataset has now.
        and what ``evaluate_base`` raises.
    """
    from ocr_tasks.engines.loading import load_engine
    from ocr_tasks.training.outputs import INFERENCE

    settings = admitted(settings)
    dataset = dataset_of(settings)
    if pages.is_of_pages(dataset):
        return pages.evaluate(settings, dataset, on_progress)
    exported = exported_from(settings, dataset)
    forget_verdict(settings.output)
    contest, champion = _contest(settings, dataset), champion_now(settings.registry)
    engine = load_engine(settings.engine.engine(champion.weights, champion.digest))
    if not has_read(contest, engine):
        read_by_champion(contest, engine, on_progress)
    checks = begun_checks(exported, contest.sets, contest.spec, champion)
    folder = storage.join(settings.output, INFERENCE)
    return read_by_candidate(contest, folder, checks, exported["files"], engine, on_progress)


def promote(settings: ModelFinetuneSettings, workers: int | None = None) -> Json:
    """Registers the candidate that the gate let pass, and makes it the champion.

    Returns ``kind``, ``name`` and ``sha256`` of the model, the ``url`` of its weights, and its
    ``number`` and ``reason`` in the champions' log.

    Raises:
        GateRefusedError: the gate refused it, or has not judged these weights.
        PlanConflictError: it learnt or was judged by other lines than the sets have now.
        ChampionChangedError: another one was promoted since this one was judged.
        RegistryError, StorageError: see versions.register.
    """
    from ocr_tasks.training.outputs import INFERENCE, RESULT, read_exported, read_told

    settings = admitted(settings)
    verdict = promoting_verdict(settings.output, settings.canary.output is not None)
    dataset = dataset_of(settings)
    kind = kind_of(dataset)
    judged = judged_checks(settings, dataset)["champion"]
    names = read_exported(settings.output)["files"]
    against = judged["number"], judged["digest"]
    refuse_other(settings.registry, kind, *against, names[WEIGHTS])
    folder = storage.join(settings.output, INFERENCE)
    faults = damaged_files(folder, names)
    if faults:
        raise GateRefusedError(f"these are not the files that were judged: {'; '.join(faults)}")
    files = {name: storage.join(folder, name) for name in names}
    base = read_told(settings.output, RESULT)["base"]
    card = _card(settings, dataset, base, verdict, workers)
    version = register(settings.registry, kind, files, card)
    (reason,) = (each.said for each in verdict.rulings if each.rule == "improvement")
    number = judged["number"]
    entry = champions.promote(settings.registry, kind, version.digest, number, reason)
    return {
        "kind": kind,
        "sha256": version.digest,
        "name": version.card.name,
        "url": file_url(settings.registry, version),
        "number": entry.number,
        "reason": reason,
    }


def rollback(
    registry: str, reason: str, schemes: tuple[str, ...] = SCHEMES, kind: Kind = "rec"
) -> Json:
    """Brings back the champion before this one; returns the new entry of the log.

    Raises:
        RegistryError, ChampionChangedError: see champions.rollback.
    """
    refuse_url(registry, schemes)
    root = storage.absolute(registry).rstrip("/")
    return champions.rollback(root, kind, reason).as_json()


def run(
    settings: ModelFinetuneSettings,
    workers: int | None = None,
    hear: "Listener" = unheard,
    on_progress: Progress = unheard,
    tell: Callable[[str], None] = unheard,
    dry_run: bool = False,
) -> Json:
    """All of it, with the sweep in place of the training where the settings have one.

    Returns what promote does, or after a ``dry_run`` the verdict. Raises as the steps do.
    """
    evaluate_base(settings, on_progress)
    if settings.sweep:
        sweep(settings, hear, tell)
    else:
        train(settings, hear)
    export(settings)
    evaluate(settings, on_progress)
    verdict = decide(settings, workers, on_progress)
    return verdict if dry_run else promote(settings, workers)


def kind_of(dataset: Dataset) -> Kind:
    """The kind of model that is trained on it."""
    return "det" if pages.is_of_pages(dataset) else "rec"


def _card(
    settings: ModelFinetuneSettings,
    dataset: Dataset,
    base: Json,
    verdict: Verdict,
    workers: int | None,
) -> ModelCard:
    told = read_checks(settings.output)["numbers"]
    if pages.learns_here(settings, dataset):
        settings, how = as_trained(settings, "detector"), {"detector"}
        seed = settings.detector.seed
    else:
        settings, how = as_trained(settings), {"train", "sweep"}
        seed = settings.train.seed
    return ModelCard(
        name=settings.name,
        base=base["name"],
        base_sha256=base["sha256"],
        dataset=dataset.root,
        data_fingerprint=fingerprint_of(dataset, settings.limits, workers),
        config=settings.model_dump(mode="json", include=how) | verdict.settings,
        seed=seed,
        licence=settings.licence,
        pipeline_version=__version__,
        metrics={name: both[CANDIDATE] for name, both in told.items()},
        notes=" ".join(verdict.notes),
    )


def _contest(settings: ModelFinetuneSettings, dataset: Dataset) -> Contest:
    sets = sets_of(settings, dataset)
    return Contest(settings.output, sets, settings.engine, settings.evaluation, settings.limits)
