"""Labelled pages as a dataset on which detectors are measured.

usage: labelled_pages.py PAGES DATASET

PAGES is a folder with pages.jsonl: of each page its image, and lines with polygon and text. Every
page with lines becomes one of the val part of the folder DATASET in the layout TextDetDataset.
"""

import argparse
import json
import shutil
from pathlib import Path


def main() -> None:
    """Write the dataset."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", type=Path)
    parser.add_argument("dataset", type=Path)
    args = parser.parse_args()
    (args.dataset / "images").mkdir(parents=True, exist_ok=True)
    labels = []
    for page in map(json.loads, (args.pages / "pages.jsonl").open(encoding="utf-8")):
        regions = [
            {"transcription": line["text"], "points": line["poly"]}
            for line in page.get("lines", ())
        ]
        if regions:
            name = f"images/{Path(page['file']).name}"
            shutil.copy(args.pages / page["file"], args.dataset / name)
            labels.append(f"{name}\t{json.dumps(regions, ensure_ascii=False)}\n")
    (args.dataset / "train.txt").write_text("", encoding="utf-8")
    (args.dataset / "val.txt").write_text("".join(labels), encoding="utf-8")
    print(f"{len(labels)} pages")


if __name__ == "__main__":
    main()
