"""Labelled pages as a dataset on which detectors are measured.

usage: labelled_pages.py PAGES DATASET

PAGES is a folder with pages.jsonl: of each page its image, and lines with polygon and text. Every
page with lines becomes one of the val part of the folder DATASET in the layout TextDetDataset.
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def main() -> None:
    """Write the dataset."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", type=Path)
    parser.add_argument("dataset", type=Path)
    args = parser.parse_args()
    (args.dataset / "images").mkdir(parents=True, exist_ok=True)
    labels = []
    for page, label in labelled_pages(args.pages):
        name = f"images/{Path(page['file']).name}"
        shutil.copy(args.pages / page["file"], args.dataset / name)
        labels.append(f"{name}\t{label}\n")
    (args.dataset / "train.txt").write_text("", encoding="utf-8")
    (args.dataset / "val.txt").write_text("".join(labels), encoding="utf-8")
    print(f"{len(labels)} pages")


def labelled_pages(folder: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The pages of pages.jsonl that have lines, and the label of each in TextDetDataset."""
    for page in map(json.loads, (folder / "pages.jsonl").open(encoding="utf-8")):
        regions = [
            {"transcription": line["text"], "points": line["poly"]}
            for line in page.get("lines", ())
        ]
        if regions:
            yield page, json.dumps(regions, ensure_ascii=False)


if __name__ == "__main__":
    main()
