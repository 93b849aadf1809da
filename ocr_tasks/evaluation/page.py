"""An evaluation as one HTML file: numbers, strata, reliability, and the worst lines as pictures."""

from typing import Any

from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.evaluation.calibration import calibration_of
from ocr_tasks.evaluation.pictures import pictures_of
from ocr_tasks.evaluation.report import EvalReport, ReadLine
from ocr_tasks.evaluation.tables import Reports, identity_rows, strata_rows, total_rows
from ocr_tasks.evaluation.verdict import Verdict
from ocr_tasks.imaging.crops import scale_to_line_height
from ocr_tasks.imaging.plots import Reliability, draw_reliability
from ocr_tasks.reports.rendering import data_url, html_page
from ocr_tasks.text.metrics import wrong_pieces

Json = dict[str, Any]

WORST = 40  # lines that are shown as pictures


def evaluation_html(
    reports: Reports, dataset: Dataset, limits: LimitSpec, verdict: Verdict | None = None
) -> bytes:
    """The page, as UTF-8, of one or two reports of one part; the first is what it is about.

    Raises:
        StorageError: the store did not answer.
    """
    about = next(iter(reports.values()))
    return html_page(
        "evaluation.html",
        dataset=about.dataset,
        part=about.part,
        models=[{"role": role} for role in reports],
        identity=identity_rows(reports),
        totals=total_rows(reports),
        verdict=verdict,
        reliability=data_url(draw_reliability(reliabilities(reports)), "image/png"),
        strata=strata_rows(reports),
        unscored=about.unscored,
        worst=_worst(reports, dataset, limits),
    )


def reliabilities(reports: Reports) -> list[Reliability]:
    """What the reliability plot shows of each model."""
    plotted = []
    for role, report in reports.items():
        calibration = calibration_of(report.lines)
        bins = calibration.bins
        plotted.append(
            Reliability(
                f"{role}: ECE {calibration.error:.3f}",
                tuple((each.low, each.high) for each in bins),
                tuple(each.lines for each in bins),
                tuple(each.confidence for each in bins),
                tuple(each.accuracy for each in bins),
            )
        )
    return plotted


def worst_lines(report: EvalReport) -> list[ReadLine]:
    """Up to WORST lines with errors: those with the most edits for their length first."""
    wrong = [line for line in report.lines if line.score.edits]
    return sorted(wrong, key=lambda line: (-line.score.cer, line.path))[:WORST]


def _worst(reports: Reports, dataset: Dataset, limits: LimitSpec) -> list[Json]:
    """The worst lines of the first model, and what each model read in them."""
    about, *_ = reports.values()
    lines = worst_lines(about)
    paths = [line.path for line in lines]
    pictures = pictures_of(paths, dataset, limits, lambda _, pixels: [scale_to_line_height(pixels)])
    by_path = {role: {line.path: line for line in report.lines} for role, report in reports.items()}
    return [
        {
            "path": line.path,
            "label": line.label,
            "pictures": pictures.get(line.path, []),
            "readings": [
                _reading(role, known[line.path])
                for role, known in by_path.items()
                if line.path in known
            ],
        }
        for line in lines
    ]


def _reading(role: str, line: ReadLine) -> Json:
    return {
        "role": role,
        "edits": line.score.edits,
        "confidence": f"{line.confidence:.2f}",
        "pieces": wrong_pieces(line.label, line.read),
    }
