"""The printed lines of labelled pages as a dataset, such as a retention set is.

usage: printed_lines.py PAGES DATASET [--lines 600]

PAGES is a folder with pages.jsonl: of each page its image, genre, and lines with polygon and text.
Of its printed genres, so many lines, spread evenly, become the val part of the folder DATASET in
the layout MSTextRecDataset; a page is a group, and a genre a source.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_tasks.imaging.crops import cut_out

PRINTED = {
    "receipt",
    "print_english",
    "print_french_1881",
    "typed_english",
    "typed_french",
    "typed_german",
    "typed_danish",
}


def main() -> None:
    """Write the dataset."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--lines", type=int, default=600)
    args = parser.parse_args()
    lines = list(printed_lines(args.pages))
    chosen = lines[:: max(1, len(lines) // args.lines)]
    write_dataset(args.pages, args.dataset, {"val": chosen})
    print(f"{len(chosen)} of {len(lines)} printed lines")


def printed_lines(pages: Path) -> Iterator[dict[str, Any]]:
    """Every labelled line of a printed page: its page, genre, polygon and text."""
    for page in map(json.loads, (pages / "pages.jsonl").open(encoding="utf-8")):
        for line in page.get("lines", ()):
            if page["genre"] in PRINTED and line["text"].strip():
                yield {"page": page["file"], "genre": page["genre"], **line}


def write_dataset(pages: Path, dataset: Path, parts: Mapping[str, list[dict[str, Any]]]) -> None:
    """Writes images and dict.txt, and of each part its labels and the facts of its lines."""
    (dataset / "images").mkdir(parents=True, exist_ok=True)
    files = {"dict.txt": _alphabet(parts.values())}
    for part, lines in parts.items():
        labels, told = "", ""
        for number, line in enumerate(lines):
            name = f"images/{part}-{number:05d}.png"
            image = cv2.imread(str(pages / line["page"]))
            assert image is not None, line["page"]
            cv2.imwrite(str(dataset / name), cut_out(np.asarray(image), _corners(line["poly"])))
            labels += f"{name}\t{line['text']}\n"
            facts = {"file": name, "text": line["text"], "group": line["page"]}
            told += json.dumps(facts | {"src": line["genre"]}, ensure_ascii=False) + "\n"
        files |= {f"{part}.txt": labels, f"{part}.meta.jsonl": told}
    for name, content in files.items():
        (dataset / name).write_text(content, encoding="utf-8")


def _alphabet(parts: Iterable[list[dict[str, Any]]]) -> str:
    characters = {each for lines in parts for line in lines for each in line["text"]} - {" "}
    return "".join(f"{character}\n" for character in sorted(characters))


def _corners(polygon: list[list[float]]) -> NDArray[np.float32]:
    """Four corners; of a polygon with more, those of the upright box around it."""
    points = np.array(polygon, np.float32)
    if len(points) == 4:
        return points
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


if __name__ == "__main__":
    main()
