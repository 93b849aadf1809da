"""The gate's step: what was read and measured becomes a verdict, which a canary may still turn."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import TRAIN, VAL, Dataset, LayoutSpec
from ocr_tasks.errors import SettingsError
from ocr_tasks.evaluation import gate
from ocr_tasks.evaluation.checks import all_of, trained_on
from ocr_tasks.evaluation.contest import (
    VAL_JUDGED,
    evidence_of,
    part_of,
)
from ocr_tasks.evaluation.evidence import TrainedOn
from ocr_tasks.evaluation.outputs import read_checks, read_verdict
from ocr_tasks.evaluation.summary import as_markdown
from ocr_tasks.evaluation.verdict import Ruling, Verdict
from ocr_tasks.jobs import model_finetune_pages as pages
from ocr_tasks.jobs.model_finetune_judged import judged_checks, pronounced
from ocr_tasks.jobs.model_finetune_settings import (
    ModelFinetuneSettings,
    admitted,
    as_trained,
    dataset_of,
)
from ocr_tasks.jobs.model_finetune_sweep import unheard
from ocr_tasks.rereading import run_canary

Json = dict[str, Any]
Progress = Callable[[int, int], None]


def decide(
    settings: ModelFinetuneSettings, workers: int | None = None, on_progress: Progress = unheard
) -> Json:
    """The gate's verdict on what was evaluated; it is written below the output, and promotes none.

    What it lets pass reads the pages of the canary, if there is one, which may refuse it still;
    ``on_progress`` hears (pages done, pages in all) of that.

    Raises:
        TrainingError: nothing was trained.
        SettingsError: nothing was evaluated.
        GateRefusedError: a rule does not let the candidate pass.
        StorageError, WorkerDiedError: see checks.trained_on.
        EngineBrokenError, ModelError, DamagedFileError: see rereading.run_canary.
    """
    settings = admitted(settings)
    dataset = dataset_of(settings)
    if pages.is_of_pages(dataset):
        return pages.decide(settings, dataset, workers)
    settings = as_trained(settings)
    on_val = part_of(dataset, settings.evaluation) == VAL
    seen = _trained_on(settings, dataset, (TRAIN,) if on_val else (TRAIN, VAL), workers)
    try:
        judged_checks(settings, dataset)
        candidate, champion, checks = evidence_of(settings.output, seen)
    except FileNotFoundError as error:
        raise SettingsError(f"nothing was evaluated in {settings.output}: {error}") from error
    verdict = gate.decide(candidate, champion, settings.gate, checks)
    if on_val:
        verdict = replace(verdict, notes=(*verdict.notes, VAL_JUDGED))
    if verdict.promoted and settings.canary.output is not None:
        verdict = _with_canary(settings, verdict, checks.sha256, on_progress)
    return pronounced(settings, verdict)


def verdict_text(settings: ModelFinetuneSettings) -> str:
    """What the gate said last, with the numbers of both models, as Markdown.

    Raises:
        FileNotFoundError, DamagedFileError, StorageError: see outputs.read_verdict.
    """
    output = admitted(settings).output
    return as_markdown(read_verdict(output), read_checks(output)["numbers"])


def _with_canary(
    settings: ModelFinetuneSettings, verdict: Verdict, sha256: str, on_progress: Progress
) -> Verdict:
    """The verdict after pages of a past run were read again by the weights with that digest.

    What changed lies in the output.
    """
    from ocr_tasks.training.outputs import INFERENCE

    folder = storage.join(settings.output, INFERENCE)
    reader = settings.engine.engine(folder, sha256)
    told = run_canary(settings.canary, reader, settings.output, settings.schemes, on_progress)
    ruling = Ruling(**told["ruling"])
    return replace(verdict, promoted=ruling.passed, rulings=(*verdict.rulings, ruling))


def _trained_on(
    settings: ModelFinetuneSettings, dataset: Dataset, parts: Sequence[str], workers: int | None
) -> TrainedOn:
    """What the candidate has seen: these parts of its dataset, and the print that was replayed."""
    seen = [trained_on(dataset, parts, settings.limits, workers)]
    if settings.train.replay.dataset is not None:
        print_ = read_dataset(settings.train.replay.dataset, LayoutSpec(), GroupSpec())
        seen.append(trained_on(print_, (TRAIN, VAL), settings.limits, workers))
    return all_of(seen)
