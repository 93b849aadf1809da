"""Labelled lines and pages, checked and split: what a model may be trained on."""

from collections.abc import Callable
from typing import Any

from ocr_tasks import storage
from ocr_tasks.admission import refuse_secrets, refuse_url
from ocr_tasks.dataset import paddlex
from ocr_tasks.dataset.check import check_dataset, decode_spec
from ocr_tasks.dataset.groups import GroupSpec, groups_by
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.labels import label_lines
from ocr_tasks.dataset.outputs import write_outputs, write_result, write_split
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.result import failed_result
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.dataset.split import SplitSpec, new_parts
from ocr_tasks.dataset.swap import finish_swap, swap_files
from ocr_tasks.errors import OcrTasksError, SettingsError
from ocr_tasks.settings import JobSettings, Values
from ocr_tasks.stores.filesystems import SCHEMES

Json = dict[str, Any]


class DatasetRefreshSettings(JobSettings):
    """The settings; the command line and configs/dataset_refresh.yaml fill them.

    PaddleX's names (``Global.dataset_dir``, ``CheckDataset.split.enable``, …) are taken too.
    """

    dataset: str
    output: str
    schemes: tuple[str, ...] = SCHEMES
    layout: LayoutSpec = LayoutSpec()
    groups: GroupSpec = GroupSpec()
    limits: LimitSpec = LimitSpec()
    split: SplitSpec = SplitSpec()

    @classmethod
    def translated(cls, values: Values) -> Values:
        """See JobSettings; what PaddleX's sections say, by our names."""
        return paddlex.translated(values)


def check(
    settings: DatasetRefreshSettings,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Json:
    """Checks every sample and writes result, findings, pictures and report; splits before if told.

    ``on_progress`` hears (images done, images in all). Returns the result: ``done_flag`` says
    whether the dataset passed, ``err_msg`` why not.

    Raises:
        SettingsError: the dataset is not there or may not be read.
        DatasetError: its files cannot be read as a dataset; the result says so too.
        StorageError: a store did not answer.
    """
    settings = _admitted(settings)
    try:
        if settings.split.enable:
            split(settings)
        finish_swap(settings.dataset)
        dataset = read_dataset(settings.dataset, settings.layout, settings.groups)
        checked = check_dataset(dataset, settings.limits, workers, on_progress)
    except OcrTasksError as error:
        write_result(settings.output, failed_result(error))
        raise
    return write_outputs(settings.output, checked, decode_spec(settings.limits))


def split(settings: DatasetRefreshSettings) -> Json:
    """Splits the dataset by groups, all label files or none; the old ones are kept as ``.bak``.

    Returns, and writes below the output: dataset, ``samples`` and ``percent`` of each part,
    ``target``, ``missed`` (parts that are off by more than two points), ``better_seed`` (one by
    which none is, if one is known), ``groups``, ``changed`` and ``backups`` (the old files' names).

    Raises:
        SettingsError: the percentages do not sum to 100; nothing was touched.
        DatasetError: there is no label file, or one about groups cannot be read.
        SplitConflictError: somebody else changed a label file meanwhile.
        StorageError: the store did not answer; the next check or split finishes what was begun.
    """
    settings = _admitted(settings)
    root, spec = settings.dataset, settings.split
    spec.refuse_wrong_sum()
    finish_swap(root)
    group_of = groups_by(root, storage.names_in(root), settings.groups)
    parts = new_parts(label_lines(root, settings.layout, tuple(spec.percents())), group_of, spec)
    backups = swap_files(root, parts.files(settings.layout))
    missed = parts.missed(spec)
    result = {
        "dataset": root,
        "samples": {part: len(lines) for part, lines in parts.lines.items()},
        "percent": parts.shares(),
        "target": spec.percents(),
        "missed": missed,
        "better_seed": parts.better_seed(spec) if missed else None,
        "groups": len(parts.groups),
        "changed": bool(backups),
        "backups": backups,
    }
    write_split(settings.output, result)
    return result


def _admitted(settings: DatasetRefreshSettings) -> DatasetRefreshSettings:
    """The settings with absolute URLs, if they may be used."""
    refuse_secrets(settings.model_dump(mode="json"))
    for url in (settings.dataset, settings.output):
        refuse_url(url, settings.schemes)
    dataset = storage.absolute(settings.dataset).rstrip("/")
    output = storage.absolute(settings.output).rstrip("/")
    if f"{output}/".startswith(f"{dataset}/"):
        raise SettingsError(f"the output {output} lies in the dataset {dataset}")
    return settings.model_copy(update={"dataset": dataset, "output": output})
