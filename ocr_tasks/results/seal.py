"""The seal: proof that the rows are what the manifest expected, page for page."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ocr_tasks import storage
from ocr_tasks.errors import DamagedFileError, SealRefusedError
from ocr_tasks.faults import damage_named
from ocr_tasks.results.commit import committed_shards
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.schema import Status

NAMED = 10  # how many missing shards or pages a refusal names


@dataclass(slots=True)
class Audit:
    """What the committed files of a run hold."""

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


def audit_run(layout: RunLayout, manifest: pa.Table) -> Audit:
    """Reads every committed shard and holds it against the manifest.

    The conservation law: every expected page has exactly one row, in its own shard's file, and
    no row is unexpected.

    Raises:
        SealRefusedError: a shard or page is missing, twice, or was never expected.
        DamagedFileError: a file is not what was committed.
    """
    expected: dict[str, set[str]] = defaultdict(set)
    columns = (manifest[name].to_pylist() for name in ("shard_id", "page_id"))
    for shard_id, page_id in zip(*columns, strict=True):
        expected[shard_id].add(page_id)
    found_shards = committed_shards(layout)
    _refuse("shards are missing", expected.keys() - found_shards)
    _refuse("shards are not in the manifest", found_shards - expected.keys())
    audit = Audit()
    for shard_id in sorted(found_shards):
        counts = Counter(_add_shard(audit, layout, shard_id))
        where = f"in shard {shard_id}"
        _refuse(f"pages are missing {where}", expected[shard_id] - counts.keys())
        _refuse(f"pages are not in the manifest {where}", counts.keys() - expected[shard_id])
        twice = {page for page, count in counts.items() if count > 1}
        _refuse(f"pages are there twice {where}", twice)
    return audit


def _add_shard(audit: Audit, layout: RunLayout, shard_id: str) -> list[str]:
    """Counts a shard's rows in; returns their page ids."""
    uri = layout.part(shard_id)
    data = storage.read_bytes(uri)
    columns = ["page_id", "status", "error_class", "n_lines", "conf_mean"]
    with damage_named(uri):
        rows = pq.read_table(pa.BufferReader(data), columns=columns).to_pylist()
        for row in rows:
            audit.by_status[Status(row["status"]).value] += 1
            audit.lines += row["n_lines"]
            if row["error_class"]:
                audit.by_error[row["error_class"]] += 1
            if row["conf_mean"] is not None:
                audit.confidence_sum += row["conf_mean"]
                audit.confident_pages += 1
    audit.pages += len(rows)
    digest = hashlib.sha256(data).hexdigest()
    audit.files.append({"uri": uri, "sha256": digest, "bytes": len(data), "pages": len(rows)})
    return [row["page_id"] for row in rows]


def refuse_changed_files(files: list[dict[str, Any]]) -> None:
    """Makes sure that a sealed run's files are those that were sealed.

    Raises:
        DamagedFileError: one is gone or has other bytes; it names it.
    """
    for file in files:
        try:
            digest = hashlib.sha256(storage.read_bytes(file["uri"])).hexdigest()
        except FileNotFoundError:
            digest = None
        if digest != file["sha256"]:
            raise DamagedFileError(f"{file['uri']} is not what was sealed")


def _refuse(what: str, names: set[str]) -> None:
    """Raises SealRefusedError that counts and names them, if there are any."""
    if names:
        some = ", ".join(sorted(names)[:NAMED])
        more = ", …" if len(names) > NAMED else ""
        raise SealRefusedError(f"{len(names)} {what}: {some}{more}")
