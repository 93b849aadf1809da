"""What an evaluation leaves behind: its numbers as JSON, and a page."""

import json
from dataclasses import asdict
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.evaluation.calibration import calibration_of
from ocr_tasks.evaluation.page import evaluation_html
from ocr_tasks.evaluation.report import EvalReport, report_of
from ocr_tasks.evaluation.tables import Reports, summary_of
from ocr_tasks.evaluation.verdict import Verdict, verdict_of
from ocr_tasks.faults import damage_named

Json = dict[str, Any]

VERDICT, CHECKS = "verdict.json", "checks.json"
OF_CHECKS = ("sha256", "champion", "labels", "files", "parity", "time_ratio", "sets", "numbers")


def write_evaluation(
    output: str,
    name: str,
    reports: Reports,
    dataset: Dataset,
    limits: LimitSpec,
    verdict: Verdict | None = None,
) -> Json:
    """Writes ``<name>.html`` and then ``<name>.json`` below the URL ``output``.

    Returns the summaries: of each model, by its role, the numbers of ``summary_of``.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: a store did not answer.
    """
    page = evaluation_html(reports, dataset, limits, verdict)
    storage.write(storage.join(output, f"{name}.html"), page)
    values = {role: _told(report) for role, report in reports.items()}
    _write_json(storage.join(output, f"{name}.json"), values)
    return {role: told["summary"] for role, told in values.items()}


def _told(report: EvalReport) -> Json:
    strata = [
        {"kind": stratum.kind, "value": stratum.value, **asdict(score), **score.rates()}
        for stratum, score in report.by_stratum().items()
    ]
    return {
        "summary": summary_of(report),
        "strata": strata,
        "calibration": asdict(calibration_of(report.lines)),
        "report": report.as_json(),
    }


def read_evaluation(output: str, name: str) -> dict[str, EvalReport]:
    """The reports that were written under this name, by the roles of their models.

    Raises:
        FileNotFoundError: there is no such evaluation.
        DamagedFileError: it is not what was written.
        StorageError: the store did not answer.
    """
    url = storage.join(output, f"{name}.json")
    data = storage.read_bytes(url)
    with damage_named(url):
        return {role: report_of(told["report"]) for role, told in _object_in(data).items()}


def write_verdict(output: str, verdict: Verdict) -> None:
    """Writes ``verdict.json`` below the URL ``output``."""
    _write_json(storage.join(output, VERDICT), verdict.as_json())


def read_verdict(output: str) -> Verdict:
    """The verdict that was written there. Raises as ``read_evaluation``."""
    url = storage.join(output, VERDICT)
    data = storage.read_bytes(url)
    with damage_named(url):
        return verdict_of(_object_in(data))


def write_checks(output: str, checks: Json) -> None:
    """Writes ``checks.json`` below the URL ``output``: what a candidate's files are worth."""
    _write_json(storage.join(output, CHECKS), checks)


def read_checks(output: str) -> Json:
    """The checks that were written there. Raises as ``read_evaluation``."""
    url = storage.join(output, CHECKS)
    data = storage.read_bytes(url)
    with damage_named(url):
        checks = _object_in(data)
        return checks | {name: checks[name] for name in OF_CHECKS}


def _object_in(data: bytes) -> Json:
    values = json.loads(data)
    if not isinstance(values, dict):
        raise ValueError("it holds no JSON object")
    return values


def _write_json(url: str, values: Json) -> None:
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    storage.write(url, text.encode("utf-8", "backslashreplace"))
