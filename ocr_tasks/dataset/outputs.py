"""What a check leaves behind: result, findings, pictures, report."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ocr_tasks import storage
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.check import CheckedDataset
from ocr_tasks.dataset.facts import KnownImage, Objects, known_bytes, read_known
from ocr_tasks.dataset.inspection import Inspected
from ocr_tasks.dataset.pictures import demo_samples, histogram_png
from ocr_tasks.dataset.report import report_html
from ocr_tasks.dataset.result import FOLDER, RESULT, demo_path, result_of
from ocr_tasks.dataset.rules import Finding
from ocr_tasks.text.names import printable

Json = dict[str, Any]

CONVERT_RESULT = "convert_result.json"
SPLIT_RESULT = "split_dataset_result.json"
IMAGES = f"{FOLDER}/images.parquet"  # so that the next check or split decodes only what is new
FINDING = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("line", pa.int32(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("remedy", pa.string(), nullable=False),
    ]
)


def write_outputs(output: str, checked: CheckedDataset, spec: DecodeSpec) -> Json:
    """Writes all that a check leaves below the URL ``output``; returns the result.

    The result is written last: where it stands, the other files do too.

    Raises:
        SettingsError: nothing may be written there.
        StorageError: a store did not answer.
    """
    demos = demo_samples(checked, spec)
    histogram = histogram_png(checked)
    result = result_of(checked, demos)
    files = {demo_path(demo): demo.jpeg for demo in demos}
    files[f"{FOLDER}/histogram.png"] = histogram
    files[f"{FOLDER}/findings.parquet"] = findings_bytes(checked.findings)
    files[f"{FOLDER}/report.html"] = report_html(checked, result, demos, histogram)
    files[IMAGES] = known_bytes(checked.dataset.objects, checked.images)
    for name, data in files.items():
        storage.write(storage.join(output, name), data)
    write_result(output, result)
    return result


def write_result(output: str, result: Json) -> None:
    """Writes the result of a check, in place of that of one before."""
    write_json(storage.join(output, RESULT), result)


def write_split(
    output: str, result: Json, objects: Objects, images: Mapping[str, Inspected]
) -> None:
    """Writes what a split did, in place of that of one before, and what it knows of images."""
    storage.write(storage.join(output, IMAGES), known_bytes(objects, images))
    write_json(storage.join(output, SPLIT_RESULT), result)


def write_convert(output: str, result: Json) -> None:
    """Writes what a conversion did, in place of that of one before."""
    write_json(storage.join(output, CONVERT_RESULT), result)


def known_images(output: str) -> dict[str, KnownImage]:
    """What the check or split before has found of images, by their names; perhaps nothing."""
    return read_known(storage.join(output, IMAGES))


def write_json(url: str, values: Json) -> None:
    """Writes JSON for people and tools; surrogates, which no UTF-8 has, are escaped."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    storage.write(url, text.encode("utf-8", "backslashreplace"))


def findings_bytes(findings: Sequence[Finding]) -> bytes:
    """A Parquet file with a row a finding."""
    rows = [_row(finding) for finding in findings]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=FINDING), sink)
    return bytes(sink.getvalue())


def _row(finding: Finding) -> Json:
    rule, place = finding.rule, finding.place
    return {
        "code": rule.code,
        "severity": str(rule.severity),
        "part": place.part,
        "file": place.file,
        "line": place.line,
        "path": printable(place.path),
        "message": printable(finding.message),
        "remedy": rule.remedy,
    }
