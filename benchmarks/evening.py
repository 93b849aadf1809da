"""The datasets of an evening's fine-tuning: handwriting to learn, print to keep.

usage: evening.py --lines FOLDER --pages FOLDER OUTPUT

FOLDER of lines is a data set with train and val. Below OUTPUT, ``lines`` has every tenth group of
its train part as val, and its val part, writers that nothing is chosen by, as test. FOLDER of pages
has pages.jsonl. A third of its printed pages becomes ``replay``, to be learnt along and watched;
the others become ``print``, the retention set that the gate asks. Prints the command that learns.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune import learnt_and_watched
from printed_lines import printed_lines, write_dataset

Lines = list[dict[str, Any]]
PARTS = ("train", "print", "print", "train", "print", "print", "val", "print", "print")
FOOTER = 20  # characters, from which a line that stands on two pages is no chance

COMMAND = """ocr-tasks model-finetune run --dataset {0}/lines --output {0}/tuned \\
  --registry {0}/registry -o train.replay.dataset={0}/replay -o retention={0}/print"""


def main() -> None:
    """Write the datasets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=Path, required=True)
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("output", type=Path)
    args = parser.parse_args()
    _write_lines(args.lines, args.output / "lines")
    parts = _parted(list(printed_lines(args.pages)))
    write_dataset(args.pages, args.output / "replay", {p: parts[p] for p in ("train", "val")})
    write_dataset(args.pages, args.output / "print", {"train": [], "val": parts["print"]})
    for name, lines in parts.items():
        pages = {each["page"] for each in lines}
        print(f"{name}: {len(lines)} printed lines of {len(pages)} pages")
    print(COMMAND.format(args.output))


def _write_lines(lines: Path, dataset: Path) -> None:
    learnt_and_watched(lines, dataset)
    (dataset / "learnt.txt").rename(dataset / "train.txt")
    (dataset / "watched.txt").rename(dataset / "val.txt")
    known = [*_told(lines, "train"), *_told(lines, "val")]
    test = "".join(f"{each['file']}\t{each['text']}\n" for each in _told(lines, "val"))
    (dataset / "test.txt").write_text(test, encoding="utf-8")
    for part in ("train", "val", "test"):
        labels = (dataset / f"{part}.txt").read_text(encoding="utf-8")
        files = {line.split("\t")[0] for line in labels.splitlines()}
        told = (json.dumps(each, ensure_ascii=False) for each in known if each["file"] in files)
        (dataset / f"{part}.meta.jsonl").write_text("\n".join(told) + "\n", encoding="utf-8")


def _told(lines: Path, part: str) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, (lines / f"{part}.meta.jsonl").open(encoding="utf-8"))


def _parted(lines: Lines) -> dict[str, Lines]:
    """The printed lines by part; the pages of each genre take their turns.

    A footer that stands on every page of a book is in one part alone.
    """
    pages = sorted({(line["genre"], line["page"]) for line in lines})
    part_of = {page: PARTS[turn % len(PARTS)] for turn, (_, page) in enumerate(pages)}
    parts: dict[str, Lines] = {"train": [], "val": [], "print": []}
    replayed = {line["text"] for line in lines if part_of[line["page"]] != "print"}
    for line in lines:
        part = part_of[line["page"]]
        if part != "print" or len(line["text"]) < FOOTER or line["text"] not in replayed:
            parts[part].append(line)
    return parts


if __name__ == "__main__":
    main()
