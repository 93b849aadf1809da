"""Faults planted into a dataset of lines, and the findings that they should make."""

import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

from PIL import Image

Expected = set[tuple[str, str, int]]  # code, label file, line


class Garden:
    """A dataset's folder whose lines are spoilt one after the other; each line only once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines = {
            part: (folder / f"{part}.txt").read_bytes().splitlines() for part in ("train", "val")
        }
        self.characters = {*(folder / "dict.txt").read_text(encoding="utf-8").splitlines(), " "}
        self.expected: Expected = set()
        self._next = {"train": 0, "val": 0}
        self.leaked: set[str] = set()
        told = (folder / f"{part}.meta.jsonl" for part in self.lines)
        lines = [json.loads(line) for file in told for line in file.read_text().splitlines()]
        self.groups = {each["file"]: each["group"] for each in lines}

    def write(self) -> None:
        """Writes the label files as they are now."""
        for part, lines in self.lines.items():
            (self.folder / f"{part}.txt").write_bytes(b"\n".join(lines) + b"\n")

    def fresh(self, part: str = "train", wanted: Callable[[str], bool] = lambda _: True):
        """A line that is as it was: its index, path and label."""
        while True:
            index = self._next[part]
            self._next[part] += 1
            path, label = self.lines[part][index].decode().split("\t")
            if wanted(label) and len(label) > 12:
                return index, path, label

    def expect(self, part: str, index: int, *codes: str) -> None:
        self.expected |= {(code, f"{part}.txt", index + 1) for code in codes}

    def relabel(self, part: str, index: int, path: str, label: str, *codes: str) -> None:
        """Gives a line another label, which may have characters that the dictionary lacks."""
        self.lines[part][index] = f"{path}\t{label}".encode()
        outside = ["LABEL_OUTSIDE_DICT"] if set(label) - self.characters else []
        self.expect(part, index, *codes, *outside)

    def add(self, part: str, image: bytes, label: str, *codes: str) -> None:
        """Adds a line with an image of its own at the end."""
        index = len(self.lines[part])
        path = f"images/planted_{part}_{index}.jpg"
        (self.folder / path).write_bytes(image)
        self.lines[part].append(f"{path}\t{label}".encode())
        self.expect(part, index, *codes)

    def stands_twice(self, label: str) -> bool:
        """Whether the label is that of several lines, as template sentences are."""
        return sum(line.endswith(b"\t" + label.encode()) for line in self.lines["train"]) > 1

    def image(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def repaint(self, path: str, change: Callable[[Image.Image], Image.Image]) -> None:
        (self.folder / path).write_bytes(saved(change(Image.open(io.BytesIO(self.image(path))))))


def saved(image: Image.Image, quality: int = 95) -> bytes:
    sink = io.BytesIO()
    image.convert("RGB").save(sink, "JPEG", quality=quality)
    return sink.getvalue()


def remove_image(garden: Garden) -> None:
    index, path, _ = garden.fresh()
    (garden.folder / path).unlink()
    garden.expect("train", index, "IMAGE_MISSING")


def cut_image(garden: Garden) -> None:
    index, path, _ = garden.fresh()
    data = garden.image(path)
    (garden.folder / path).write_bytes(data[: len(data) * 2 // 3])
    garden.expect("train", index, "IMAGE_TRUNCATED")


def write_text_for_image(garden: Garden) -> None:
    index, path, _ = garden.fresh()
    (garden.folder / path).write_bytes(b"this is no picture\n" * 20)
    garden.expect("train", index, "IMAGE_UNREADABLE")


def shrink_image(garden: Garden) -> None:
    index, path, _ = garden.fresh("val")
    garden.repaint(path, lambda image: image.resize((image.width * 9 // image.height, 9)))
    garden.expect("val", index, "IMAGE_SMALL")


def lead_outside(garden: Garden) -> None:
    index, path, label = garden.fresh()
    garden.relabel("train", index, f"../{path}", label, "PATH_OUTSIDE")


def drop_tab(garden: Garden) -> None:
    index, path, label = garden.fresh()
    garden.lines["train"][index] = f"{path} {label}".encode()
    garden.expect("train", index, "LINE_MALFORMED")


def empty_label(garden: Garden) -> None:
    index, path, _ = garden.fresh("val")
    garden.relabel("val", index, path, "  ", "LABEL_EMPTY")


def write_latin_1(garden: Garden) -> None:
    index, path, label = garden.fresh(wanted=lambda label: "é" in label)
    garden.lines["train"][index] = f"{path}\t{label}".encode("latin-1", "replace")
    garden.expect("train", index, "LABEL_NOT_UTF8")


def decompose(garden: Garden) -> None:
    index, path, label = garden.fresh(wanted=lambda label: "é" in label)
    garden.relabel("train", index, path, unicodedata.normalize("NFD", label), "LABEL_NOT_NFC")


def use_unknown_character(garden: Garden) -> None:
    index, path, label = garden.fresh()
    garden.relabel("train", index, path, label[:-1] + "漢")


def narrow_image(garden: Garden) -> None:
    index, path, _ = garden.fresh()

    def middle(image: Image.Image) -> Image.Image:
        left = (image.width - image.height) // 2
        return image.crop((left, 0, left + image.height, image.height))

    garden.repaint(path, middle)
    garden.expect("train", index, "LABEL_LONGER_THAN_STEPS")


def lengthen_label(garden: Garden) -> None:
    index, path, label = garden.fresh()
    garden.repaint(path, lambda image: image.resize((image.height * 60, image.height)))
    garden.relabel("train", index, path, (label * 10)[:120], "LABEL_TOO_LONG")


def strike_text(garden: Garden) -> None:
    index, path, label = garden.fresh("val")
    word, _, rest = label.partition(" ")
    garden.relabel("val", index, path, f">{word}< {rest}", "LABEL_HAS_MARKS")


def copy_image(garden: Garden) -> None:
    _, path, label = garden.fresh()
    garden.add("train", garden.image(path), label, "IMAGE_TWICE")


def copy_image_otherwise_labelled(garden: Garden) -> None:
    _, path, label = garden.fresh()
    garden.add("train", garden.image(path), label[::-1], "IMAGE_TWICE_UNLIKE")


def copy_image_saved_again(garden: Garden) -> None:
    _, path, label = garden.fresh()
    image = Image.open(io.BytesIO(garden.image(path)))
    half = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    garden.add("train", saved(half, quality=60), label, "IMAGE_NEARLY_TWICE")


def leak_image(garden: Garden) -> None:
    _, path, label = garden.fresh()
    garden.add("val", garden.image(path), label, "IMAGE_LEAK", "TEXT_LEAK")


def leak_text(garden: Garden) -> None:
    _, _, label = garden.fresh(wanted=lambda label: len(label) < 60)
    index, path, _ = garden.fresh("val")
    garden.repaint(path, lambda image: image.resize((image.height * 20, image.height)))
    garden.relabel("val", index, path, label.upper(), "TEXT_LEAK")


def leak_group(garden: Garden) -> None:
    index, path, label = garden.fresh()
    while garden.groups[path] in garden.leaked or garden.stands_twice(label):
        index, path, label = garden.fresh()
    garden.leaked.add(garden.groups[path])
    garden.lines["train"][index] = b""
    garden.lines["val"].append(f"{path}\t{label}".encode())
    garden.expect("val", len(garden.lines["val"]) - 1, "GROUP_LEAK")


KINDS = (
    leak_group,  # first: a group has to keep a line in train
    remove_image,
    cut_image,
    write_text_for_image,
    shrink_image,
    lead_outside,
    drop_tab,
    empty_label,
    write_latin_1,
    decompose,
    use_unknown_character,
    narrow_image,
    lengthen_label,
    strike_text,
    copy_image,
    copy_image_otherwise_labelled,
    copy_image_saved_again,
    leak_image,
    leak_text,
)


def plant(folder: Path, count: int) -> Expected:
    """Plants ``count`` faults of every kind; returns the findings they should make."""
    garden = Garden(folder)
    for kind in KINDS:
        for _ in range(count):
            kind(garden)
    garden.write()
    return garden.expected
