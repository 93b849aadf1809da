"""What the evaluation of a detector leaves behind: its numbers as JSON, and a page."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ocr_tasks import storage
from ocr_tasks.evaluation.found import FoundPage, PageReport, page_report_of
from ocr_tasks.faults import damage_named
from ocr_tasks.reports.rendering import html_page

Json = dict[str, Any]
Reports = Mapping[str, PageReport]  # by the role of each model: candidate, champion

WORST = 40  # pages that are listed


def write_found(output: str, name: str, reports: Reports) -> Json:
    """Writes ``<name>.html`` and then ``<name>.json`` below the URL ``output``.

    Returns the summaries: of each model, by its role, its numbers.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: the store did not answer.
    """
    storage.write(storage.join(output, f"{name}.html"), found_html(reports))
    values = {role: _told(report) for role, report in reports.items()}
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    url = storage.join(output, f"{name}.json")
    storage.write(url, text.encode("utf-8", "backslashreplace"))
    return {role: told["summary"] for role, told in values.items()}


def _told(report: PageReport) -> Json:
    strata = [
        {"kind": stratum.kind, "value": stratum.value, **asdict(score), **score.rates()}
        for stratum, score in report.by_stratum().items()
    ]
    return {"summary": report.summary(), "strata": strata, "report": report.as_json()}


def read_found(output: str, name: str) -> dict[str, PageReport]:
    """The reports that were written under this name, by the roles of their models.

    Raises:
        FileNotFoundError: there is no such evaluation.
        DamagedFileError: it is not what was written.
        StorageError: the store did not answer.
    """
    url = storage.join(output, f"{name}.json")
    data = storage.read_bytes(url)
    with damage_named(url):
        return {role: page_report_of(told["report"]) for role, told in json.loads(data).items()}


def found_html(reports: Reports) -> bytes:
    """The page, as UTF-8, of one or two reports of one part; the first is what it is about."""
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
        rows=identity + rows,
        strata=_strata_rows(reports),
        worst=_worst_rows(reports),
        unscored=about.unscored,
    )


def _strata_rows(reports: Reports) -> list[tuple[str, list[str]]]:
    told = [report.by_stratum() for report in reports.values()]
    return [
        (str(stratum), [f"{each[stratum].hmean:.4f}" if stratum in each else "" for each in told])
        for stratum in told[0]
    ]


def _worst_rows(reports: Reports) -> list[tuple[str, list[str]]]:
    """The pages with the lowest Hmean of the first model, and what each model found on them."""
    about, *_ = reports.values()
    worst = sorted(about.pages, key=lambda page: (page.score.hmean, page.path))[:WORST]
    by_path = [{page.path: page for page in report.pages} for report in reports.values()]
    return [
        (page.path, [_said(known[page.path]) if page.path in known else "" for known in by_path])
        for page in worst
    ]


def _said(page: FoundPage) -> str:
    if page.fault is not None:
        return page.fault
    score = page.score
    return f"{score.matched} of {score.expected}, {score.found - score.matched} too many"
