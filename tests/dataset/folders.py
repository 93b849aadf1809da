"""Datasets for tests: drawn lines in a folder, and a copy of real ones where those are at hand."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

from ocr_tasks import storage
from ocr_tasks.dataset.check import check_dataset
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from tests.makers import draw_page, jpeg

REAL_LINES = Path(__file__).parents[2].parent / "shared" / "data" / "lines" / "hw_fr_copiste"
REAL_PAGES = REAL_LINES.parents[1] / "detection_ic15"

DEFAULT_LAYOUT, DEFAULT_GROUPS, DEFAULT_LIMITS = LayoutSpec(), GroupSpec(), LimitSpec()

TEXT = "harbour été quill Über amber zinc forêt oak lantern mosaïque salt ivory crane"
WORDS = TEXT.split()
CHARACTERS = sorted({*TEXT, *"0123456789.,"} - {" "})


@dataclass(frozen=True)
class Line:
    """A line to be written: its image's name, label, group and image file."""

    name: str
    label: str
    group: str
    image: bytes


def drawn_line(number: int, group: str) -> Line:
    """A line with words of its own, by chance and always the same."""
    label = f"{' '.join(random.Random(number).choices(WORDS, k=5))} {number}"
    picture = draw_page([label], width=10 * len(label) + 24, line_height=24)
    return Line(f"images/{group}_{number:04d}.jpg", label, group, jpeg(picture))


def drawn_lines(count: int, first: int = 0, a_group: int = 3) -> list[Line]:
    """So many lines, of which ``a_group`` each are of one group."""
    numbers = range(first, first + count)
    return [drawn_line(number, f"g{number // a_group:03d}") for number in numbers]


def real_lines(part: str, count: int) -> list[Line]:
    """The first lines of a part of the real ones."""
    with (REAL_LINES / f"{part}.meta.jsonl").open(encoding="utf-8") as file:
        told = [json.loads(line) for line, _ in zip(file, range(count), strict=False)]
    return [
        Line(each["file"], each["text"], each["group"], (REAL_LINES / each["file"]).read_bytes())
        for each in told
    ]


def write_lines(folder: Path, characters: list[str], **parts: list[Line]) -> str:
    """Writes a dataset with those parts; returns its URL."""
    (folder / "images").mkdir(parents=True)
    (folder / "dict.txt").write_text("".join(f"{each}\n" for each in characters), encoding="utf-8")
    for part, lines in parts.items():
        for line in lines:
            (folder / line.name).write_bytes(line.image)
        labels = "".join(f"{line.name}\t{line.label}\n" for line in lines)
        (folder / f"{part}.txt").write_text(labels, encoding="utf-8")
        told = "".join(
            json.dumps({"file": each.name, "group": each.group}) + "\n" for each in lines
        )
        (folder / f"{part}.meta.jsonl").write_text(told, encoding="utf-8")
    return storage.absolute(str(folder))


def write_pages(folder: Path, **counts: int) -> str:
    """Writes a dataset of so many pages in each part, each with two lines; returns its URL."""
    (folder / "images").mkdir(parents=True)
    for part, count in counts.items():
        labels = []
        for number in range(count):
            texts = [f"{WORDS[number]} {part}", f"{WORDS[-number - 1]} {number}"]
            name = f"images/{part}_{number}.jpg"
            (folder / name).write_bytes(jpeg(draw_page(texts, width=400, line_height=40)))
            regions = [
                {"transcription": text, "points": [[5, y], [300, y], [300, y + 38], [5, y + 38]]}
                for text, y in zip(texts, (1, 41), strict=True)
            ]
            labels.append(f"{name}\t{json.dumps(regions)}\n")
        (folder / f"{part}.txt").write_text("".join(labels), encoding="utf-8")
    return storage.absolute(str(folder))


def read(url, layout=DEFAULT_LAYOUT, groups=DEFAULT_GROUPS):
    """The dataset at a URL."""
    return read_dataset(url, layout, groups)


def checked(url, limits=DEFAULT_LIMITS):
    """The dataset at a URL, checked by one process."""
    return check_dataset(read(url), limits, {}, workers=1)


def codes_of(answer) -> list[str]:
    """The codes of a check's findings, in order."""
    return [finding.rule.code for finding in answer.findings]
