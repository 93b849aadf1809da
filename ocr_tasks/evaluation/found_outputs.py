"""What the evaluation of a detector leaves behind: its numbers as JSON, and a page."""

import json
from dataclasses import asdict
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.evaluation.found import PageReport, page_report_of
from ocr_tasks.evaluation.found_page import Reports, found_html
from ocr_tasks.faults import damage_named

Json = dict[str, Any]


def write_found(
    output: str, name: str, reports: Reports, dataset: Dataset, limits: LimitSpec
) -> Json:
    """Writes ``<name>.html`` and then ``<name>.json`` below the URL ``output``.

    Returns the summaries: of each model, by its role, its numbers.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: a store did not answer.
    """
    page = found_html(reports, dataset, limits)
    storage.write(storage.join(output, f"{name}.html"), page)
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
