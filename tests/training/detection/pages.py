"""Pages to learn, drawn, and the options under which they are learnt quickly."""

import json
from pathlib import Path

import numpy as np

from ocr_tasks import storage
from ocr_tasks.dataset.page_labels import PageLabels
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.training.detection.pages import Pages
from tests.makers import draw_page, jpeg

SERVING = DetectionSpec(min_side=64, first_side=256, max_side=256)
WORDS = ("harbour", "quill", "amber", "oak", "salt", "crane", "ivory", "zinc")
LINE_HEIGHT, WIDTH = 40, 256


def page_with(number):
    """A picture with three lines, and their boxes."""
    lines = [f"{WORDS[(number + each) % len(WORDS)]} {number + each}" for each in range(3)]
    picture = draw_page(lines, width=WIDTH, line_height=LINE_HEIGHT)
    tops = [LINE_HEIGHT // 2 + each * LINE_HEIGHT for each in range(3)]
    boxes = [[[14, y + 2], [150, y + 2], [150, y + 30], [14, y + 30]] for y in tops]
    return picture, boxes


def drawn_pages(count, first=0, serving=SERVING):
    pages = Pages()
    for number in range(first, first + count):
        picture, boxes = page_with(number)
        labels = PageLabels(tuple(np.array(each, np.float64) for each in boxes), ())
        pages.add(f"{number}.jpg", picture, labels, serving)
    return pages


def write_drawn(folder: Path, **counts: int) -> str:
    """A data set of such pages in its parts, a document each; returns its URL."""
    (folder / "images").mkdir(parents=True)
    first = 0
    for part, count in counts.items():
        labels, told = [], []
        for number in range(first, first + count):
            picture, boxes = page_with(number)
            name = f"images/{number}.jpg"
            (folder / name).write_bytes(jpeg(picture))
            regions = [{"transcription": "text", "points": each} for each in boxes]
            labels.append(f"{name}\t{json.dumps(regions)}\n")
            told.append(json.dumps({"file": name, "group": f"document {number}"}) + "\n")
        (folder / f"{part}.txt").write_text("".join(labels))
        (folder / f"{part}.meta.jsonl").write_text("".join(told))
        first += count
    return storage.absolute(str(folder))
