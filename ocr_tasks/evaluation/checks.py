"""How what the gate wants to know of a candidate comes to be known: files, speed, what it saw."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ocr_tasks import storage
from ocr_tasks.dataset.facts import image_facts
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.engines.answers import read_what_we_drew
from ocr_tasks.engines.contract import Recognizer
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import InferenceError, ModelError
from ocr_tasks.evaluation.evidence import TrainedOn
from ocr_tasks.imaging.crops import Pixels

WEIGHTS = "inference.onnx"
ROUNDS = 3  # of which each model's fastest counts: whatever else runs only makes one slower


def file_faults(folder: str, manifest: Mapping[str, str], spec: EngineSpec) -> list[str]:
    """What is wrong with the exported files below the path or URL ``folder``.

    ``manifest`` has the sha256 of each file as it was exported, the weights' among them. If they
    are all there, the recogniser is loaded by ``spec`` and reads a crop that we drew.

    Raises:
        StorageError: the store did not answer.
    """
    if WEIGHTS not in manifest:
        return [f"no {WEIGHTS} was exported"]
    told = (_fault_of(folder, name, sha256) for name, sha256 in sorted(manifest.items()))
    faults = [fault for fault in told if fault is not None]
    return faults or _loading_faults(storage.join(folder, WEIGHTS), manifest[WEIGHTS], spec)


def _fault_of(folder: str, name: str, sha256: str) -> str | None:
    try:
        data = storage.read_bytes(storage.join(folder, name))
    except FileNotFoundError:
        return f"{name} is missing"
    found = hashlib.sha256(data).hexdigest()
    return None if found == sha256 else f"{name} is not what was exported: its sha256 is {found}"


def _loading_faults(weights: str, sha256: str, spec: EngineSpec) -> list[str]:
    try:
        read_what_we_drew(load_engine(replace(spec, rec_model=weights, rec_sha256=sha256)))
    except (ModelError, InferenceError) as error:
        return [f"{error.code} {error}"]
    return []


def time_ratio(candidate: Recognizer, champion: Recognizer, crops: Sequence[Pixels]) -> float:
    """The candidate's time over the champion's for the same crops (LINE_HEIGHT, width, 3).

    They take turns at each crop, so that whatever else the machine does meets both.
    """
    candidate_seconds = champion_seconds = 0.0
    for crop in crops:
        times = [(_seconds(candidate, crop), _seconds(champion, crop)) for _ in range(ROUNDS)]
        candidate_seconds += min(ours for ours, _ in times)
        champion_seconds += min(theirs for _, theirs in times)
    return candidate_seconds / max(champion_seconds, 1e-9)


def _seconds(recognizer: Recognizer, crop: Pixels) -> float:
    started = time.perf_counter()
    recognizer.recognize(crop[None])
    return time.perf_counter() - started


def trained_on(
    dataset: Dataset, parts: Sequence[str], limits: LimitSpec, workers: int | None = None
) -> TrainedOn:
    """What a model has seen that was trained or chosen on these parts of a dataset.

    Raises:
        StorageError: the store did not answer.
        WorkerDiedError: the processes of some images died in every try.
    """
    samples = [sample for part in parts for sample in dataset.of_part(part)]
    paths = (sample.path for sample in samples)
    facts = image_facts(dataset.objects, paths, limits, {}, workers)
    images = [each.pixels_sha256 for each in facts.values() if isinstance(each, ImageFacts)]
    texts = {(sample.group, sample.label) for sample in samples if sample.group is not None}
    return TrainedOn(frozenset(images), frozenset(texts))


def all_of(seen: Sequence[TrainedOn]) -> TrainedOn:
    """What a model has seen that was trained on several datasets."""
    images = frozenset(image for each in seen for image in each.images)
    return TrainedOn(images, frozenset(text for each in seen for text in each.texts))
