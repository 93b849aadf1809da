"""What later steps rely on: lines that were learnt, weights and sets that were judged, by whom."""

from dataclasses import replace
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import TRAIN, VAL, Dataset, labels_digest
from ocr_tasks.errors import GateRefusedError, PlanConflictError
from ocr_tasks.evaluation.checks import WEIGHTS
from ocr_tasks.evaluation.contest import labels_of, refuse_unless_promoted
from ocr_tasks.evaluation.outputs import CHECKS, VERDICT, read_checks, write_verdict
from ocr_tasks.evaluation.verdict import Verdict
from ocr_tasks.jobs.model_finetune_settings import ModelFinetuneSettings

Json = dict[str, Any]


def sets_of(settings: ModelFinetuneSettings, dataset: Dataset) -> dict[str, Dataset]:
    """What both models are judged by: the dataset's ``test``, and ``retention`` if there is one."""
    sets = {"test": dataset}
    if settings.retention is not None:
        sets["retention"] = read_dataset(settings.retention, settings.layout, settings.groups, ())
    return sets


def exported_from(settings: ModelFinetuneSettings, dataset: Dataset) -> Json:
    """What was exported in the output, of a training on the train and val parts of ``dataset``.

    Raises:
        TrainingError: nothing was trained and exported there.
        PlanConflictError: it was trained on other lines than these parts have now.
        DamagedFileError, StorageError: see outputs.read_told.
    """
    from ocr_tasks.training.outputs import RESULT, read_exported, read_told

    exported = read_exported(settings.output)
    learnt = read_told(settings.output, RESULT).get("labels")
    if learnt != labels_digest(dataset, (TRAIN, VAL)):
        raise PlanConflictError(f"{settings.output} was not trained on what {dataset.root} has now")
    return exported


def judged_checks(settings: ModelFinetuneSettings, dataset: Dataset) -> Json:
    """The checks of the last evaluation, if it was of what was exported last, and of these sets.

    Raises:
        FileNotFoundError: nothing was evaluated.
        GateRefusedError: other weights were evaluated than those that would be promoted.
        PlanConflictError: training or evaluation had other lines than the sets have now.
        and what ``exported_from`` raises.
    """
    checks = read_checks(settings.output)
    exported = exported_from(settings, dataset)["files"].get(WEIGHTS, "")
    if exported != checks["sha256"]:
        raise GateRefusedError(f"{exported} was exported last, and never evaluated: do so first")
    now = labels_of(sets_of(settings, dataset), settings.evaluation)
    for name in now.keys() & checks["labels"].keys():
        if now[name] != checks["labels"][name]:
            raise PlanConflictError(f"the {name} set was evaluated with other labels than it has")
    return checks


def forget_verdict(output: str) -> None:
    """Removes the last verdict and its checks: what they were about is evaluated anew."""
    for name in (VERDICT, CHECKS):
        storage.remove(storage.join(output, name))


def pronounced(settings: ModelFinetuneSettings, verdict: Verdict) -> Json:
    """Writes a verdict, with the settings that it was found by, and returns it if it promotes.

    Raises:
        GateRefusedError: it does not.
    """
    judged_by = settings.model_dump(mode="json", include={"gate", "evaluation"})
    verdict = replace(verdict, settings=judged_by)
    write_verdict(settings.output, verdict)
    refuse_unless_promoted(verdict)
    return verdict.as_json()
