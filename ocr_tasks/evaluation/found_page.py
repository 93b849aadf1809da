"""A detector's evaluation as one HTML file: numbers, strata, and the worst pages as pictures."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.page_labels import page_labels
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.evaluation.found import FoundPage, PageReport
from ocr_tasks.evaluation.pictures import pictures_of
from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.imaging.drawing import draw_outlines
from ocr_tasks.reports.rendering import html_page

Json = dict[str, Any]
Reports = Mapping[str, PageReport]  # by the role of each model: candidate, champion

WORST = 12  # pages that are shown as pictures
SIDE = 1000  # pixels, the longest, of such a picture
LABELLED, IGNORED = (40, 160, 40), (150, 150, 150)  # BGR


def found_html(reports: Reports, dataset: Dataset, limits: LimitSpec) -> bytes:
    """The page, as UTF-8, of one or two reports of one part; the first is what it is about.

    Raises:
        StorageError: the store did not answer.
    """
    about = next(iter(reports.values()))
    summaries = [report.summary() for report in reports.values()]
    rows = [(name, [f"{each[name]:.4g}" for each in summaries]) for name in summaries[0]]
    models = [report.engine.detector for report in reports.values()]
    identity = [("model", [each.name for each in models]), ("sha256", [m.sha256 for m in models])]
    return html_page(
        "found.html",
        dataset=about.dataset,
        part=about.part,
        roles=list(reports),
        identity=identity,
        totals=rows,
        strata=_strata_rows(reports),
        worst=_worst(reports, dataset, limits),
        unscored=about.unscored,
    )


def _strata_rows(reports: Reports) -> list[tuple[str, list[str]]]:
    told = [report.by_stratum() for report in reports.values()]
    return [
        (str(stratum), [f"{each[stratum].hmean:.4f}" if stratum in each else "" for each in told])
        for stratum in told[0]
    ]


def worst_pages(report: PageReport) -> list[FoundPage]:
    """Up to WORST pages on which not all is right: those with the lowest Hmean first."""
    wrong = [page for page in report.pages if page.score.hmean < 1]
    return sorted(wrong, key=lambda page: (page.score.hmean, page.path))[:WORST]


def _worst(reports: Reports, dataset: Dataset, limits: LimitSpec) -> list[Json]:
    """The worst pages of the first model, and what each model found on them."""
    about, *_ = reports.values()
    by_path = {role: {page.path: page for page in report.pages} for role, report in reports.items()}
    paths = [page.path for page in worst_pages(about)]
    found = {
        path: {role: known[path] for role, known in by_path.items() if path in known}
        for path in paths
    }

    def drawn(path: str, pixels: Pixels) -> list[Pixels]:
        return [outlined(pixels, page) for page in found[path].values()]

    pictures = pictures_of(paths, dataset, limits, drawn)
    return [
        {
            "path": path,
            "said": [f"{role}: {_said(page)}" for role, page in found[path].items()],
            "pictures": list(zip(found[path], pictures.get(path, ()), strict=False)),
        }
        for path in paths
    ]


def outlined(pixels: Pixels, page: FoundPage) -> Pixels:
    """A smaller copy: labels are green, or grey where they do not count; what was found is red."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    labels, drawn = page_labels(page.label), np.asarray(small, np.uint8)
    for some, colour in ((labels.ignored, IGNORED), (labels.expected, LABELLED)):
        drawn = draw_outlines(drawn, [corners * scale for corners in some], colour)
    return draw_outlines(drawn, [np.array(flat).reshape(-1, 2) * scale for flat in page.found])


def _said(page: FoundPage) -> str:
    if page.fault is not None:
        return page.fault
    score = page.score
    return f"{score.matched} of {score.expected}, {score.found - score.matched} too many"
