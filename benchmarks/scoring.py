"""Rows as a scorer takes them, and the error rates it finds in them."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Lines = list[tuple[str, list[float]]]  # text and polygon, x0, y0, x1, y1, … in page pixels
ROWS = "rows.parquet"


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


def read_texts(folder: Path) -> dict[str, str]:
    """What each page of the folder's rows read, without white space."""
    rows = pq.read_table(folder / ROWS).to_pylist()
    return {
        row["source_uri"]: "".join("".join(line["text"].split()) for line in row["lines"] or ())
        for row in rows
    }


def error_rates(folder: Path, truth: Path, scorer: Path) -> dict[str, float]:
    """What the scorer finds in the folder's rows, over all genres.

    ``scorer`` is a program that takes transcriptions, a Parquet file of rows and ``--json``;
    ``truth`` has a transcription a line, of which those whose ``file`` is not among the rows are
    left out.
    """
    names = read_texts(folder).keys()
    lines = truth.read_text(encoding="utf-8").splitlines()
    wanted = folder / "truth.jsonl"
    of_these = [line for line in lines if Path(json.loads(line)["file"]).name in names]
    wanted.write_text("\n".join(of_these) + "\n", encoding="utf-8")
    command = [sys.executable, str(scorer), str(wanted), str(folder / ROWS), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rates: dict[str, float] = json.loads(done.stdout)["genres"]["ALL"]
    return rates
