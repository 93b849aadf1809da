"""A dataset as PaddleX's trainer takes it: a local folder with label files, dictionary and images.

PaddleOCR replaces a sample that it cannot use by the next one and says nothing. So what it could
not use is left out here, and counted by the reason.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ocr_tasks import storage
from ocr_tasks.dataset.samples import LINES, TRAIN, VAL, Dataset, Sample
from ocr_tasks.errors import DatasetError
from ocr_tasks.stores.filesystems import is_local, resolve
from ocr_tasks.training.decoding import NO_IMAGE
from ocr_tasks.training.lines import NO_TEXT, OUTSIDE

COPIERS = 8  # files fetched at a time; mostly they wait for the store


@dataclass(frozen=True, slots=True)
class Handed:
    """A dataset that was handed over: its local ``folder``, and the labels of each part's file.

    ``left_out`` are samples by the reason.
    """

    folder: Path
    labels: dict[str, list[str]]
    left_out: Counter[str]
    is_lines: bool

    @property
    def of_lines(self) -> list[str]:
        """The labels of all lines; none of pages."""
        return [label for each in self.labels.values() for label in each if self.is_lines]


def hand_over(
    dataset: Dataset, alphabet: Sequence[str], folder: Path, parts: Sequence[str] = (TRAIN, VAL)
) -> Handed:
    """Puts label files of ``parts``, ``dict.txt`` and their images into a local ``folder``.

    Images that lie on a local disk are linked, others fetched. ``alphabet`` are the characters
    of the model, the space apart; pages have none.

    Raises:
        DatasetError: nothing of a part can be used, or an image is gone.
        StorageError: the store did not answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left_out: Counter[str] = Counter()
    known = frozenset(alphabet) | {" "}
    kept = {part: _usable(dataset, part, known, left_out) for part in parts}
    paths = sorted({sample.path for samples in kept.values() for sample in samples})
    with ThreadPoolExecutor(COPIERS) as pool:
        for _ in pool.map(lambda path: _bring(dataset, path, folder), paths):
            pass
    for part, samples in kept.items():
        written = "".join(f"{sample.path}\t{sample.label}\n" for sample in samples)
        (folder / f"{part}.txt").write_text(written, encoding="utf-8", newline="\n")
    if dataset.type == LINES:
        characters = "".join(f"{character}\n" for character in alphabet)
        (folder / "dict.txt").write_text(characters, encoding="utf-8", newline="\n")
    labels = {part: [sample.label for sample in samples] for part, samples in kept.items()}
    return Handed(folder, labels, left_out, dataset.type == LINES)


def _usable(
    dataset: Dataset, part: str, known: Collection[str], left_out: Counter[str]
) -> list[Sample]:
    kept = []
    for sample in dataset.of_part(part):
        reason = _reason_against(dataset, sample, known)
        if reason is None:
            kept.append(sample)
        else:
            left_out[reason] += 1
    if not kept:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise DatasetError(f"no sample of {part} can be learnt: {reasons or 'there is none'}")
    return kept


def _reason_against(dataset: Dataset, sample: Sample, known: Collection[str]) -> str | None:
    if sample.path not in dataset.objects:
        return NO_IMAGE
    if dataset.type != LINES:
        return None
    if not sample.label.strip():
        return NO_TEXT
    return None if set(sample.label) <= set(known) else OUTSIDE


def _bring(dataset: Dataset, path: str, folder: Path) -> None:
    """Links or fetches an image. A listing has no path that leads out of its folder."""
    place, found = folder / path, dataset.objects[path]
    place.parent.mkdir(parents=True, exist_ok=True)
    filesystem, local = resolve(found.uri)
    if is_local(filesystem):
        place.unlink(missing_ok=True)
        place.symlink_to(local)
        return
    try:
        place.write_bytes(storage.read_bytes(found.uri))
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is gone since it was listed") from error
