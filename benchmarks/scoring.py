"""What was read, page by page, and how far it is from transcriptions."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rapidfuzz.distance import Levenshtein
from shapely import STRtree
from shapely.geometry import Polygon

Lines = list[tuple[str, list[float]]]  # text and polygon, x0, y0, x1, y1, … in page pixels
ROWS = "rows.parquet"
TOUCHING = 0.5  # of the smaller area, from which two lines are pieces of one
# Signs of one meaning, of which print, transcribers and recognisers take one or the other.
QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'}
ALIKE = str.maketrans(QUOTES | {"\u2013": "-", "\u2014": "-", "\u017f": "s"})  # dashes, long s


def write_rows(pages: dict[str, Lines], folder: Path) -> None:
    """The lines of pages, by file name, as ``rows.parquet`` in the folder."""
    rows = [
        {
            "source_uri": name,
            "page_index": 0,
            "status": "ok",
            "lines": [{"text": text, "polygon": polygon} for text, polygon in lines],
        }
        for name, lines in pages.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / ROWS)


def without_spaces(text: str) -> str:
    """The text without white space, which may depend on how lines are cut."""
    return "".join(text.split())


def read_texts(folder: Path) -> dict[str, str]:
    """What each page of the folder's rows read, without white space."""
    rows = pq.read_table(folder / ROWS).to_pylist()
    return {
        row["source_uri"]: "".join(without_spaces(line["text"]) for line in row["lines"] or ())
        for row in rows
    }


def error_rates(folder: Path, truth: Path) -> dict[str, float] | None:
    """Wrong characters (``cer``) and right words (``word_f1``) of the folder's rows, 0 to 1.

    ``truth`` has a page a line: ``file``, and either ``lines`` of ``text`` and ``poly``, whose
    order then does not matter, or ``text``, whose order does. Text where the transcription has
    none is no error: seals and margins are seldom transcribed. None if no page is transcribed.
    """
    rows = {row["source_uri"]: row for row in pq.read_table(folder / ROWS).to_pylist()}
    edits = length = 0
    words: Counter[str] = Counter()
    for page in map(json.loads, truth.read_text(encoding="utf-8").splitlines()):
        row = rows.get(Path(page["file"]).name)
        if row is None or page.get("member"):
            continue
        fold = page.get("score", {}).get("case") == "fold"
        for wanted, got in _side_by_side(page, row["lines"] or []):
            wanted, got = _normal(wanted, fold), _normal(got, fold)
            edits += Levenshtein.distance(_bare(wanted), _bare(got))
            length += len(_bare(wanted))
        texts = page["text"], "\n".join(line["text"] for line in row["lines"] or [])
        words += _counted(*(Counter(_normal(text, fold).split()) for text in texts))
    if not length:
        return None
    return {"cer": edits / length, "word_f1": 2 * words["right"] / words["either"]}


def _side_by_side(page: dict[str, Any], lines: list[dict[str, Any]]) -> Iterable[tuple[str, str]]:
    """What was transcribed and what was read, of each line or of the whole page."""
    if "lines" not in page:
        return [(page["text"], "\n".join(line["text"] for line in lines))]
    wanted = [(Polygon(line["poly"]).buffer(0), line["text"]) for line in page["lines"]]
    got = [
        (Polygon(np.array(line["polygon"]).reshape(-1, 2)).buffer(0), line["text"])
        for line in lines
    ]
    groups = _touching([shape for shape, _ in wanted], [shape for shape, _ in got])
    return [
        (_joined([wanted[line] for line in ours]), _joined([got[line] for line in theirs]))
        for ours, theirs in groups
    ]


def _touching(wanted: list[Polygon], got: list[Polygon]) -> list[tuple[list[int], list[int]]]:
    """Lines that lie on one another, in groups; a group has at least one that is wanted."""
    group_of = {number: {("wanted", number)} for number in range(len(wanted))}
    tree = STRtree(wanted)
    for number, shape in enumerate(got):
        near = tree.query(shape)
        touched = [
            int(other)
            for other in near
            if shape.intersection(wanted[other]).area
            >= TOUCHING * min(shape.area, wanted[other].area)
        ]
        group = {("got", number)}.union(*(group_of[other] for other in touched))
        for kind, member in group:
            if kind == "wanted":
                group_of[member] = group
    groups = {id(group): group for group in group_of.values()}.values()
    return [
        (
            sorted(n for kind, n in group if kind == "wanted"),
            sorted(n for k, n in group if k == "got"),
        )
        for group in groups
    ]


def _joined(pieces: list[tuple[Polygon, str]]) -> str:
    """Pieces of lines, row by row and each row from the left."""
    rows: list[list[tuple[Polygon, str]]] = []
    for piece in sorted(pieces, key=lambda piece: piece[0].centroid.y):
        _, top, _, bottom = piece[0].bounds
        if rows and piece[0].centroid.y - rows[-1][0][0].centroid.y < (bottom - top) / 2:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return " ".join(text for row in rows for _, text in sorted(row, key=lambda p: p[0].bounds[0]))


def _normal(text: str, fold: bool) -> str:
    text = unicodedata.normalize("NFC", text).translate(ALIKE)
    return text.casefold() if fold else text


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def _counted(wanted: Counter[str], got: Counter[str]) -> Counter[str]:
    return Counter(right=(wanted & got).total(), either=wanted.total() + got.total())
