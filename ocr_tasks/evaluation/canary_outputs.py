"""What a canary leaves behind: its numbers as JSON, and a page with the lines that changed."""

import json
from collections.abc import Mapping
from typing import Any

from ocr_tasks import storage
from ocr_tasks.evaluation.canary import CanaryReport, ChangedLine
from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.imaging.drawing import jpeg_bytes
from ocr_tasks.reports.rendering import data_url, html_page
from ocr_tasks.text.metrics import wrong_pieces

Json = dict[str, Any]

CANARY = "canary"
NUMBERS = {  # of a report: how each is called, and shown
    "pages": ("pages", "{:d}"),
    "failed": ("pages that it fails on", "{:d}"),
    "unreadable": ("pages whose files are gone, or others by now", "{:d}"),
    "changed_pages": ("pages with another text", "{:d}"),
    "lines": ("lines", "{:d}"),
    "same": ("lines with the same text", "{:d}"),
    "changed_lines": ("lines with another text", "{:d}"),
    "lost": ("lines that are not there any more", "{:d}"),
    "new": ("lines that were not there", "{:d}"),
    "edit_rate": ("CER between both readings", "{:.4f}"),
    "confidence_shift": ("change of confidence, mean", "{:+.4f}"),
    "confidence_shift_p10": ("a tenth of the lines changed by less than", "{:+.4f}"),
}


def write_canary(
    output: str, told: Json, report: CanaryReport, crops: Mapping[ChangedLine, Pixels]
) -> None:
    """Writes canary.html and canary.json below the URL ``output``.

    ``told`` has the run's id and the models ``before`` and ``after``, by name and sha256.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: the store did not answer.
    """
    page = html_page(
        "canary.html",
        told=told,
        ruling=report.ruling,
        numbers=canary_rows(report.as_json()),
        failed=report.failed,
        unreadable=report.unreadable,
        lines=[_line(line, crops.get(line)) for line in report.changed],
    )
    storage.write(storage.join(output, f"{CANARY}.html"), page)
    text = json.dumps(told | report.as_json(), indent=2, ensure_ascii=False) + "\n"
    data = text.encode("utf-8", "backslashreplace")
    storage.write(storage.join(output, f"{CANARY}.json"), data)


def canary_rows(report: Json) -> list[tuple[str, str]]:
    """The numbers of a report, as JSON values, in words: for a terminal and for a page alike."""
    values = report | {name: len(report[name]) for name in ("failed", "unreadable")}
    return [(said, form.format(values[key])) for key, (said, form) in NUMBERS.items()]


def _line(line: ChangedLine, crop: Pixels | None) -> Json:
    return {
        "place": f"{line.page_id}, line {line.line_index}",
        "before": line.before,
        "pieces": wrong_pieces(line.before, line.after),
        "confidences": [_shown(line.confidence_before), _shown(line.confidence_after)],
        "picture": None if crop is None else data_url(jpeg_bytes(crop), "image/jpeg"),
    }


def _shown(confidence: float | None) -> str:
    return "none" if confidence is None else f"{confidence:.2f}"
