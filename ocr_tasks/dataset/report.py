"""The report of a check: one HTML file."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ocr_tasks.dataset.check import CheckedDataset
from ocr_tasks.dataset.pictures import DemoSample
from ocr_tasks.dataset.result import OWN_KEY
from ocr_tasks.dataset.rules import Finding, Rule
from ocr_tasks.reports.rendering import data_url, html_page

Json = dict[str, Any]

SHOWN = 100  # findings of a rule; all of them are in findings.parquet
LABEL = 300  # characters of a label under its picture


def report_html(
    checked: CheckedDataset, result: Json, demos: Sequence[DemoSample], histogram: bytes
) -> bytes:
    """The report as UTF-8. Whatever comes from the dataset is escaped."""
    return html_page(
        "check.html",
        root=checked.dataset.root,
        type=checked.dataset.type,
        result=result,
        own=result[OWN_KEY],
        histogram=data_url(histogram, "image/png"),
        demos=[_shown(demo) for demo in demos],
        broken=_by_rule(checked.findings),
        most=SHOWN,
    )


def _shown(demo: DemoSample) -> Json:
    return {
        "picture": data_url(demo.jpeg, "image/jpeg"),
        "place": demo.sample.place,
        "label": demo.sample.label[:LABEL],
    }


def _by_rule(findings: Sequence[Finding]) -> dict[Rule, list[Finding]]:
    broken: dict[Rule, list[Finding]] = defaultdict(list)
    for finding in findings:
        broken[finding.rule].append(finding)
    return broken
