"""The trials of a sweep where they lie: each in a folder of its own below the output."""

import json
from dataclasses import asdict

from ocr_tasks import storage
from ocr_tasks.errors import PlanConflictError
from ocr_tasks.faults import damage_named
from ocr_tasks.settings import digest_of
from ocr_tasks.training.outputs import BEST, RESULT, SETTINGS, bring_best
from ocr_tasks.training.spec import TrainSpec, processes_of
from ocr_tasks.training.sweep import Trial, trial_of
from ocr_tasks.training.sweep_report import SWEEP
from ocr_tasks.training.train import OF_NO_STEP

TRIALS = "trials"
TRIAL = "trial.json"  # what one came to: the last of its files that is written


def folder_of(output: str, name: str) -> str:
    """The URL of a trial's folder, in which it lies as a training does in its output."""
    return storage.join(output, TRIALS, name)


def fingerprint_of(labels: str, spec: TrainSpec) -> str:
    """A digest of what decides what a trial comes to: labels, as ``labels_digest``, and options."""
    without = OF_NO_STEP - {"forgetting", "max_minutes"}  # which decide what is kept
    options = {key: value for key, value in asdict(spec).items() if key not in without}
    options["batch"] = spec.batch * processes_of(spec)
    return digest_of({"labels": labels, "train": options})


def write_trial(output: str, trial: Trial, fingerprint: str) -> None:
    """Writes what a trial came to."""
    told = json.dumps(asdict(trial) | {"fingerprint": fingerprint}, indent=1)
    storage.write(storage.join(folder_of(output, trial.name), TRIAL), told.encode())


def read_trial(output: str, name: str, fingerprint: str) -> Trial | None:
    """What a trial came to; None where it is not finished.

    Raises:
        PlanConflictError: it was one of other labels or options.
        DamagedFileError: it is not what was written.
        StorageError: the store did not answer.
    """
    url = storage.join(folder_of(output, name), TRIAL)
    try:
        data = storage.read_bytes(url)
    except FileNotFoundError:
        return None
    with damage_named(url):
        told = json.loads(data)
        trial, found = trial_of(told), told["fingerprint"]
    if found != fingerprint:
        raise PlanConflictError(f"the trial {url} is of other lines, weights or settings")
    return trial


def bring(output: str, name: str) -> None:
    """Copies a trial's files into the output, and at last its result, which speaks for them all."""
    folder = folder_of(output, name)
    files = {each.uri.removeprefix(f"{folder}/") for each in storage.list_objects(folder)}
    bring_best(output, storage.read_bytes(storage.join(folder, BEST)))
    for file in [*sorted(files - {TRIAL, RESULT, BEST}), RESULT]:
        storage.write(storage.join(output, file), storage.read_bytes(storage.join(folder, file)))


def has_begun(output: str) -> bool:
    """Whether a training, or the trials of a sweep, began in the output."""
    return any(storage.exists(storage.join(output, name)) for name in (SETTINGS, SWEEP))


def refuse_other_training(output: str) -> None:
    """Makes sure that what was trained in the output, if anything, came from a sweep.

    Raises:
        PlanConflictError: it did not; the sweep would overwrite it.
    """
    alone = storage.exists(storage.join(output, SETTINGS))
    if alone and not storage.exists(storage.join(output, SWEEP)):
        raise PlanConflictError(f"{output} holds a training of no sweep, which would be lost")
