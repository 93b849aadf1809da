"""Our own results as labels: the lines of pages that people corrected, or that are sure enough."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ocr_tasks import storage
from ocr_tasks.dataset.converters.corrections import Corrections
from ocr_tasks.dataset.converters.labelled import Frame, LabelledPage, LabelledRegion, LeftOut
from ocr_tasks.errors import DamagedFileError, LabelFileError
from ocr_tasks.faults import damage_named
from ocr_tasks.stamps import whole_rows

FOLDER = "pages"  # of an output, below which the rows of all runs lie
COLUMNS = ["page_id", "run_id", "processed_at", "width_px", "height_px", "lines"]

Row = dict[str, Any]


def rows_below(
    output: str, page_ids: Collection[str] | None
) -> Iterator[list[Row] | tuple[str, DamagedFileError]]:
    """The rows with lines in each file of the URL ``output``, or the file and what is wrong.

    Of other pages than ``page_ids``, if these are given, no row is kept.

    Raises:
        SettingsError: there are no results.
        StorageError: the store did not answer.
    """
    for found in storage.list_objects(storage.join(output, FOLDER)):
        if not found.uri.endswith(".parquet"):
            continue
        try:
            yield _rows_in(found.uri, page_ids)
        except DamagedFileError as error:
            yield found.uri, error


def _rows_in(uri: str, page_ids: Collection[str] | None) -> list[Row]:
    data = storage.read_bytes(uri, as_listed=True)
    with damage_named(uri):
        table = whole_rows(data, COLUMNS)
        if page_ids is not None:
            wanted = pa.array(sorted(page_ids), pa.string())
            table = table.filter(pc.is_in(table["page_id"], value_set=wanted))
        return [row for row in table.to_pylist() if row["lines"]]


@dataclass(frozen=True, slots=True)
class LineChoice:
    """A page's row and the corrections of its lines: a text each, or None to leave it out."""

    row: Row
    texts: dict[int, str | None]

    @property
    def page_id(self) -> str:
        """The id of the page."""
        return str(self.row["page_id"])

    def page(self, min_confidence: float | None) -> LabelledPage:
        """The page with its corrected lines, and those of at least that confidence, if any.

        Lines of embedded text, of which nothing was guessed, have none and count as sure.
        """
        regions, left_out = [], Counter[str]()
        for line in sorted(self.row["lines"], key=lambda line: line["line_index"]):
            index = line["line_index"]
            text = line["text"] if _is_sure(line["conf"], min_confidence) else None
            text = self.texts.get(index, text)
            if text is None:
                why = LeftOut.DROPPED if index in self.texts else LeftOut.UNCONFIRMED
                left_out[why] += 1
            else:
                corners = np.array(line["polygon"], np.float64).reshape(-1, 2)
                regions.append(LabelledRegion(f"{index:04d}", corners, text))
        frame = Frame(self.row["width_px"], self.row["height_px"])
        return LabelledPage("", tuple(regions), frame, left_out=left_out)

    def unknown_lines(self) -> list[int]:
        """The lines that corrections name and the row does not have."""
        return sorted(self.texts.keys() - {line["line_index"] for line in self.row["lines"]})


def chosen_rows(
    rows: list[Row], corrections: Corrections
) -> Iterator[LineChoice | tuple[str, LabelFileError]]:
    """One row a page with its corrections, or a page's id and why there is none.

    It is the newest of those that corrections name by their run, else the newest of all. Another
    run numbers other lines, so of a page that several have read a correction has to name one.
    """
    by_page: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_page[row["page_id"]].append(row)
    for page_id, runs in sorted(by_page.items()):
        runs.sort(key=lambda row: (row["processed_at"], row["run_id"]))
        named = [row for row in runs if (page_id, row["run_id"]) in corrections.texts]
        unnamed = corrections.texts.get((page_id, None), {})
        if unnamed and len(runs) > 1:
            names = ", ".join(row["run_id"] for row in runs)
            yield page_id, LabelFileError(f"a correction names no run_id, one of {names}")
        else:
            row = (named or runs)[-1]
            yield LineChoice(row, unnamed | corrections.texts.get((page_id, row["run_id"]), {}))
    for page_id in sorted(corrections.pages() - by_page.keys()):
        yield page_id, LabelFileError("a correction is of a page that no row with lines is of")


def _is_sure(confidence: float | None, least: float | None) -> bool:
    return least is not None and (confidence is None or confidence >= least)
