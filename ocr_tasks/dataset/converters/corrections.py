"""What people corrected in results: lines of JSON, each of which names a line of a page."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.converters.parsing import is_text
from ocr_tasks.errors import LabelFileError

ENDING = ".jsonl"


@dataclass(slots=True)
class Corrections:
    """The corrected lines by page and run: the text by line index, or None where there is none.

    The run is None where a correction does not name one. ``bad`` are lines of files that are no
    corrections, by file and number.
    """

    texts: dict[tuple[str, str | None], dict[int, str | None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    bad: list[tuple[str, LabelFileError]] = field(default_factory=list)

    def pages(self) -> set[str]:
        """The ids of the pages that have corrections."""
        return {page_id for page_id, _ in self.texts}


def read_corrections(url: str) -> Corrections:
    """The corrections in the file ``url``, or in all files ``*.jsonl`` below it, by their names.

    A line is {"page_id", "line_index", "text"}, perhaps with "run_id". Its text is what the image
    says, also where that was right before; null has the line left out. Of several for one line the
    last counts.

    Raises:
        SettingsError: there is nothing at ``url``.
        StorageError: the store did not answer.
    """
    corrections = Corrections()
    for found in storage.list_objects(url):
        if not found.uri.endswith(ENDING):
            continue
        lines = storage.read_bytes(found.uri, as_listed=True).split(b"\n")
        for number, line in enumerate(lines, start=1):
            if line.strip():
                name = f"{found.uri.rpartition('/')[2]}:{number}"
                _take(corrections, name, line)
    return corrections


def _take(corrections: Corrections, name: str, line: bytes) -> None:
    try:
        value: Any = json.loads(line)
        page_id, index, text = value["page_id"], value["line_index"], value["text"]
        run_id = value.get("run_id")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        fault = LabelFileError("it is no JSON object with page_id, line_index and text")
        corrections.bad.append((name, fault))
        return
    is_index = isinstance(index, int) and not isinstance(index, bool)
    are_names = isinstance(page_id, str) and isinstance(run_id, str | None)
    is_label = text is None or (isinstance(text, str) and is_text(text))
    if is_index and are_names and is_label:
        corrections.texts[page_id, run_id][index] = text
    else:
        fault = LabelFileError("page_id, line_index, text or run_id is of another kind")
        corrections.bad.append((name, fault))
