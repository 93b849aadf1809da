"""One run over awkward and hostile files: each has to end as its manifest says.

usage: awkward.py FOLDER [--workers N]

The folder holds files and `manifest.jsonl`: a line each with `file`, `expect` (in words: "text",
"3 pages text", "clean error", "empty", "no crash", …) and, where they are known, `pages` and
`text`. Prints what became of each, and the most memory that a process, and all of them together,
held. Exit code 1 if one file did not end as expected.
"""

import argparse
import json
import re
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pyarrow.dataset as ds
from rich.console import Console
from rich.table import Table

from ocr_tasks.jobs import archive_ocr
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings

READ = {"ok", "low_confidence", "embedded_text"}
REFUSED = {"failed", "quarantined", "skipped"}
WORDS_WANTED = 0.5  # of files whose text is known: is it this page at all, and the right way up?

Row = dict[str, Any]


def main() -> int:
    """Runs, compares, prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    lines = (options.folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as output, Memory() as memory:
        settings = ArchiveOcrSettings.load(
            overrides={"input": str(options.folder), "output": output}
        )
        seal = archive_ocr.run(settings, "awkward", options.workers)
        rows = rows_by_file(Path(output))
    table = Table("file", "expected", "became", "words", "")
    bad = 0
    for entry in entries:
        came = rows[entry["file"]]
        fault = fault_of(entry, came)
        bad += fault is not None
        found = words_found(entry, came)
        shown = "" if found is None else f"{found:.2f}"
        table.add_row(entry["file"], entry["expect"], summary(came), shown, fault or "as expected")
    console = Console()
    console.print(table)
    console.print(f"{len(entries) - bad} of {len(entries)} files ended as expected")
    console.print(
        f"{seal['pages']} rows in {time.monotonic() - started:.0f} s: {seal['by_status']}"
    )
    console.print(
        f"at most {memory.one / 1e9:.2f} GB in one process, {memory.all / 1e9:.2f} GB in all"
    )
    return 1 if bad else 0


@dataclass
class Memory:
    """Watches this process and all below it; bytes.

    What one holds (RSS) includes what it shares with others; of all, that counts once (PSS).
    """

    one: int = 0
    all: int = 0

    def __enter__(self) -> "Memory":
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        root = psutil.Process()
        while not self._done.wait(0.2):
            everyone = 0
            for process in [root, *root.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):  # it has ended since it was listed
                    held = process.memory_full_info()
                    self.one, everyone = max(self.one, held.rss), everyone + held.pss
            self.all = max(self.all, everyone)


def rows_by_file(output: Path) -> dict[str, list[Row]]:
    """The rows of each file, by its name, in the order of pages."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in ds.dataset(output / "pages", format="parquet").to_table().to_pylist():
        rows[row["source_uri"].rsplit("/", 1)[-1]].append(row)
    for pages in rows.values():
        pages.sort(key=lambda row: (row["source_member"] or "", row["page_index"]))
    return rows


def fault_of(entry: Row, rows: list[Row]) -> str | None:
    """What is not as the manifest's entry expects, or None."""
    if not rows:
        return "no row"
    if any(row["status"] in REFUSED and not row["error_class"] for row in rows):
        return "an error without a class"
    return _fault_of_end(entry, {row["status"] for row in rows}) or _fault_of_text(entry, rows)


def _fault_of_end(entry: Row, statuses: set[str]) -> str | None:
    expect = entry["expect"].lower()
    may_fail = re.search(r"error|unsupported|any|no crash|bounded|loop", expect)
    if statuses & REFUSED and not may_fail:
        return "it was not read"
    if expect == "clean error" and not statuses <= REFUSED:
        return "no error"
    if expect == "empty" and statuses != {"blank"}:
        return "not blank"
    if "text" in expect and not may_fail and not statuses & READ:
        return "no text"
    return None


def _fault_of_text(entry: Row, rows: list[Row]) -> str | None:
    pages = entry.get("pages")
    if pages and len(rows) != pages and rows[0]["status"] not in REFUSED:
        return f"{len(rows)} pages, not {pages}"
    found = words_found(entry, rows)
    return "another text" if found is not None and found < WORDS_WANTED else None


def words_found(entry: Row, rows: list[Row]) -> float | None:
    """The share of the expected words that were read, in whatever order and case.

    Some transcriptions are all capitals, whatever the page has. None where the text is not known,
    or was refused.
    """
    expected = Counter((entry["text"] or "").casefold().split())
    if not expected or not {row["status"] for row in rows} & READ:
        return None
    read = Counter(word for row in rows for word in (row["text"] or "").casefold().split())
    return (expected & read).total() / expected.total()


def summary(rows: list[Row]) -> str:
    """Status, error and way of decoding of each page in few words; equal pages are counted."""
    seen: dict[str, int] = defaultdict(int)
    for row in rows:
        seen[" ".join(filter(None, (row["status"], row["error_class"], row["degraded"])))] += 1
    return ", ".join(f"{count} {what}" for what, count in seen.items())


if __name__ == "__main__":
    sys.exit(main())
