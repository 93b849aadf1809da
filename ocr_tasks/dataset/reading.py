"""A dataset from its files: label files, dictionary, groups, and a listing of its images."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec, groups_by, refuse_unmatched
from ocr_tasks.dataset.labels import LabelLine, label_lines, sample_of
from ocr_tasks.dataset.rules import Finding, Place, Rule
from ocr_tasks.dataset.samples import LINES, PAGES, TRAIN, VAL, Dataset, LayoutSpec, Sample
from ocr_tasks.errors import DatasetError
from ocr_tasks.storage import StoredObject
from ocr_tasks.text.charset import charset_of


def read_dataset(
    root: str, layout: LayoutSpec, groups: GroupSpec, needed: Sequence[str] = (TRAIN, VAL)
) -> Dataset:
    """The dataset below the path or URL ``root``; its findings are of lines that are no samples.

    The parts that are ``needed`` have to have label files and samples.

    Raises:
        DatasetError: a label file that is needed, the dictionary of lines or all samples are
            missing, or a file about groups cannot be read.
        SettingsError: there is nothing at ``root``.
        StorageError: the store did not answer.
    """
    root = storage.absolute(root).rstrip("/")
    objects = objects_in(root)
    _refuse_incomplete(root, layout, objects, needed)
    lines = label_lines(root, layout)
    type_ = type_of(lines) if layout.type == "auto" else layout.type
    file = _dictionary_file(root, layout.dictionary) if type_ == LINES else None
    dictionary = None if file is None else _dictionary(file, layout.dictionary)
    group_of = groups_by(root, objects.keys(), groups)
    read = [sample_of(line) for line in lines]
    samples = tuple(
        replace(each, group=group_of(each.path)) for each in read if isinstance(each, Sample)
    )
    refuse_unmatched(groups, [sample.group for sample in samples])
    findings = [each for each in read if isinstance(each, Finding)]
    findings += _empty_parts(layout, samples, needed)
    return Dataset(root, type_, samples, dictionary, file, objects, tuple(findings))


def objects_in(root: str) -> dict[str, StoredObject]:
    """Every object below the URL ``root``, by its path there."""
    return {found.uri.removeprefix(f"{root}/"): found for found in storage.list_objects(root)}


def _refuse_incomplete(
    root: str, layout: LayoutSpec, objects: Collection[str], needed: Sequence[str]
) -> None:
    """Other parts are optional; of those needed every label file has to be there."""
    files = [file for part in needed for file in layout.files_of(part)]
    missing = [file for file in files if file not in objects]
    if missing:
        raise DatasetError(f"there is no {', '.join(missing)} in {root}")


def type_of(lines: Sequence[LabelLine]) -> str:
    """The layout that the first label is of."""
    labels = (line.raw.partition(b"\t")[2] for line in lines)
    first = next((label for label in labels if label), b"")
    return PAGES if _is_list_of_regions(first) else LINES


def _is_list_of_regions(label: bytes) -> bool:
    try:
        value: Any = json.loads(label)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _dictionary_file(root: str, file: str) -> bytes:
    try:
        return storage.read_bytes(storage.join(root, file))
    except FileNotFoundError as error:
        raise DatasetError(f"there is no {file} in {root}, which lines of text need") from error


def _dictionary(data: bytes, file: str) -> frozenset[str]:
    """The characters a recogniser with this dictionary can emit; the space is one of them."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DatasetError(f"the dictionary {file} is not UTF-8: {error}") from error
    return frozenset(charset_of(text.replace("\r\n", "\n"))) - {""}


def _empty_parts(
    layout: LayoutSpec, samples: Sequence[Sample], needed: Sequence[str]
) -> list[Finding]:
    parts = {sample.part for sample in samples}
    return [
        Finding(Rule.PART_EMPTY, Place(part, file, 0, ""), f"{file} has no sample")
        for part in needed
        if part not in parts
        for file in layout.files_of(part)[:1]
    ]
