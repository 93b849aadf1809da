"""A detector trained on a data set's pages: from the data to files that serve."""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

import numpy as np

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.samples import TRAIN, VAL, Dataset, labels_digest
from ocr_tasks.engines.ppocr import normalised
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.training.best import served
from ocr_tasks.training.detection.crops import CropDraw, crops_of
from ocr_tasks.training.detection.export import PARITY_SIDE, check_detector, export_detector
from ocr_tasks.training.detection.loop import PageCourse, fine_tune
from ocr_tasks.training.detection.network import DetectorBase, load_detector
from ocr_tasks.training.detection.outputs import write_result
from ocr_tasks.training.detection.pages import Pages, pages_of
from ocr_tasks.training.detection.spec import DetectorSpec, PageAugmentationSpec
from ocr_tasks.training.detection.student import DetectorStudent
from ocr_tasks.training.network import compute_on, get_state, set_state
from ocr_tasks.training.outputs import (
    RESULT,
    Json,
    logged_to,
    read_best,
    read_told,
    write_best,
    write_told,
)
from ocr_tasks.training.parity import Image
from ocr_tasks.training.running import Listener
from ocr_tasks.workers import cores

PARITY_CROPS = 200
OF_THE_MACHINE = {"device", "threads", "max_minutes", "save_interval"}  # may change on resume
UNCHANGED = PageAugmentationSpec(False, False, False, False, False, False)

log = logging.getLogger(__name__)


def learn(
    dataset: Dataset,
    output: str,
    spec: DetectorSpec,
    serving: DetectionSpec,
    hear: Listener = lambda _: None,
) -> Json:
    """Trains on the pages of ``dataset`` and writes the best weights below the URL ``output``.

    ``serving`` is how pages will be looked at. Where a checkpoint of the same training lies there,
    it goes on from it. Returns the result, as ``train_result.json`` has it, without an export.

    Raises:
        ModelError: the base weights are absent, or not the pinned ones.
        DatasetError: no page of train or val can be learnt from.
        TrainingError: the loss is no number.
        PlanConflictError: another training's checkpoint lies there.
        StorageError: a store did not answer.
    """
    compute_on(spec.device, spec.threads or cores())
    with logged_to(output):
        base = load_detector(spec.base, spec.base_sha256)
        pages, val = (pages_of(dataset, part, DecodeSpec(), serving) for part in (TRAIN, VAL))
        left_out = pages.left_out + val.left_out
        _tell(pages, val)
        log.info("left out: %s", dict(left_out) or "none")
        student = student_of(base, spec, serving)
        fingerprint = _fingerprint(base, pages, val, spec, serving)
        course = PageCourse(base, pages, val, serving, output, fingerprint)
        progress = fine_tune(student, course, spec, hear)
        write_best(output, get_state(base.network))
        labels = labels_digest(dataset, (TRAIN, VAL))
        return write_result(output, base.info, progress, left_out, labels)


def student_of(base: DetectorBase, spec: DetectorSpec, serving: DetectionSpec) -> DetectorStudent:
    """The network of ``base`` as it is trained."""
    amp = spec.device != "cpu"
    return DetectorStudent(base.network, spec.scope, spec.seed, serving.threshold, amp)


def export_best(dataset: Dataset, output: str, spec: DetectorSpec, serving: DetectionSpec) -> Json:
    """Exports the best weights that a training left below ``output``; returns its result.

    ``spec`` and ``serving`` are the training's. Nothing is trained.

    Raises:
        TrainingError: no training was finished there.
        ParityError: an exported model does not say what the trained network says.
        ModelError: the base weights are absent, or not the pinned ones.
        StorageError: a store did not answer.
    """
    result, state = read_told(output, RESULT), read_best(output)
    compute_on(spec.device, spec.threads or cores())
    base = load_detector(spec.base, spec.base_sha256)
    set_state(base.network, state)
    val = pages_of(dataset, VAL, DecodeSpec(), serving)
    images = list(islice(_parity_crops(val, serving), PARITY_CROPS))
    parities = served(
        output,
        lambda folder: export_detector(base, serving, folder),
        lambda folder: check_detector(base, folder, images, serving.threshold),
    )
    told = {form: asdict(parity) for form, parity in parities.items()}
    result |= {"parity": told, "done_flag": True}
    write_told(output, RESULT, result)
    return result


def _parity_crops(pages: Pages, serving: DetectionSpec) -> Iterator[Image]:
    """Crops of pages about their text, as they are served: as many of each page."""
    spec = DetectorSpec(crop_side=PARITY_SIDE, augmentation=UNCHANGED)
    crops_a_page = -(-PARITY_CROPS // len(pages.pages))
    for number in range(crops_a_page):
        for page in range(len(pages.pages)):
            batch = crops_of([CropDraw(page, (0, 0, number))], pages, spec, serving)
            yield normalised(batch.images)


def _tell(pages: Pages, val: Pages) -> None:
    for name, some in (("to learn", pages), ("in val", val)):
        ignored = sum(len(page.labels.ignored) for page in some.pages)
        log.info(
            "%d pages %s, with %d regions, and %d that do not count",
            len(some.pages),
            name,
            some.regions,
            ignored,
        )


def _fingerprint(
    base: DetectorBase, pages: Pages, val: Pages, spec: DetectorSpec, serving: DetectionSpec
) -> str:
    """A digest of all that decides what a training comes to, but for where and how long."""
    options = {name: value for name, value in asdict(spec).items() if name not in OF_THE_MACHINE}
    said = {"base": base.info.sha256, "spec": options, "serving": asdict(serving)}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for some in (pages, val):
        for page in some.pages:
            size = some.pictures.shape(page.picture)[:2]
            digest.update(f"{page.path}\0{size}\n".encode())
            for corners in (*page.labels.expected, *page.labels.ignored):
                digest.update(np.ascontiguousarray(corners).tobytes() + b"\n")
    return digest.hexdigest()
