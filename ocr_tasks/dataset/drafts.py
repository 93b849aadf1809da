"""A draft between the gate and its publication: what was judged is what is published."""

import json
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.manifest import MANIFEST, SAMPLES, Draft, files_in, files_table
from ocr_tasks.dataset.outputs import write_json
from ocr_tasks.dataset.result import FOLDER
from ocr_tasks.errors import QualityRefusedError
from ocr_tasks.faults import damage_named
from ocr_tasks.stamps import file_of, whole_rows

Json = dict[str, Any]

DRAFT = "draft_dataset"
QUALITY = "quality.json"
REPORTS = ("report.html", "findings.parquet", "histogram.png")  # of the check, which go along


def write_draft(output: str, draft: Draft, quality: Json) -> None:
    """Writes a draft and the gate's word below the URL ``output``; the word comes last."""
    files = {f"made/{path}": data for path, data in draft.made.items()}
    files |= {MANIFEST: file_of(files_table(draft.files)), SAMPLES: file_of(draft.samples)}
    for name, data in files.items():
        storage.write(storage.join(output, DRAFT, name), data)
    write_json(storage.join(output, DRAFT, QUALITY), quality)


def read_draft(output: str, fingerprint: str) -> Draft:
    """The draft below the URL ``output``.

    Raises:
        QualityRefusedError: the gate has not passed a draft with this fingerprint there.
        DamagedFileError: it is not what was written.
        StorageError: the store did not answer.
    """
    folder = storage.join(output, DRAFT)
    with damage_named(folder):
        quality: Json = json.loads(storage.read_bytes(storage.join(folder, QUALITY)))
        if quality["fingerprint"] != fingerprint or not quality["success"]:
            raise QualityRefusedError(f"{folder} holds no draft {fingerprint} that passed the gate")
        files = files_in(storage.read_bytes(storage.join(folder, MANIFEST)))
        table = whole_rows(storage.read_bytes(storage.join(folder, SAMPLES)))
    made = {
        each.path: storage.read_bytes(storage.join(folder, "made", each.path))
        for each in files
        if each.role != "image"
    }
    return Draft(files, made, table)


def reports_of(output: str) -> dict[str, bytes]:
    """The report of the check and the gate's word, as they go along with a version."""
    beside = {name: storage.join(output, FOLDER, name) for name in REPORTS}
    beside[QUALITY] = storage.join(output, DRAFT, QUALITY)
    return {name: storage.read_bytes(uri) for name, uri in beside.items()}
