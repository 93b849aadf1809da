"""The seal: proof that the rows are what the manifest expected, page for page."""

import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from ocr_tasks import storage
from ocr_tasks.arrow import repeated
from ocr_tasks.errors import DamagedFileError, SealRefusedError
from ocr_tasks.faults import damage_named
from ocr_tasks.results.commit import committed_shards
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.schema import Status
from ocr_tasks.stamps import whole_rows

NAMED = 10  # how many missing shards or pages a refusal names
READERS = 8  # files that are read at once: they wait for the store, and each is held whole
REQUIRED = ["page_id", "status", "n_lines"]
COUNTED = [*REQUIRED, "error_class", "conf_mean"]


@dataclass(slots=True)
class Audit:
    """What committed files of a run hold: one of them, or all together."""

    pages: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_error: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    confidence_sum: float = 0.0
    confident_pages: int = 0
    files: list[dict[str, Any]] = field(default_factory=list)

    @property
    def conf_mean(self) -> float | None:
        """The mean over pages of their mean confidence."""
        return self.confidence_sum / self.confident_pages if self.confident_pages else None

    def add(self, other: Self) -> None:
        """Counts what the other holds in."""
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))


def audit_run(layout: RunLayout, manifest: pa.Table) -> Audit:
    """Reads every committed shard and holds it against the manifest.

    The conservation law: every expected page has exactly one row, in its own shard's file, and
    no row is unexpected. Of ``manifest`` only the columns shard_id and page_id matter.

    Raises:
        SealRefusedError: a shard or page is missing, twice, or was never expected.
        DamagedFileError: a file is not what was committed.
    """
    _refuse("pages are expected twice by the manifest", repeated(manifest["page_id"]))
    expected = _pages_by_shard(manifest)
    found = committed_shards(layout)
    _refuse("shards are missing", expected.keys() - found)
    _refuse("shards are not in the manifest", found - expected.keys())
    audit, shard_ids = Audit(), sorted(found)
    with ThreadPoolExecutor(READERS) as readers:
        pages = (expected[shard_id] for shard_id in shard_ids)
        for part in readers.map(partial(_audit_part, layout), shard_ids, pages):
            audit.add(part)
    return audit


def _pages_by_shard(manifest: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The page ids of each shard, whose pages follow one another in a manifest."""
    pages: dict[str, pa.ChunkedArray] = {}
    start = 0
    for shard_id, count in _counts(manifest["shard_id"]):
        pages[shard_id] = manifest["page_id"].slice(start, count)
        start += count
    return pages


def _audit_part(layout: RunLayout, shard_id: str, expected: pa.ChunkedArray) -> Audit:
    """Reads a committed shard and holds it against the pages it should have."""
    uri = layout.part(shard_id)
    data = storage.read_bytes(uri)
    with damage_named(uri):
        rows = whole_rows(data, COUNTED)
        for name in REQUIRED:
            if rows[name].null_count:
                raise ValueError(f"a row has no {name}")
        by_status = Counter({Status(name).value: n for name, n in _counts(rows["status"])})
    _refuse_other_pages(shard_id, expected, rows["page_id"])
    digest = hashlib.sha256(data).hexdigest()
    return Audit(
        pages=rows.num_rows,
        by_status=by_status,
        by_error=Counter(dict(_counts(rows["error_class"]))),
        lines=pc.sum(rows["n_lines"], min_count=0).as_py(),
        confidence_sum=pc.sum(rows["conf_mean"], min_count=0).as_py(),
        confident_pages=pc.count(rows["conf_mean"]).as_py(),
        files=[
            {
                "path": layout.part_path(shard_id),
                "sha256": digest,
                "bytes": len(data),
                "pages": rows.num_rows,
            }
        ],
    )


def _counts(column: pa.ChunkedArray) -> list[tuple[str, int]]:
    """Each value and how often it is there; nulls are left out."""
    counts = column.drop_null().value_counts()
    return [(count["values"], count["counts"]) for count in counts.to_pylist()]


def _refuse_other_pages(shard_id: str, expected: pa.ChunkedArray, found: pa.ChunkedArray) -> None:
    """Makes sure that a shard holds each of its pages once, and no other.

    Of ``expected`` none may be there twice, as two equal wrongs would pass for right.
    """
    if _sorted(found).equals(_sorted(expected)):
        return
    where = f"in shard {shard_id}"
    counts, names = Counter(found.to_pylist()), set(expected.to_pylist())
    _refuse(f"pages are missing {where}", names - counts.keys())
    _refuse(f"pages are not in the manifest {where}", counts.keys() - names)
    _refuse(f"pages are there twice {where}", {page for page in counts if counts[page] > 1})


def _sorted(names: pa.ChunkedArray) -> pa.ChunkedArray:
    return names.take(pc.sort_indices(names))


def read_seal(layout: RunLayout) -> dict[str, Any]:
    """What the run's seal says.

    Raises:
        DamagedFileError: it is not what was written.
        StorageError: the store did not answer.
    """
    with damage_named(layout.seal):
        seal: dict[str, Any] = json.loads(storage.read_bytes(layout.seal))
        if not all(file["path"] and file["sha256"] for file in seal["files"]):
            raise ValueError("a file without its name or digest")
        return seal


def refuse_changed_files(layout: RunLayout, files: list[dict[str, Any]]) -> None:
    """Makes sure that a sealed run's files are those that were sealed.

    Raises:
        DamagedFileError: one is gone or has other bytes; it names it.
    """
    with ThreadPoolExecutor(READERS) as readers:
        uris = [storage.join(layout.output, file["path"]) for file in files]
        for uri, file, digest in zip(uris, files, readers.map(_digest_at, uris), strict=True):
            if digest is None:
                raise DamagedFileError(f"{uri} was sealed and is gone")
            if digest != file["sha256"]:
                raise DamagedFileError(f"{uri} is not what was sealed")


def _digest_at(uri: str) -> str | None:
    """The sha256 of an object, or None if there is none."""
    try:
        return hashlib.sha256(storage.read_bytes(uri)).hexdigest()
    except FileNotFoundError:
        return None


def _refuse(what: str, names: set[str]) -> None:
    """Raises SealRefusedError that counts and names them, if there are any."""
    if names:
        some = ", ".join(sorted(names)[:NAMED])
        more = ", …" if len(names) > NAMED else ""
        raise SealRefusedError(f"{len(names)} {what}: {some}{more}")
