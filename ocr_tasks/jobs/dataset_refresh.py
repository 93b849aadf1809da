"""Labelled lines and pages, converted, checked, split, published: what models are trained on."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ocr_tasks import __version__, storage
from ocr_tasks.admission import folder_name, refuse_inside, refuse_secrets, refuse_url
from ocr_tasks.dataset import paddlex
from ocr_tasks.dataset.check import CheckedDataset, check_dataset
from ocr_tasks.dataset.convert import ConvertSpec, convert_source
from ocr_tasks.dataset.drafts import read_draft, reports_of, write_draft
from ocr_tasks.dataset.facts import Objects, decode_spec, image_facts
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.inspection import Inspected
from ocr_tasks.dataset.manifest import draft_of
from ocr_tasks.dataset.outputs import known_images, write_convert, write_outputs, write_result
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.result import OWN_KEY, RESULT, failed_result
from ocr_tasks.dataset.rules import MENDED_BY_SPLIT
from ocr_tasks.dataset.samples import TRAIN, VAL, LayoutSpec
from ocr_tasks.dataset.split import SplitSpec
from ocr_tasks.dataset.splitting import split_dataset
from ocr_tasks.dataset.swap import finish_swap
from ocr_tasks.dataset.versions import publish_version, versions_url
from ocr_tasks.errors import CheckFailedError, OcrTasksError, QualityRefusedError
from ocr_tasks.quality.dataset import QualitySpec, judge_draft
from ocr_tasks.settings import JobSettings, Values
from ocr_tasks.stores.filesystems import SCHEMES

Json = dict[str, Any]
Progress = Callable[[int, int], None]


def _unheard(_done: int, _total: int) -> None:
    """Progress that nobody wants to hear of."""


class DatasetRefreshSettings(JobSettings):
    """The settings; the command line and configs/dataset_refresh.yaml fill them.

    PaddleX's names (``Global.dataset_dir``, ``CheckDataset.split.enable``, …) are taken too.
    Versions are published under ``name``, or under that of the dataset's folder.
    """

    dataset: str
    output: str
    name: str = ""
    schemes: tuple[str, ...] = SCHEMES
    layout: LayoutSpec = LayoutSpec()
    groups: GroupSpec = GroupSpec()
    limits: LimitSpec = LimitSpec()
    convert: ConvertSpec = ConvertSpec()
    split: SplitSpec = SplitSpec()
    quality: QualitySpec = QualitySpec()

    @classmethod
    def translated(cls, values: Values) -> Values:
        """See JobSettings; what PaddleX's sections say, by our names."""
        return paddlex.translated(values)


def convert(
    settings: DatasetRefreshSettings,
    workers: int | None = None,
    on_progress: Progress = _unheard,
) -> Json:
    """Adds samples of other people's labels, or of corrected results, to the dataset.

    ``on_progress`` hears (pages done, pages in all). Returns, and writes below the output, what
    became of every region and bad file. See convert_source, also for what it raises.
    """
    settings = _admitted(settings)
    result = convert_source(
        settings.dataset,
        settings.layout,
        settings.convert,
        decode_spec(settings.limits),
        settings.schemes,
        workers,
        on_progress,
    )
    write_convert(settings.output, result)
    return result


def check(
    settings: DatasetRefreshSettings,
    workers: int | None = None,
    on_progress: Progress = _unheard,
) -> Json:
    """Checks every sample and writes result, findings, pictures and report.

    It converts and splits before, if told. ``on_progress`` hears (images done, images in all).
    Returns the result: ``done_flag`` says whether the dataset passed, ``err_msg`` why not.

    Raises:
        SettingsError: the dataset is not there or may not be read.
        DatasetError: its files cannot be read as a dataset; the result says so too.
        StorageError: a store did not answer.
    """
    settings = _admitted(settings)
    with _result_of_failure(settings.output):
        if settings.convert.enable:
            convert(settings, workers)
        if settings.split.enable:
            split(settings, workers, on_progress)
    return _checked(settings, (TRAIN, VAL), workers, on_progress)[1]


def check_before_split(
    settings: DatasetRefreshSettings,
    workers: int | None = None,
    on_progress: Progress = _unheard,
) -> Json:
    """As ``check``, but for the split that follows: nothing is split, and it stops at the rest.

    Leaks and an empty val part are no reason to stop if ``split.enable`` says that a split will
    mend them.

    Raises:
        CheckFailedError: there are other critical findings.
        DatasetError, SettingsError, StorageError: see check.
    """
    settings = _admitted(settings)
    if settings.convert.enable:
        convert(settings, workers)
    will_split = settings.split.enable
    needed = (TRAIN,) if will_split else (TRAIN, VAL)
    checked, result = _checked(settings, needed, workers, on_progress)
    mended = MENDED_BY_SPLIT if will_split else frozenset()
    if any(finding.rule not in mended for finding in checked.critical):
        raise CheckFailedError(result["err_msg"])
    return result


def split(
    settings: DatasetRefreshSettings,
    workers: int | None = None,
    on_progress: Progress = _unheard,
) -> Json:
    """Splits the dataset by groups, all label files or none; the old ones are kept as ``.bak``.

    Returns, and writes below the output: dataset, ``samples`` and ``percent`` of each part,
    ``target``, ``missed`` (parts that are off by more than two points), ``strata`` (samples by
    script and length in each part), ``left_out`` (copies that val or test would have had),
    ``groups``, ``seed``, ``changed`` and ``backups`` (the old files' names). See split_dataset
    for what it raises.
    """
    settings = _admitted(settings)

    def look_at(objects: Objects, paths: Iterable[str]) -> dict[str, Inspected]:
        known = known_images(settings.output)
        return image_facts(objects, paths, settings.limits, known, workers, on_progress)

    return split_dataset(
        settings.dataset,
        settings.output,
        settings.layout,
        settings.groups,
        settings.split,
        look_at,
    )


def quality(
    settings: DatasetRefreshSettings,
    workers: int | None = None,
    on_progress: Progress = _unheard,
) -> Json:
    """The gate: checks the dataset as it is now, and holds the version it makes to expectations.

    Returns the gate's word: ``fingerprint`` of that version, ``success``, ``failed``, and what
    Great Expectations saw. It and the draft of the version are written below the output.

    Raises:
        CheckFailedError: there are critical findings.
        QualityRefusedError: an expectation is not met.
        DatasetError, SettingsError, StorageError: see check.
    """
    settings = _admitted(settings)
    checked, result = _checked(settings, (TRAIN, VAL), workers, on_progress)
    draft = draft_of(checked)
    word = {"fingerprint": draft.fingerprint} | judge_draft(draft, settings.quality)
    write_draft(settings.output, draft, word)
    if not result["done_flag"]:
        raise CheckFailedError(result["err_msg"])
    if not word["success"]:
        raise QualityRefusedError("; ".join(word["failed"]))
    return word


def publish(
    settings: DatasetRefreshSettings,
    fingerprint: str,
    dag_run_id: str | None = None,
    on_progress: Progress = _unheard,
) -> Json:
    """Publishes the draft that the gate has passed, as a version that never changes again.

    ``on_progress`` hears (files done, files in all). Returns the version, and under ``is_new``
    whether it is this publication's, or that of a try before by the same run of the DAG: the
    same content is the same version, whoever published it.

    Raises:
        QualityRefusedError: the gate has passed no such draft.
        DatasetError: an image has changed since.
        StorageError: a store did not answer; the next call goes on.
    """
    settings = _admitted(settings)
    draft = read_draft(settings.output, fingerprint)
    result = json.loads(storage.read_bytes(storage.join(settings.output, RESULT)))
    told = {
        "name": settings.name,
        "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "type": result["dataset_type"],
        "samples": result[OWN_KEY]["samples"],
        "groups": result[OWN_KEY]["groups"],
        "warnings": result[OWN_KEY]["warnings"],
        "source": settings.dataset,
        "dag_run_id": dag_run_id,
        "settings": settings.model_dump(mode="json"),
        "ocr_tasks": __version__,
    }
    version, is_new = publish_version(
        versions_url(settings.output, settings.name),
        settings.dataset,
        draft,
        reports_of(settings.output),
        told,
        on_progress,
    )
    is_ours = dag_run_id is not None and version["dag_run_id"] == dag_run_id
    return version | {"is_new": is_new or is_ours}


def run(
    settings: DatasetRefreshSettings,
    workers: int | None = None,
    on_progress: Progress = _unheard,
) -> Json:
    """All of it: conversion and split if they are enabled, the gate, the publication.

    Returns and raises as these do.
    """
    if settings.convert.enable:
        convert(settings, workers)
    if settings.split.enable:
        split(settings, workers, on_progress)
    word = quality(settings, workers, on_progress)
    return publish(settings, word["fingerprint"])


def _checked(
    settings: DatasetRefreshSettings,
    needed: tuple[str, ...],
    workers: int | None,
    on_progress: Progress,
) -> tuple[CheckedDataset, Json]:
    """The dataset, checked, and the result, which is written with all that goes with it."""
    with _result_of_failure(settings.output):
        finish_swap(settings.dataset)
        dataset = read_dataset(settings.dataset, settings.layout, settings.groups, needed)
        known = known_images(settings.output)
        checked = check_dataset(dataset, settings.limits, known, workers, on_progress)
    return checked, write_outputs(settings.output, checked, decode_spec(settings.limits))


@contextmanager
def _result_of_failure(output: str) -> Iterator[None]:
    """Writes a result that says so where a check cannot be done."""
    try:
        yield
    except OcrTasksError as error:
        write_result(output, failed_result(error))
        raise


def _admitted(settings: DatasetRefreshSettings) -> DatasetRefreshSettings:
    """The settings with absolute URLs, if they may be used."""
    refuse_secrets(settings.model_dump(mode="json"))
    given = settings.convert
    urls = (settings.dataset, settings.output, given.source, given.dictionary, given.corrections)
    for url in filter(None, urls):
        refuse_url(url, settings.schemes)
    dataset = storage.absolute(settings.dataset).rstrip("/")
    output = storage.absolute(settings.output).rstrip("/")
    name = folder_name(settings.name, dataset)
    refuse_inside(output, dataset, "dataset")
    return settings.model_copy(update={"dataset": dataset, "output": output, "name": name})
