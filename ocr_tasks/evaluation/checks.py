"""How what the gate wants to know of a candidate comes to be known: files, speed, what it saw."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from ocr_tasks import storage
from ocr_tasks.dataset.facts import image_facts
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.engines.answers import read_what_we_drew
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import InferenceError, ModelError
from ocr_tasks.evaluation.evidence import TrainedOn
from ocr_tasks.imaging.crops import Pixels

WEIGHTS = "inference.onnx"
Look = Callable[[Pixels], object]
ROUNDS = 3  # of which each model's fastest counts: whatever else runs only makes one slower


def file_faults(folder: str, manifest: Mapping[str, str], spec: EngineSpec) -> list[str]:
    """What is wrong with the exported files below the path or URL ``folder``.

    ``manifest`` has the sha256 of each file as it was exported, the weights' among them. If they
    are all there, ``spec``, which names them, is loaded and reads what we drew.

    Raises:
        StorageError: the store did not answer.
    """
    if WEIGHTS not in manifest:
        return [f"no {WEIGHTS} was exported"]
    return damaged_files(folder, manifest) or _loading_faults(spec)


def damaged_files(folder: str, manifest: Mapping[str, str]) -> list[str]:
    """The files below ``folder`` that are missing, or others than those of the ``manifest``."""
    told = (_fault_of(folder, name, sha256) for name, sha256 in sorted(manifest.items()))
    return [fault for fault in told if fault is not None]


def _fault_of(folder: str, name: str, sha256: str) -> str | None:
    try:
        data = storage.read_bytes(storage.join(folder, name))
    except FileNotFoundError:
        return f"{name} is missing"
    found = hashlib.sha256(data).hexdigest()
    return None if found == sha256 else f"{name} is not what was exported: its sha256 is {found}"


def _loading_faults(spec: EngineSpec) -> list[str]:
    try:
        read_what_we_drew(load_engine(spec))
    except (ModelError, InferenceError) as error:
        return [f"{error.code} {error}"]
    return []


def time_ratio(candidate: Look, champion: Look, pictures: Iterable[Pixels]) -> float:
    """The candidate's time over the champion's, each looking at the same pictures.

    They take turns at each one, so that whatever else the machine does meets both.
    """
    candidate_seconds = champion_seconds = 0.0
    for picture in pictures:
        times = [(_seconds(candidate, picture), _seconds(champion, picture)) for _ in range(ROUNDS)]
        candidate_seconds += min(ours for ours, _ in times)
        champion_seconds += min(theirs for _, theirs in times)
    return candidate_seconds / max(champion_seconds, 1e-9)


def _seconds(look: Look, picture: Pixels) -> float:
    started = time.perf_counter()
    look(picture)
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
