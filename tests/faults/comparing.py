"""Runs held against each other page by page, by a count of our own and not by the seal's."""

import json
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.faults.places import Place, parts_of

# What a page's row says of the page, whoever read it and whenever.
OF_THE_PAGE = (
    "source_uri",
    "source_member",
    "page_index",
    "shard_id",
    "status",
    "error_class",
    "source_sha256",
    "image_sha256",
    "n_lines",
    "text",
)
Pages = dict[str, tuple[Any, ...]]


def rows_of(place: Place, run_id: str) -> list[dict[str, Any]]:
    """Every row of every part a run has."""
    rows: list[dict[str, Any]] = []
    for data in place.read_all(parts_of(run_id)).values():
        rows += pq.read_table(pa.BufferReader(data)).to_pylist()
    return rows


def pages_of(place: Place, run_id: str) -> Pages:
    """What the rows say of each page; fails where a page has two of them."""
    rows = rows_of(place, run_id)
    twice = [page for page, count in Counter(row["page_id"] for row in rows).items() if count > 1]
    assert not twice, f"{len(twice)} pages are there twice: {twice[:5]}"
    assert {row["run_id"] for row in rows} <= {run_id}
    return {row["page_id"]: tuple(row[name] for name in OF_THE_PAGE) for row in rows}


def assert_sealed_like(place: Place, run_id: str, undisturbed: Pages) -> None:
    """Fails unless the run has its seal and, page for page, the undisturbed run's rows."""
    found = pages_of(place, run_id)
    lost = sorted(undisturbed.keys() - found.keys())
    never_expected = sorted(found.keys() - undisturbed.keys())
    other = sorted(page for page in undisturbed if found.get(page) != undisturbed[page])
    assert not lost, f"{len(lost)} of {len(undisturbed)} pages are lost: {lost[:5]}"
    assert not never_expected, f"{len(never_expected)} pages were never expected"
    assert not other, (
        f"{len(other)} pages differ: {[(found[p], undisturbed[p]) for p in other[:3]]}"
    )
    assert seal_of(place, run_id)["pages"] == len(undisturbed)


def assert_nothing_committed(place: Place, run_id: str) -> None:
    """Fails where the run has a part or a seal."""
    assert place.keys(parts_of(run_id)) == []
    assert not is_sealed(place, run_id)


def is_sealed(place: Place, run_id: str) -> bool:
    """Whether the run has its seal."""
    return bool(place.keys(f"_runs/{run_id}/seal.json"))


def seal_of(place: Place, run_id: str) -> dict[str, Any]:
    """The seal."""
    (data,) = place.read_all(f"_runs/{run_id}/seal.json").values()
    sealed: dict[str, Any] = json.loads(data)
    return sealed
