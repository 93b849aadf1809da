"""Datasets of lines that the tiny recognisers can read."""

import random
from pathlib import Path

from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from tests.dataset.folders import Line, write_lines
from tests.makers import png
from tests.tiny_onnx import ALPHABET, drawn_bars

ONNX = EngineSpec(kind="onnx", threads=1)


def bar_line(number: int, group: str) -> Line:
    """A line of its own, by chance and always the same."""
    label = "".join(random.Random(number).choices(ALPHABET, k=4 + number % 9))
    return Line(f"images/{group}_{number:04d}.png", label, group, png(drawn_bars(label)))


def bar_lines(groups: int, each: int, first: int = 0) -> list[Line]:
    """So many lines of so many groups."""
    return [
        bar_line(first + group * each + line, f"g{first}_{group:02d}")
        for group in range(groups)
        for line in range(each)
    ]


def write_bars(folder: Path, test: list[Line], train: list[Line] | None = None) -> str:
    """Writes a dataset; returns its URL."""
    seen = train or bar_lines(2, 3, first=9000)
    return write_lines(folder, list(ALPHABET), train=seen, val=bar_lines(1, 2, 9900), test=test)


def read(url: str):
    """The dataset at a URL."""
    return read_dataset(url, LayoutSpec(), GroupSpec())


def engine_with(weights: Path, **spec: str):
    """The real engine with that recogniser in the place of its own."""
    return load_engine(
        EngineSpec(**{"kind": "onnx", "threads": 1, "rec_model": str(weights)} | spec)
    )
