"""A canary: pages of a past run read again by a new recogniser, and how its text differs."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from ocr_tasks.records import Line, PageFailure, PageResult
from ocr_tasks.results.schema import Status

Json = dict[str, Any]
Row = Mapping[str, Any]  # of a past run, by the columns of PAGE_ROW

READ = frozenset({Status.OK, Status.LOW_CONFIDENCE})  # by a recogniser, and with lines
SAME_PLACE = 2.0  # pixels by which the corners of one line may differ
MOST_CHANGED = 50  # lines that are told one by one


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line that is read differently now; an empty text is one that was or is not there."""

    page_id: str
    line_index: int
    before: str
    after: str
    edits: int
    confidence_before: float | None
    confidence_after: float | None


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """How the pages read now differ from what stands in their rows.

    ``agreement`` is the share of lines, of those before and now, with the same text, and
    ``edit_rate`` the characters that differ over those there were. Confidence is compared on
    lines that were read both times: its mean change, and the change below which a tenth of them
    lie. ``changed`` are the lines that differ the most.
    """

    pages: int
    failed: tuple[str, ...]
    lines: int
    same: int
    changed_lines: int
    lost: int
    new: int
    agreement: float
    edit_rate: float
    confidence_shift: float
    confidence_shift_p10: float
    changed: tuple[ChangedLine, ...]

    def as_json(self) -> Json:
        """The report as JSON values."""
        return asdict(self)


def pages_for_canary(rows: Sequence[Row], count: int, seed: int = 0) -> list[str]:
    """The ids of up to ``count`` pages, by chance, that a recogniser read lines on."""
    read = sorted(row["page_id"] for row in rows if row["status"] in READ)
    return sorted(random.Random(seed).sample(read, min(count, len(read))))  # noqa: S311


def compare_pages(before: Iterable[Row], after: Iterable[PageResult | PageFailure]) -> CanaryReport:
    """What changed between the rows of pages and what is read on the same pages now.

    A line is the same one where its number and corners are: that holds as long as the detector is
    the one of the past run. Pages that cannot be read now are ``failed``. Pages of which there is
    no row are passed over.
    """
    rows = {row["page_id"]: row for row in before}
    differences: list[ChangedLine] = []
    failed: list[str] = []
    pages = 0
    for answer in after:
        page_id = answer.expected.page_id
        if page_id not in rows:
            continue
        pages += 1
        if isinstance(answer, PageFailure):
            failed.append(page_id)
        else:
            differences += _differences(page_id, rows[page_id]["lines"] or [], answer.lines)
    return _report(pages, failed, differences)


def _differences(
    page_id: str, before: Sequence[Mapping[str, Any]], after: Sequence[Line]
) -> list[ChangedLine]:
    """Every line of a page, of those before and those now."""
    now = {line.line_index: line for line in after}
    pairs: list[tuple[Mapping[str, Any] | None, Line | None]] = []
    for old in before:
        line = now.get(old["line_index"])
        pairs.append((old, now.pop(line.line_index) if line and _is_same(old, line) else None))
    pairs += [(None, line) for line in now.values()]
    return [_difference(page_id, old, line) for old, line in pairs]


def _is_same(old: Mapping[str, Any], line: Line) -> bool:
    corners = np.array(old["polygon"], np.float32)
    return bool(np.abs(corners - line.polygon.reshape(-1)).max() <= SAME_PLACE)


def _difference(page_id: str, old: Mapping[str, Any] | None, line: Line | None) -> ChangedLine:
    before, after = old["text"] if old else "", line.text if line else ""
    index = line.line_index if line else old["line_index"] if old else -1
    return ChangedLine(
        page_id=page_id,
        line_index=index,
        before=before,
        after=after,
        edits=Levenshtein.distance(before, after),
        confidence_before=old["conf"] if old else None,
        confidence_after=line.confidence if line else None,
    )


def _report(pages: int, failed: list[str], lines: list[ChangedLine]) -> CanaryReport:
    same = sum(line.edits == 0 for line in lines)
    lost = sum(line.confidence_after is None for line in lines)
    new = sum(line.confidence_before is None for line in lines)
    shifts = [
        line.confidence_after - line.confidence_before
        for line in lines
        if line.confidence_after is not None and line.confidence_before is not None
    ]
    worst = sorted((line for line in lines if line.edits), key=lambda line: -line.edits)
    return CanaryReport(
        pages=pages,
        failed=tuple(failed),
        lines=len(lines),
        same=same,
        changed_lines=len(lines) - same - lost - new,
        lost=lost,
        new=new,
        agreement=same / max(1, len(lines)),
        edit_rate=sum(line.edits for line in lines) / max(1, sum(len(x.before) for x in lines)),
        confidence_shift=float(np.mean(shifts or [0.0])),
        confidence_shift_p10=float(np.percentile(shifts or [0.0], 10)),
        changed=tuple(worst[:MOST_CHANGED]),
    )
