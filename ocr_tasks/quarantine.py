"""A folder with the objects whose pages failed, and a command line each that shows the fault."""

import hashlib
import json
import re
import shlex
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, BinaryIO, cast

import yaml

from ocr_tasks import storage
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.archive.documents import StoredSource, stored_uri
from ocr_tasks.archive.media import (
    BMP,
    COMPRESSED_TAR,
    JPEG,
    JPEG2000,
    PDF,
    PNG,
    TAR,
    TIFF,
    WEBP,
    ZIP,
)
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import (
    ROW_ERRORS,
    ArchivePathError,
    DamagedFileError,
    PageError,
    SettingsError,
    StorageError,
    refuse_for_row,
)
from ocr_tasks.planning import TEXT_SECTIONS, PlannedRun
from ocr_tasks.records import ExpectedPage
from ocr_tasks.results.failed import FailedPage
from ocr_tasks.settings import flattened
from ocr_tasks.stores.filesystems import lies_in
from ocr_tasks.text.names import printable

Json = dict[str, Any]
LIST = "failures.jsonl"  # written last
COPIERS = 4  # threads that copy objects; they mostly wait for the stores
OBJECTS_A_COPIER = 32
BLOCK_BYTES = 1 << 20
EXTENSIONS = {
    JPEG: "jpg",
    PNG: "png",
    TIFF: "tif",
    BMP: "bmp",
    WEBP: "webp",
    JPEG2000: "jp2",
    PDF: "pdf",
    TAR: "tar",
    COMPRESSED_TAR: "tar",
    ZIP: "zip",
}
TOLD = ("schemes", *TEXT_SECTIONS)  # of a run's settings: those of `ocr-tasks ocr`
# What shows only where the object lies, and not in a member's bytes alone.
SHOWN_IN_PLACE = {ArchivePathError.code}


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy of a document: its name in the folder and its sha256, or why there is none."""

    page: ExpectedPage
    file: str | None
    sha256: str | None
    why_not: str | None = None


def fill(
    folder: str, run: PlannedRun, failed: Sequence[FailedPage], spec: DecodeSpec, defaults: Json
) -> Json:
    """Fills ``folder`` with the documents of the failed pages and ``failures.jsonl``.

    ``defaults`` are the settings of `ocr-tasks ocr`; those of the run that differ stand in the
    reproducers. Returns folder, copied (how many documents), and not_copied: source_uri,
    source_member and why_not of each that could not be. Where nothing failed, nothing is written.

    Raises:
        SettingsError: the folder is not empty, lies in the run's input, or cannot be written.
        StorageError: a store did not answer.
    """
    source = run.frozen.settings["input"]
    if lies_in(folder, source):
        raise SettingsError(f"{folder} lies in the input {source}, where it would be read")
    if storage.names_in(folder):
        raise SettingsError(f"{folder} is not empty: name a folder of its own")
    copies = copy_documents(folder, run.pages([page.page_id for page in failed]), spec)
    if failed:
        list_failures(folder, failed, copies, _unlike(run.frozen.settings, defaults))
    return {
        "folder": folder,
        "copied": sum(copy.file is not None for copy in copies),
        "not_copied": [
            {
                "source_uri": copy.page.source_uri,
                "source_member": copy.page.source_member,
                "why_not": copy.why_not,
            }
            for copy in copies
            if copy.file is None
        ],
    }


def _unlike(settings: Json, defaults: Json) -> Json:
    """By dotted key, the settings of `ocr-tasks ocr` that are not its defaults."""
    defaults = flattened(defaults)
    given = flattened({name: settings[name] for name in TOLD if name in settings})
    return {key: value for key, value in given.items() if value != defaults.get(key)}


def copy_documents(folder: str, pages: Sequence[ExpectedPage], spec: DecodeSpec) -> list[Copy]:
    """Copies into ``folder`` the documents these pages are of, each once, under names of ours.

    Of an archive's member the member's bytes alone. What is gone, was replaced or may not be read
    is not copied, and says why. ``pages`` are in the order of a manifest.
    """
    documents = list({page.source_id: page for page in pages}.values())
    objects = [list(group) for _, group in groupby(documents, key=stored_uri)]
    with ThreadPoolExecutor(min(COPIERS, 1 + len(objects) // OBJECTS_A_COPIER)) as copiers:
        copied = copiers.map(lambda documents: _copy_object(folder, documents, spec), objects)
        return [copy for copies in copied for copy in copies]


def _copy_object(folder: str, documents: list[ExpectedPage], spec: DecodeSpec) -> list[Copy]:
    copies = []
    with POOL.borrowed(spec) as decoder, ExitStack() as opened:
        source = StoredSource(stored_uri(documents[0]), decoder, opened)
        for page in documents:
            name = f"{_safe(page.source_id)}.{EXTENSIONS.get(page.media_type, 'bin')}"
            try:
                with source.document(page) as document:
                    _create(folder, name, document.file)
                    copies.append(Copy(page, name, document.sha256))
            except (PageError, StorageError) as error:
                refuse_for_row(error)
                copies.append(Copy(page, None, None, printable(str(error))))
    return copies


def _create(folder: str, name: str, file: BinaryIO) -> None:
    uri = storage.join(folder, name)
    if storage.create_from(uri, file, folder):
        return
    file.seek(0)
    with storage.open_seekable(uri) as stored:  # ours, if the answer to writing it was lost
        if _sha256(stored) != _sha256(file):
            raise SettingsError(f"{uri} was there already: name a folder of its own")


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _safe(source_id: str) -> str:
    """The id, which names a file; it comes out of a manifest that others may have written."""
    if re.fullmatch(r"[0-9a-f]{32}", source_id) is None:
        raise DamagedFileError(f"the manifest has a source id {source_id!r}")
    return source_id


def list_failures(
    folder: str, failed: Sequence[FailedPage], copies: Sequence[Copy], overrides: Json
) -> None:
    """Writes ``failures.jsonl``: a line for each failed page, with its copy and a reproducer."""
    by_source = {copy.page.source_id: copy for copy in copies}
    with tempfile.TemporaryFile() as file:
        for page in failed:
            line = _told(folder, page, by_source[page.source_id], overrides)
            file.write(json.dumps(line).encode() + b"\n")
        _create(folder, LIST, cast(BinaryIO, file))


def _told(folder: str, page: FailedPage, copy: Copy, overrides: Json) -> Json:
    in_place = copy.file is None or page.error_class in SHOWN_IN_PLACE
    where = stored_uri(copy.page) if in_place else storage.join(folder, str(copy.file))
    return asdict(page) | {
        "remedy": ROW_ERRORS.get(page.error_class, PageError).remedy,
        "file": copy.file,
        "sha256": copy.sha256,
        "not_copied": copy.why_not,
        "reproducer": reproducer(where, overrides),
    }


def reproducer(where: str, overrides: Json) -> str:
    """A shell's command line that reads ``where`` with these settings."""
    words = ["ocr-tasks", "ocr", _quoted(where)]
    for key, value in overrides.items():
        words += ["-o", shlex.quote(f"{key}={_as_yaml(value)}")]
    return " ".join(words)


def _quoted(where: str) -> str:
    """The word for a shell; bytes that are no UTF-8 as bash, ksh and zsh take them."""
    if where == printable(where):
        return shlex.quote(where)
    escaped = where.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(escaped)}'"


def _as_yaml(value: Any) -> str:
    """The value as YAML on one line; a word that means itself stands as it is."""
    if isinstance(value, str):
        if re.fullmatch(r"[\w./:+-]+", value) and yaml.safe_load(value) == value:
            return value
        return str(yaml.safe_dump(value, default_style='"', width=float("inf"))).strip()
    if isinstance(value, float):  # JSON's 1e-07 is a word to YAML
        return str(yaml.safe_dump(value)).split("\n")[0]
    return json.dumps(value)
