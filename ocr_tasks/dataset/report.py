"""The report of a check: one HTML file that needs nothing else and loads nothing."""

import base64
import html
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ocr_tasks.dataset.check import CheckedDataset
from ocr_tasks.dataset.pictures import DemoSample
from ocr_tasks.dataset.result import OWN_KEY
from ocr_tasks.dataset.rules import Finding, Rule
from ocr_tasks.text.names import printable, visible

Json = dict[str, Any]

SHOWN = 100  # findings of a rule; all of them are in findings.parquet

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Check of a dataset</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { border: 1px solid #ccc; padding: .3rem .5rem; text-align: left; vertical-align: top; }
td.n { text-align: right; }
.critical { color: #a40000; font-weight: bold; }
.warning { color: #8a5a00; }
.passed { color: #1a6b1a; }
code, td.m { overflow-wrap: anywhere; }
figure { display: inline-block; margin: .5rem; max-width: 100%; vertical-align: top; }
img { max-width: 100%; border: 1px solid #ccc; }
figure img { max-height: 12rem; }
figcaption { max-width: 28rem; overflow-wrap: anywhere; }
</style></head><body>
"""


def report_html(
    checked: CheckedDataset, result: Json, demos: Sequence[DemoSample], histogram: bytes
) -> bytes:
    """The report as UTF-8. Whatever comes from the dataset is escaped."""
    own = result[OWN_KEY]
    sections = [
        HEAD,
        f"<h1>Check of <code>{_text(checked.dataset.root)}</code></h1>",
        _verdict(result),
        _numbers(checked, own),
        "<h2>Rules that were broken</h2>" if own["findings"] else "<p>There are no findings.</p>",
        _rules(own["findings"]),
        _characters(own["characters_outside_dict"]),
        "<h2>Sizes and lengths</h2>",
        f'<img alt="Histograms of sizes and lengths" src="{_data_url(histogram, "image/png")}">',
        "<h2>Samples</h2>",
        *map(_figure, demos),
        *_findings(checked.findings),
        "</body></html>\n",
    ]
    return "\n".join(sections).encode("utf-8", "backslashreplace")


def _text(text: str) -> str:
    return html.escape(visible(printable(text)))


def _data_url(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML already."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>\n{body}</table>"


def _verdict(result: Json) -> str:
    if result["done_flag"]:
        return '<p class="passed">Check dataset passed !</p>'
    return f'<p class="critical">Check dataset failed: {_text(result["err_msg"])}</p>'


def _numbers(checked: CheckedDataset, own: Json) -> str:
    samples = ", ".join(f"{count} in {part}" for part, count in own["samples"].items())
    rows = [
        ("layout", checked.dataset.type),
        ("samples", samples),
        ("images that could be decoded", str(own["images_decoded"])),
        ("groups", f"{own['groups']}; {own['samples_without_group']} samples have none"),
        ("findings", f"{own['critical']} critical, {own['warnings']} warnings"),
    ]
    return _table(("", ""), rows)


def _rules(counted: Sequence[Json]) -> str:
    if not counted:
        return ""
    rows = [
        (
            f'<a href="#{each["code"]}">{each["code"]}</a>',
            f'<span class="{each["severity"]}">{each["severity"]}</span>',
            str(each["count"]),
            html.escape(each["meaning"]),
            html.escape(each["remedy"]),
        )
        for each in counted
    ]
    return _table(("Code", "Severity", "Findings", "What it means", "Remedy"), rows)


def _characters(outside: dict[str, int]) -> str:
    if not outside:
        return ""
    rows = [
        (_text(character), f"U+{ord(character):04X}", str(count))
        for character, count in outside.items()
    ]
    heads = ("Character", "Code point", "Times")
    return "<h2>Characters that the dictionary lacks</h2>" + _table(heads, rows)


def _figure(demo: DemoSample) -> str:
    place, label = demo.sample.place, demo.sample.label
    caption = f"{_text(str(place))}<br>{_text(label[:300])}"
    source = _data_url(demo.jpeg, "image/jpeg")
    return f'<figure><img alt="" src="{source}"><figcaption>{caption}</figcaption></figure>'


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    """A table for each rule that was broken."""
    by_rule: dict[Rule, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)
    for rule, broken in by_rule.items():
        yield f'<h2 id="{rule.code}">{rule.code}</h2><p>{html.escape(rule.remedy)}</p>'
        rows = [
            (_text(str(each.place)), _text(each.place.path), _text(each.message))
            for each in broken[:SHOWN]
        ]
        yield _table(("Line", "Image", "What"), rows)
        if len(broken) > SHOWN:
            yield f"<p>and {len(broken) - SHOWN} more, in findings.parquet</p>"
