"""Label files with converted samples: those of before stay, but for what is made anew."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.converters.cutting import NewSample
from ocr_tasks.dataset.groups import LINES_META
from ocr_tasks.dataset.labels import LabelLine, label_lines
from ocr_tasks.dataset.samples import LEFT_OUT, PARTS, TRAIN, VAL, LayoutSpec
from ocr_tasks.faults import damage_named

Json = dict[str, Any]
Told = dict[str, Json]  # by an image's path, what the file LINES_META says of it
GROUP = "group\0"  # before a group's name, which might be a path


@dataclass(frozen=True, slots=True)
class NewLabels:
    """The files that have to change with their content, what each part gets, and what it kept.

    ``added`` counts the samples of a conversion by part, ``kept`` those that stood before it.
    """

    files: dict[str, bytes]
    added: Counter[str]
    kept: int


class StandingLabels:
    """The label files of a dataset as they stand, and what conversions told of their samples."""

    def __init__(self, root: str, layout: LayoutSpec) -> None:
        """Reads them at the URL ``root``; there may be none.

        Raises:
            DamagedFileError: the file LINES_META is not what a conversion wrote.
            StorageError: the store did not answer.
        """
        self.layout = layout
        parts = (LEFT_OUT, *PARTS)  # what stands in both is of the part
        names = {file for part in parts for file in layout.files_of(part)}
        self.files = {
            file: data for file in sorted(names) if (data := _bytes_at(root, file)) is not None
        }
        self.lines: list[LabelLine] = label_lines(root, layout, parts) if self.files else []
        self.meta = _bytes_at(root, LINES_META)
        with damage_named(storage.join(root, LINES_META)):
            self.told = _told_in(self.meta or b"")

    def with_samples(self, samples: Sequence[NewSample], pages: Collection[str]) -> NewLabels:
        """The label files with ``samples``, which are those of ``pages``.

        What is there of these pages is replaced; all else stays, so that nothing is lost of other
        sources, of labels made by hand, or of a page that is bad today. A sample goes to the part
        it is in, or its group, or else to the training part; what a split left out stays so.
        """
        parts, added = self._parts(), Counter[str]()
        told = {path: each for path, each in self.told.items() if each.get("page") not in pages}
        by_hand: defaultdict[str, list[bytes]] = defaultdict(list)
        converted: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        for line in self.lines:
            path = line.place().path
            if path in told:
                converted[line.file][path] = line.raw
            elif path not in self.told:
                by_hand[line.file].append(line.raw)
        kept = sum(map(len, (*by_hand.values(), *converted.values())))
        for sample in samples:
            part = parts.get(sample.path) or parts.get(f"{GROUP}{sample.group}") or TRAIN
            added[part] += 1
            file = self.layout.files_of(part)[0]
            converted[file][sample.path] = f"{sample.path}\t{sample.label}".encode()
            told[sample.path] = _entry(sample)
        wanted = {
            file: _file_of(by_hand[file] + [line for _, line in sorted(converted[file].items())])
            for file in {*self.files, *self.layout.files_of(TRAIN), *self.layout.files_of(VAL)}
        }
        return NewLabels(self._changed(wanted, told), added, kept)

    def _parts(self) -> dict[str, str]:
        """The part of every image, and of every group."""
        parts = {}
        for line in self.lines:
            path = line.place().path
            parts[path] = line.part
            group = self.told.get(path, {}).get("group")
            if group is not None:
                parts[f"{GROUP}{group}"] = line.part
        return parts

    def _changed(self, wanted: Mapping[str, bytes], told: Told) -> dict[str, bytes]:
        """All label files, if one of them changes, and the file LINES_META, if it does."""
        changed = dict(wanted) if wanted != self.files else {}
        meta = _file_of([_json(each) for _, each in sorted(told.items())])
        return changed | ({LINES_META: meta} if meta != self.meta else {})


def _entry(sample: NewSample) -> Json:
    entry = {"file": sample.path, "group": sample.group, "page": sample.page}
    return entry if sample.region is None else entry | {"region": sample.region}


def _told_in(data: bytes) -> Told:
    entries = [json.loads(line) for line in data.split(b"\n") if line.strip()]
    return {str(entry["file"]): entry for entry in entries}


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _file_of(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _bytes_at(root: str, file: str) -> bytes | None:
    try:
        return storage.read_bytes(storage.join(root, file))
    except FileNotFoundError:
        return None
