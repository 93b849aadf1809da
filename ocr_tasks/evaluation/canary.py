"""A canary: pages of a past run read again by a new recogniser, and how its text differs."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge
from rapidfuzz.distance import Levenshtein

from ocr_tasks.errors import InferenceError, SettingsError
from ocr_tasks.evaluation.verdict import Ruling
from ocr_tasks.records import Line, PageFailure, PageResult
from ocr_tasks.results.schema import Status

Json = dict[str, Any]
Row = Mapping[str, Any]  # of a past run, by the columns of PAGE_ROW

READ = frozenset({Status.OK, Status.LOW_CONFIDENCE})  # by a recogniser, and with lines
SAME_PLACE = 2.0  # pixels by which the corners of one line may differ
MOST_CHANGED = 50  # lines that are told one by one
NAMED = 5  # pages on which a model fails that a ruling names


@dataclass(frozen=True, slots=True)
class CanarySpec:
    """Which past run's pages a model reads before it is promoted: up to ``pages``, by chance.

    The run ``run_id`` lies in ``output``; without one there is no canary.
    """

    output: str | None = None
    run_id: str | None = None
    pages: Annotated[int, Ge(1)] = 20
    seed: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        """Refuse an output without a run, and a run without an output.

        Raises:
            SettingsError: that is what is given.
        """
        if (self.output is None) != (self.run_id is None):
            raise SettingsError("a canary needs both, canary.output and canary.run_id, or neither")


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line that is read differently now; an empty text is one that was or is not there.

    ``polygon`` has x and y of its four corners in pixels of the page's frame.
    """

    page_id: str
    line_index: int
    before: str
    after: str
    edits: int
    confidence_before: float | None
    confidence_after: float | None
    polygon: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """How the pages read now differ from what stands in their rows.

    Of ``pages`` that were to be read, the model ``failed`` on some, and some are ``unreadable``:
    their files are gone or others by now. ``changed_pages`` have a line that is not as it was.

    ``agreement`` is the share of lines, of those before and now, with the same text, and
    ``edit_rate`` the characters that differ over those there were. Confidence is compared on
    lines that were read both times: its mean change, and the change below which a tenth of them
    lie. ``changed`` are the lines that differ the most.
    """

    pages: int
    failed: tuple[str, ...]
    unreadable: tuple[str, ...]
    changed_pages: int
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

    @property
    def ruling(self) -> Ruling:
        """Whether the model may be promoted: it has to read every page that is still there."""
        read = self.pages - len(self.failed) - len(self.unreadable)
        said = f"it reads {read} pages of the run"
        if self.failed:
            said = f"it fails on {len(self.failed)} pages that were read before: "
            said += ", ".join(self.failed[:NAMED])
        passed = read > 0 and not self.failed
        return Ruling("canary", passed, said, {"read": read, "failed": len(self.failed)})

    def as_json(self) -> Json:
        """The report as JSON values."""
        pages = {"failed": list(self.failed), "unreadable": list(self.unreadable)}
        return asdict(self) | pages | {"ruling": asdict(self.ruling)}


def pages_for_canary(rows: Sequence[Row], count: int, seed: int = 0) -> list[str]:
    """The ids of up to ``count`` pages, by chance, that a recogniser read lines on."""
    read = sorted(row["page_id"] for row in rows if row["status"] in READ)
    return sorted(random.Random(seed).sample(read, min(count, len(read))))  # noqa: S311


def compare_pages(before: Iterable[Row], after: Iterable[PageResult | PageFailure]) -> CanaryReport:
    """What changed between the rows of pages and what is read on the same pages now.

    A line is the same one where its number and corners are: that holds as long as the detector is
    the one of the past run. Pages of which there is no row are passed over.
    """
    rows = {row["page_id"]: row for row in before}
    lines: list[ChangedLine] = []
    failed: list[str] = []
    unreadable: list[str] = []
    pages = 0
    for answer in after:
        page_id = answer.expected.page_id
        if page_id not in rows:
            continue
        pages += 1
        if isinstance(answer, PageResult):
            lines += _differences(page_id, rows[page_id]["lines"] or [], answer.lines)
        elif answer.error_class == InferenceError.code:
            failed.append(page_id)
        else:
            unreadable.append(page_id)
    return _report(pages, failed, unreadable, lines)


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
    corners = line.polygon.reshape(-1) if line else old["polygon"] if old else ()
    return ChangedLine(
        page_id=page_id,
        line_index=index,
        before=before,
        after=after,
        edits=Levenshtein.distance(before, after),
        confidence_before=old["conf"] if old else None,
        confidence_after=line.confidence if line else None,
        polygon=tuple(float(number) for number in corners),
    )


def _report(
    pages: int, failed: list[str], unreadable: list[str], lines: list[ChangedLine]
) -> CanaryReport:
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
        unreadable=tuple(unreadable),
        changed_pages=len({line.page_id for line in lines if line.edits}),
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
