"""Planning and sealing at scale: seconds and memory for a million objects and their rows.

usage: planning.py [--objects N] [--folder FOLDER]

A plan is measured twice, each time in a fresh process: over a local folder whose files are hard
links to a few heads of scans, and over an S3 bucket without its network and client, whose listing
and heads are made up. Then every shard of the second run gets a file of rows as wide as those of
real pages, and its seal is measured, in a process of its own too. Files are in the page cache.
"""

import argparse
import datetime
import hashlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table
from s3fs import S3FileSystem

from ocr_tasks import storage
from ocr_tasks.jobs import archive_ocr
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from ocr_tasks.planning import PlannedRun, read_plan
from ocr_tasks.results.rows import peak_rss_mb
from ocr_tasks.results.schema import PAGE_ROW, Status
from ocr_tasks.stamps import file_of

IN_A_FOLDER = 1_000
LINKS = 50_000  # to one file; ext4 allows 65,000
PNG_SHARE = 0.05
HEADS = {"jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF", "png": b"\x89PNG\r\n\x1a\n"}
SCAN_BYTES = 2_000
KEYS_AN_ANSWER = 1_000
LINES_A_PAGE = 30
WORDS_A_LINE = 9


@dataclass(frozen=True, slots=True)
class Step:
    """What was measured: wall clock, this process's CPU, and the most memory it held so far."""

    what: str
    wall: float
    cpu: float
    peak_mb: float


def _listed(_: S3FileSystem, method: str, **asked: Any) -> dict[str, Any]:
    """One answer of a listing, in the form botocore gives it."""
    assert method == "list_objects_v2", method
    objects = int(asked["Bucket"].removeprefix("objects-"))
    first = int(asked.get("ContinuationToken", 0))
    last = min(first + KEYS_AN_ANSWER, objects)
    put = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    found = [
        {
            "Key": f"{asked['Prefix']}{_name(number)}",
            "LastModified": put + datetime.timedelta(seconds=number),
            "ETag": f'"{hashlib.md5(str(number).encode()).hexdigest()}"',
            "Size": 500_000 + number,
            "StorageClass": "STANDARD",
        }
        for number in range(first, last)
    ]
    more = last < objects
    return {"Contents": found, "IsTruncated": more, "NextContinuationToken": str(last)}


def _head(_: S3FileSystem, path: str, **__: Any) -> bytes:
    """The first bytes of an object."""
    return HEADS[path[-3:]]


def _make_up_s3() -> None:
    """Has S3 answer at once: as many objects as a bucket's name says, and their heads."""
    S3FileSystem.call_s3, S3FileSystem.cat_file = _listed, _head


def main() -> None:
    """Measures and prints both plans and the seal."""
    options = _options()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="planning-", dir=options.folder) as made:
        output = f"{made}/results"
        _make_scans(Path(made, "scans"), options.objects)
        inputs = {
            "local folder": f"{made}/scans",
            "S3, made up": f"s3://objects-{options.objects}/scans",
        }
        for run_id, (kind, url) in enumerate(inputs.items()):
            steps = _in_own_process(_plan, url, output, str(run_id))
            _print(console, f"{options.objects} objects, {kind}", steps)
        size = _in_own_process(_write_parts, output, "1")
        steps = _in_own_process(_seal, output, "1")
        _print(console, f"their rows, {size / 1e9:.1f} GB", steps)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where files are made: 3 kB an object")
    return parser.parse_args()


def _in_own_process(work: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def _name(number: int) -> str:
    """Where an object lies; they sort by their numbers."""
    folder, place = divmod(number, IN_A_FOLDER)
    kind = "png" if random.Random(number).random() < PNG_SHARE else "jpg"
    return f"box-{folder:04d}/scan-{place:06d}.{kind}"


def _make_scans(folder: Path, objects: int) -> None:
    heads = {kind: folder.parent / f"head.{kind}" for kind in HEADS}
    for number in range(objects):
        path = folder / _name(number)
        if number % IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        if number % LINKS == 0:  # a new file under the old name; the old one lives in its links
            for kind, head in heads.items():
                head.unlink(missing_ok=True)
                head.write_bytes(HEADS[kind].ljust(SCAN_BYTES, b"."))
        os.link(heads[path.suffix[1:]], path)


@contextmanager
def _measured(what: str, steps: list[Step]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    steps.append(Step(what, *seconds, peak_rss_mb()))


def _plan(url: str, output: str, run_id: str) -> list[Step]:
    _make_up_s3()
    steps: list[Step] = []
    with _measured("imports alone", steps):
        pass
    with _measured("list, and look into nothing", steps):
        for _ in storage.list_objects(url):
            pass
    settings = ArchiveOcrSettings.load(overrides={"input": url, "output": output})
    with _measured("plan", steps):
        planned = archive_ocr.plan(settings, run_id, workers=2)
    with _measured(f"read one of {len(planned['shards'])} shards", steps):
        read_plan(output, run_id, planned["shards"][-1]).manifest.expected()
    return steps


def _seal(output: str, run_id: str) -> list[Step]:
    steps: list[Step] = []
    with _measured("imports alone", steps):
        pass
    with _measured("seal", steps):
        sealed = archive_ocr.seal(output, run_id)
    with _measured(f"seal again: {len(sealed['files'])} files", steps):
        archive_ocr.seal(output, run_id)
    return steps


def _write_parts(output: str, run_id: str) -> int:
    """Gives every shard a file of made up rows; returns how many bytes they have together."""
    run = read_plan(output, run_id, columns=["shard_id", "page_id", "source_id", "source_uri"])
    sizes = run.manifest.table["shard_id"].value_counts().to_pylist()
    rows = _rows(max(size["counts"] for size in sizes))
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size["counts"])

    def write(number: int) -> int:
        own = run.manifest.table.slice(starts[number], sizes[number]["counts"]).combine_chunks()
        return _write_part(run, sizes[number]["values"], rows, own)

    with ThreadPoolExecutor() as writers:
        return sum(writers.map(write, range(len(sizes))))


def _write_part(run: PlannedRun, shard_id: str, rows: pa.Table, own: pa.Table) -> int:
    part = rows.slice(0, own.num_rows)
    for name in own.column_names:
        part = part.set_column(part.schema.get_field_index(name), PAGE_ROW.field(name), own[name])
    data = file_of(part)
    storage.create(run.layout.part(shard_id), data, run.layout.staging)
    return len(data)


def _rows(count: int) -> pa.Table:
    """Rows as wide as those of real pages: text, boxes and digests that do not compress away."""
    chance = random.Random(0)
    words = [
        "".join(chance.choices("etaoinshrdlcum", k=chance.randint(2, 11))) for _ in range(9_000)
    ]
    usual = {field.name: _usual(field) for field in PAGE_ROW}
    rows = []
    for _ in range(count):
        lines = [_line(chance, words, number) for number in range(LINES_A_PAGE)]
        digests = {name: chance.randbytes(32).hex() for name in ("source_sha256", "image_sha256")}
        text = "\n".join(line["text"] for line in lines)
        told = {"status": Status.OK, "error_class": None, "n_lines": len(lines), "conf_mean": 0.9}
        rows.append(usual | digests | told | {"text": text, "lines": lines})
    return pa.Table.from_pylist(rows, schema=PAGE_ROW)


def _usual(field: pa.Field) -> Any:
    """What stands in a column that is much the same in all rows."""
    if pa.types.is_timestamp(field.type):
        return datetime.datetime.now(datetime.UTC)
    if pa.types.is_string(field.type):
        return "the same in all"
    return None if field.nullable else pa.scalar(1).cast(field.type).as_py()


def _line(chance: random.Random, words: list[str], number: int) -> dict[str, Any]:
    corners = [chance.uniform(0, 2_000) for _ in range(8)]
    return {
        "line_index": number,
        "reading_order": number,
        "text": " ".join(chance.choices(words, k=WORDS_A_LINE)),
        "conf": chance.random(),
        "det_score": chance.random(),
        "bbox": [int(corner) for corner in corners[:4]],
        "polygon": corners,
        "angle": chance.random(),
    }


def _print(console: Console, title: str, steps: list[Step]) -> None:
    table = Table("step", "wall s", "CPU s", "peak MB so far", title=title)
    for step in steps:
        table.add_row(step.what, f"{step.wall:.1f}", f"{step.cpu:.1f}", f"{step.peak_mb:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
