"""Evaluations as rows: of models side by side, for terminals and for pages alike."""

from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

from ocr_tasks.evaluation.calibration import calibration_of
from ocr_tasks.evaluation.report import GROUP, EvalReport, Stratum
from ocr_tasks.text.metrics import TextScore
from ocr_tasks.text.names import printable, visible

Reports = Mapping[str, EvalReport]  # by the role of each model: candidate, champion
Row = tuple[str, list[str]]

NO_SUCH = ""  # line of a stratum was read


def summary_of(report: EvalReport) -> dict[str, float]:
    """The numbers of a report, by name: rates from 0 to 1, lines, and lines a second."""
    return {
        "lines": len(report.lines),
        "unscored": len(report.unscored),
        "faults": sum(line.fault is not None for line in report.lines),
        **report.score.rates(),
        "ece": calibration_of(report.lines).error,
        "lines_a_second": report.lines_a_second,
    }


def identity_rows(reports: Reports) -> list[Row]:
    """Who read: a row a property, a cell a model."""
    engines = [report.engine for report in reports.values()]
    return [
        ("model", [engine.recognizer.name for engine in engines]),
        ("sha256", [engine.recognizer.sha256 for engine in engines]),
        ("engine", [f"{each.engine_version}, {each.precision}, {each.device}" for each in engines]),
    ]


def total_rows(reports: Reports) -> list[Row]:
    """How well: a row a number, a cell a model."""
    summaries = [summary_of(report) for report in reports.values()]
    shown = {
        "lines": "{:.0f}",
        "unscored": "{:.0f}",
        "faults": "{:.0f}",
        "exact": "{:.1%}",
        "exact_without_spaces": "{:.1%}",
        "norm_edit_dis": "{:.4f}",
        "cer": "{:.4f}",
        "wer": "{:.4f}",
        "ece": "{:.4f}",
        "lines_a_second": "{:.1f}",
    }
    return [(name, [form.format(each[name]) for each in summaries]) for name, form in shown.items()]


def strata_rows(reports: Reports) -> list[tuple[Stratum, int, list[str]]]:
    """How well on each stratum: its lines, and of each model the CER and the exact lines."""
    told = [report.by_stratum() for report in reports.values()]
    strata = dict.fromkeys(stratum for scores in told for stratum in scores)
    rows = []
    for stratum in sorted(strata, key=lambda each: (each.kind == GROUP, each.kind, each.value)):
        scores = [each.get(stratum) for each in told]
        cells = [cell for score in scores for cell in _cells(score)]
        rows.append((stratum, max(score.lines if score else 0 for score in scores), cells))
    return rows


def _cells(score: TextScore | None) -> tuple[str, str]:
    return (f"{score.cer:.4f}", f"{score.accuracy:.1%}") if score else (NO_SUCH, NO_SUCH)


def evaluation_tables(reports: Reports) -> list[Table]:
    """Two tables for a terminal: totals, and strata."""
    totals = Table("", *reports, title="totals")
    for name, cells in [*identity_rows(reports), *total_rows(reports)]:
        totals.add_row(name, *(_safe(cell) for cell in cells))
    heads = [head for role in reports for head in (f"CER, {role}", f"exact, {role}")]
    strata = Table("stratum", "lines", *heads, title="strata")
    for stratum, lines, cells in strata_rows(reports):
        strata.add_row(_safe(str(stratum)), str(lines), *cells)
    return [totals, strata]


def _safe(text: str) -> str:
    """Text of a dataset or a file's name, which a terminal must not act on."""
    return escape(visible(printable(text)))
