"""A version as it will be published: its files with their digests, its samples, its fingerprint."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from ocr_tasks.dataset.check import CheckedDataset
from ocr_tasks.dataset.groups import LINES_META
from ocr_tasks.dataset.image_rules import name_of
from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.label_rules import characters_outside, steps_of
from ocr_tasks.dataset.samples import LINES, PARTS, Sample
from ocr_tasks.stamps import whole_rows
from ocr_tasks.text.ctc import steps_needed
from ocr_tasks.text.scripts import script_of

FINGERPRINT = 32  # hex digits
DICTIONARY = "dict.txt"
MANIFEST, SAMPLES = "manifest.parquet", "samples.parquet"

FILE = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ]
)
SAMPLE = pa.schema(
    [
        pa.field("part", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("group", pa.string()),
        pa.field("script", pa.string(), nullable=False),
        pa.field("characters", pa.int32(), nullable=False),
        pa.field("outside_dict", pa.int32(), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("pixels_sha256", pa.string()),
        pa.field("spare_steps", pa.int32()),
        pa.field("critical", pa.int32(), nullable=False),
        pa.field("warnings", pa.int32(), nullable=False),
    ]
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VersionFile:
    """A file of a version: its path there, what it is, its size in bytes and its digest."""

    path: str
    role: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A version before it is published.

    ``files`` are all, by path; ``made`` the content of those that are written anew: label files,
    groups and dictionary, under the names where every reader of the layout looks for them. The
    others are images, as they lie in the dataset. ``samples`` are a table by SAMPLE.
    """

    files: tuple[VersionFile, ...]
    made: dict[str, bytes]
    samples: pa.Table

    @property
    def fingerprint(self) -> str:
        """A digest of all files by path and content: the same content has the same."""
        lines = (f"{each.path}\0{each.sha256}\n" for each in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:FINGERPRINT]


def draft_of(checked: CheckedDataset) -> Draft:
    """The version that a checked dataset makes."""
    made = _label_files(checked) | _groups_file(checked)
    if checked.dataset.dictionary_file is not None:
        made[DICTIONARY] = checked.dataset.dictionary_file
    roles = {DICTIONARY: "dictionary", LINES_META: "groups"}
    files = [
        VersionFile(path, roles.get(path, "labels"), len(data), hashlib.sha256(data).hexdigest())
        for path, data in made.items()
    ]
    files += [
        VersionFile(name, "image", checked.dataset.objects[name].size, facts.file_sha256)
        for name, facts in checked.images.items()
        if isinstance(facts, ImageFacts)
    ]
    ordered = tuple(sorted(files, key=lambda each: each.path))
    return Draft(ordered, made, pa.Table.from_pylist(_sample_rows(checked), schema=SAMPLE))


def _label_files(checked: CheckedDataset) -> dict[str, bytes]:
    """A label file for each part that has samples; their images go by the names of the listing."""
    files = {}
    for part in PARTS:
        samples = checked.dataset.of_part(part)
        lines = "".join(f"{name_of(each.path)}\t{each.label}\n" for each in samples)
        if samples:
            files[f"{part}.txt"] = lines.encode()
    return files


def _groups_file(checked: CheckedDataset) -> dict[str, bytes]:
    told = {
        name_of(each.path): each.group for each in checked.dataset.samples if each.group is not None
    }
    lines = [
        json.dumps({"file": name, "group": group}, ensure_ascii=False)
        for name, group in told.items()
    ]
    return {LINES_META: "".join(f"{line}\n" for line in lines).encode()} if lines else {}


def _sample_rows(checked: CheckedDataset) -> list[Row]:
    critical = Counter(each.place for each in checked.findings if each.is_critical)
    every = Counter(each.place for each in checked.findings)
    return [
        _sample_row(each, checked)
        | {
            "critical": critical[each.place],
            "warnings": every[each.place] - critical[each.place],
        }
        for each in checked.dataset.samples
    ]


def _sample_row(sample: Sample, checked: CheckedDataset) -> Row:
    dictionary, facts = checked.dataset.dictionary, checked.facts.get(sample.place)
    outside = characters_outside(sample.label, dictionary).total() if dictionary else 0
    row: Row = {
        "part": sample.part,
        "path": name_of(sample.path) or sample.path,
        "label": sample.label,
        "group": sample.group,
        "script": script_of(sample.label),
        "characters": len(sample.label),
        "outside_dict": outside,
    }
    if facts is None:
        return row
    row |= {
        "width": facts.width,
        "height": facts.height,
        "pixels_sha256": facts.pixels_sha256,
    }
    if checked.dataset.type == LINES:
        row["spare_steps"] = steps_of(facts.width, facts.height) - steps_needed(sample.label)
    return row


def files_table(files: Iterable[VersionFile]) -> pa.Table:
    """The manifest: a row a file."""
    return pa.Table.from_pylist([asdict(each) for each in files], schema=FILE)


def files_in(data: bytes) -> tuple[VersionFile, ...]:
    """The files that a manifest tells of.

    Raises:
        ValueError: it is not the manifest that was written.
    """
    return tuple(VersionFile(**row) for row in whole_rows(data).to_pylist())
