"""What the gate wants to know of a detector beside what it found: whether it loads, and speed."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from itertools import islice

from ocr_tasks import storage
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.dataset.facts import decode_spec
from ocr_tasks.dataset.image_rules import LimitSpec, missing_image, name_of
from ocr_tasks.dataset.inspection import decoded
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.engines.answers import read_what_we_drew
from ocr_tasks.engines.contract import Detector
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import InferenceError, ModelError, PageError
from ocr_tasks.evaluation.checks import ROUNDS, WEIGHTS
from ocr_tasks.imaging.crops import Pixels

TIMED_PAGES = 10  # on which both models take turns


def detector_faults(folder: str, manifest: Mapping[str, str], spec: EngineSpec) -> list[str]:
    """What is wrong with the exported files below ``folder``; see checks.file_faults.

    If they are all there, ``spec``, which names them, is loaded and reads what we drew.

    Raises:
        StorageError: the store did not answer.
    """
    if WEIGHTS not in manifest:
        return [f"no {WEIGHTS} was exported"]
    faults = []
    for name, sha256 in sorted(manifest.items()):
        try:
            found = hashlib.sha256(storage.read_bytes(storage.join(folder, name))).hexdigest()
        except FileNotFoundError:
            faults.append(f"{name} is missing")
            continue
        if found != sha256:
            faults.append(f"{name} is not what was exported: its sha256 is {found}")
    if faults:
        return faults
    try:
        read_what_we_drew(load_engine(spec))
    except (ModelError, InferenceError) as error:
        return [f"{error.code} {error}"]
    return []


def detectors_time_ratio(
    candidate: Detector, champion: Detector, dataset: Dataset, part: str, limits: LimitSpec
) -> float:
    """The candidate's time over the champion's, both looking at the same pages in turns."""
    ours = theirs = 0.0
    for page in islice(_pages(dataset, part, limits), TIMED_PAGES):
        times = [(_seconds(candidate, page), _seconds(champion, page)) for _ in range(ROUNDS)]
        ours += min(first for first, _ in times)
        theirs += min(second for _, second in times)
    return ours / max(theirs, 1e-9)


def _pages(dataset: Dataset, part: str, limits: LimitSpec) -> Iterator[Pixels]:
    with POOL.borrowed(decode_spec(limits)) as decoder:
        for sample in dataset.of_part(part):
            if missing_image(dataset, sample) is not None:
                continue
            try:
                yield decoded(dataset.objects[name_of(sample.path) or ""], decoder).pixels
            except PageError:  # it is among those that could not be scored
                continue


def _seconds(detector: Detector, page: Pixels) -> float:
    started = time.perf_counter()
    detector.detect(page)
    return time.perf_counter() - started
