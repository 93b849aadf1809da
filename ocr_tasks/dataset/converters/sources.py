"""A source of labels: its files, read by their formats, and the image of every page."""

import posixpath
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from ocr_tasks import storage
from ocr_tasks.dataset.converters.formats import (
    EVERY_ENDING,
    FORMATS,
    HEAD_BYTES,
    Format,
    format_of,
)
from ocr_tasks.dataset.converters.labelled import LabelledPage
from ocr_tasks.dataset.converters.source_images import SourceImages
from ocr_tasks.dataset.groups import META
from ocr_tasks.errors import (
    LabelFileError,
    OcrTasksError,
    PageError,
    StorageError,
    refuse_for_row,
)
from ocr_tasks.records import ExpectedPage
from ocr_tasks.storage import StoredObject
from ocr_tasks.text.names import printable

# Folders that say what lies in them, and not of which document it is.
KINDS_OF_FILES = frozenset(
    {"alto", "gt", "ground-truth", "ground_truth", "groundtruth", "labels", "page", "xml"}
)


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page to be converted: its labels, and the stored image or the archive's page they are of.

    ``key`` names it among all of the source, ``name`` is what its samples are called after, and
    ``document`` their group. ``regions`` are its labels'.
    """

    key: str
    name: str
    document: str
    labels: LabelledPage
    image: StoredObject | ExpectedPage


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file of labels or a page that could not be converted, and why.

    ``regions`` of it are known and lost with it.
    """

    file: str
    error_class: str
    message: str
    remedy: str
    regions: int = 0


def bad_file(file: str, error: OcrTasksError, regions: int = 0) -> BadFile:
    """The entry of what met this error."""
    return BadFile(printable(file), error.code, printable(str(error)), error.remedy, regions)


@dataclass(slots=True)
class Source:
    """The pages of a source by their keys, what of it is bad, and how many files each format has.

    ``others`` is how many files are called as one with labels and hold none.
    """

    pages: dict[str, SourcePage] = field(default_factory=dict)
    bad: list[BadFile] = field(default_factory=list)
    files: Counter[str] = field(default_factory=Counter)
    others: int = 0

    def take(self, page: SourcePage) -> None:
        """Adds a page, unless there is one of its key."""
        if page.key in self.pages:
            twice = LabelFileError("the page is there twice")
            self.bad.append(bad_file(page.key, twice, page.labels.region_count))
        else:
            self.pages[page.key] = page


def read_source(
    root: str, kind: str, document: re.Pattern[str] | None, passed_over: Collection[str]
) -> Source:
    """Every file of labels below the URL ``root``; those named in ``passed_over`` are none.

    ``kind`` is the name of a format or ``auto``. ``document`` finds a page's document in its path.

    Raises:
        SettingsError: there is nothing at ``root``.
        StorageError: the store did not answer.
    """
    prefix = f"{root}/"
    objects = {found.uri.removeprefix(prefix): found for found in storage.list_objects(root)}
    reading = _Reading(kind, document, SourceImages(objects.items()))
    endings = EVERY_ENDING if kind == "auto" else FORMATS[kind].endings
    for path, stored in objects.items():
        if path.endswith(endings) and not path.endswith(META) and path not in passed_over:
            reading.take(path, stored)
    return reading.source


@dataclass(slots=True)
class _Reading:
    """A source that is being read, file by file."""

    kind: str
    document: re.Pattern[str] | None
    images: SourceImages
    source: Source = field(default_factory=Source)

    def take(self, path: str, stored: StoredObject) -> None:
        """Adds the pages of a file, if it has labels, or why it cannot be read."""
        try:
            self._read(path, stored)
        except (LabelFileError, PageError, StorageError) as error:
            if isinstance(error, StorageError):
                refuse_for_row(error)
            self.source.bad.append(bad_file(path, error))
        except FileNotFoundError:
            gone = LabelFileError("it is gone since the source was listed")
            self.source.bad.append(bad_file(path, gone))

    def _read(self, path: str, stored: StoredObject) -> None:
        stem, ending = posixpath.splitext(posixpath.basename(path))
        if not stored.is_regular:
            raise LabelFileError("not a regular file: a link, device, pipe or something else")
        head = storage.read_bytes(stored.uri, 0, HEAD_BYTES, as_listed=True)
        format_ = format_of(head, stem, ending) if self.kind == "auto" else FORMATS[self.kind]
        if format_ is None:
            self.source.others += 1
            return
        self.source.files[format_.name] += 1
        if stored.size > format_.most_bytes:
            raise LabelFileError(f"{stored.size} bytes are more than such a file may have")
        data = storage.read_whole(stored.uri, stored.size, stored.version)
        for labels in format_.read(data, stem):
            if isinstance(labels, LabelFileError):
                self.source.bad.append(bad_file(path, labels))
            else:
                self._take_page(path, labels, format_)

    def _take_page(self, path: str, labels: LabelledPage, format_: Format) -> None:
        shown = printable(path)
        key = f"{shown}#{labels.name}" if labels.name else shown
        name = posixpath.splitext(shown)[0]
        if labels.name:
            name = posixpath.join(posixpath.dirname(shown), labels.name)
        try:
            image = self.images.find(labels.image, path)
        except LabelFileError as error:
            self.source.bad.append(bad_file(key, error, labels.region_count))
            return
        document = self._document_of(name, format_)
        self.source.take(SourcePage(key, name, document, labels, image))

    def _document_of(self, name: str, format_: Format) -> str:
        """The document of a page: by the pattern, by the folders it lies in, or the page itself."""
        if self.document is not None:
            found = self.document.search(name)
            return found[1 if self.document.groups else 0] if found else name
        if not format_.has_documents:
            return name
        folders = [each for each in name.split("/")[:-1] if each.lower() not in KINDS_OF_FILES]
        return "/".join(folders) or name
