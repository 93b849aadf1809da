"""The result of a check as JSON: what PaddleX's tools read, and under a key of ours the rest."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ocr_tasks import __version__
from ocr_tasks.dataset.balance import balance_of
from ocr_tasks.dataset.check import CheckedDataset
from ocr_tasks.dataset.label_rules import characters_outside
from ocr_tasks.dataset.pictures import DemoSample
from ocr_tasks.dataset.rules import Rule, Severity
from ocr_tasks.dataset.samples import PARTS, TRAIN, VAL
from ocr_tasks.errors import CheckFailedError, OcrTasksError

Json = dict[str, Any]

RESULT = "check_dataset_result.json"
FOLDER = "check_dataset"  # of everything else, beside the result; PaddleX's paths begin with it
OWN_KEY = "ocr_tasks"


def result_of(checked: CheckedDataset, demos: Sequence[DemoSample]) -> Json:
    """The result of a check that was done, whether the dataset passed it or not."""
    own = {OWN_KEY: _own(checked)}
    if checked.critical:
        return failed_result(CheckFailedError(_why_not(checked))) | own
    return {
        "done_flag": True,
        "check_pass": True,
        "attributes": _attributes(checked, demos),
        "analysis": {"histogram": f"{FOLDER}/histogram.png"},
        "dataset_path": checked.dataset.root.rsplit("/", 1)[-1],
        "show_type": "image",
        "dataset_type": checked.dataset.type,
    } | own


def failed_result(error: OcrTasksError) -> Json:
    """The result of a check that failed, or could not be done."""
    return {"done_flag": False, "err_type": type(error).__name__, "err_msg": str(error)}


def demo_path(demo: DemoSample) -> str:
    """Where the picture of a sample lies, beside the result."""
    return f"{FOLDER}/demo_img/{demo.name}"


def _attributes(checked: CheckedDataset, demos: Sequence[DemoSample]) -> Json:
    attributes: Json = {}
    for part in (TRAIN, VAL):
        attributes[f"{part}_samples"] = len(checked.dataset.of_part(part))
        shown = [demo_path(demo) for demo in demos if demo.sample.part == part]
        attributes[f"{part}_sample_paths"] = shown
    return attributes


def _why_not(checked: CheckedDataset) -> str:
    counts = Counter(finding.rule.code for finding in checked.critical)
    rules = ", ".join(f"{count} {code}" for code, count in counts.most_common())
    return f"{len(checked.critical)} critical findings: {rules}"


def _own(checked: CheckedDataset) -> Json:
    dataset = checked.dataset
    counts = Counter(finding.rule for finding in checked.findings)
    groups = {sample.group for sample in dataset.samples if sample.group is not None}
    return {
        "version": __version__,
        "dataset": dataset.root,
        "samples": {part: len(dataset.of_part(part)) for part in PARTS},
        "images_decoded": len(checked.facts),
        "groups": len(groups),
        "samples_without_group": sum(sample.group is None for sample in dataset.samples),
        "critical": len(checked.critical),
        "warnings": len(checked.findings) - len(checked.critical),
        "findings": [_counted(rule, count) for rule, count in _worst_first(counts)],
        "characters_outside_dict": dict(outside_dict(checked).most_common()),
        "balance": balance_of(dataset),
        "files": {
            "findings": f"{FOLDER}/findings.parquet",
            "report": f"{FOLDER}/report.html",
        },
    }


def _worst_first(counts: Counter[Rule]) -> list[tuple[Rule, int]]:
    return sorted(counts.items(), key=lambda pair: (pair[0].severity is Severity.WARNING, -pair[1]))


def _counted(rule: Rule, count: int) -> Json:
    return {
        "code": rule.code,
        "severity": str(rule.severity),
        "count": count,
        "meaning": rule.meaning,
        "remedy": rule.remedy,
    }


def outside_dict(checked: CheckedDataset) -> Counter[str]:
    """The characters of all labels that the dictionary lacks, and how often they stand there."""
    dictionary = checked.dataset.dictionary
    if dictionary is None:
        return Counter()
    total: Counter[str] = Counter()
    for sample in checked.dataset.samples:
        total += characters_outside(sample.label, dictionary)
    return total
