"""The lines of label files, and the samples they stand for."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from ocr_tasks import storage
from ocr_tasks.dataset.rules import Finding, Place, Rule
from ocr_tasks.dataset.samples import PARTS, LayoutSpec, Sample
from ocr_tasks.errors import DatasetError

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A line of a label file that is not blank: its part, file, number (from 1) and bytes."""

    part: str
    file: str
    number: int
    raw: bytes

    def place(self) -> Place:
        """Where it stands; bytes of the path that are no UTF-8 appear as surrogates."""
        path = self.raw.split(b"\t", 1)[0].decode("utf-8", "surrogateescape")
        return Place(self.part, self.file, self.number, path)


def label_lines(root: str, layout: LayoutSpec, parts: tuple[str, ...] = PARTS) -> list[LabelLine]:
    """Every line that is not blank of the label files of ``parts`` that are there, in order.

    Of a file with a ratio, its share of them.

    Raises:
        SettingsError: there are not as many ratios as files.
        DatasetError: no label file is there at all, or one stands twice in the layout.
        StorageError: the store did not answer.
    """
    files = [(part, file) for part in parts for file in layout.files_of(part)]
    names = [file for _, file in files]
    if len(set(names)) < len(names):
        raise DatasetError("a label file stands in the layout more than once")
    read = [(part, file, _bytes_of(root, file)) for part, file in files]
    if all(data is None for _, _, data in read):
        raise DatasetError(f"there is none of {', '.join(names)} in {root}")
    return [
        line
        for part, file, data in read
        for line in _lines_in(part, file, data or b"")
        if _is_taken(line, layout.ratio_of(file))
    ]


def _is_taken(line: LabelLine, ratio: float) -> bool:
    """Whether a line is of the share that is taken: by a hash, so that the share only grows."""
    if ratio == 1:
        return True
    digest = hashlib.sha256(line.raw.split(b"\t", 1)[0]).digest()
    return int.from_bytes(digest[:8], "big") < ratio * 2**64


def _bytes_of(root: str, file: str) -> bytes | None:
    try:
        return storage.read_bytes(storage.join(root, file))
    except FileNotFoundError:
        return None


def _lines_in(part: str, file: str, data: bytes) -> Iterator[LabelLine]:
    for number, raw in enumerate(data.split(b"\n"), start=1):
        raw = raw.removesuffix(b"\r")
        if raw.strip():
            yield LabelLine(part, file, number, raw)


def sample_of(line: LabelLine) -> Sample | Finding:
    """The sample that a line stands for, or what is wrong with the line."""
    place = line.place()
    try:
        text = line.raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Finding(Rule.LABEL_NOT_UTF8, place, f"byte {error.start + 1} of the line: {error}")
    path, *labels = text.split("\t")
    fault = None
    if len(labels) != 1:
        fault = f"{len(labels)} tabs in place of one"
    elif not path.strip():
        fault = "there is no path before the tab"
    elif path.startswith(BYTE_ORDER_MARK):
        fault = "the file begins with a byte-order mark, which becomes part of the first path"
    if fault is not None:
        return Finding(Rule.LINE_MALFORMED, place, fault)
    return Sample(place, labels[0])
