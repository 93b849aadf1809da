"""Which format a file of labels is in, and what reads it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ocr_tasks.dataset.converters.alto import pages_of_alto
from ocr_tasks.dataset.converters.hiertext import looks_like_hiertext, pages_of_hiertext
from ocr_tasks.dataset.converters.icdar import looks_like_icdar, pages_of_icdar
from ocr_tasks.dataset.converters.labelled import LabelledPage
from ocr_tasks.dataset.converters.page_xml import pages_of_page_xml
from ocr_tasks.errors import LabelFileError

FormatName = Literal["hiertext", "icdar", "page", "alto"]
HEAD_BYTES = 1 << 16  # in which a file shows its format
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(PcGts|alto)[\s>]")

# From a file's bytes and its name without ending.
Reader = Callable[[bytes, str], Iterator[LabelledPage | LabelFileError]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: how its files' names end, what reads them, and how many bytes they may have.

    Where it ``has_documents``, the files of a folder are the pages of one; else each image is by
    itself.
    """

    name: FormatName
    endings: tuple[str, ...]
    read: Reader
    has_documents: bool
    most_bytes: int = 1 << 25


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("hiertext", (".jsonl", ".json"), pages_of_hiertext, False, 1 << 29),
        Format("icdar", (".txt",), pages_of_icdar, False),
        Format("page", (".xml",), pages_of_page_xml, True),
        Format("alto", (".xml",), pages_of_alto, True),
    )
}
EVERY_ENDING = tuple(ending for each in FORMATS.values() for ending in each.endings)


def format_of(head: bytes, stem: str, ending: str) -> Format | None:
    """The format of a file that begins with ``head``; None if it holds no labels of pages."""
    if ending == ".xml":
        root = _ROOT.search(head.replace(b"\0", b""))  # as in UTF-16
        return None if root is None else FORMATS["alto" if root[1] == b"alto" else "page"]
    if ending == ".txt":
        return FORMATS["icdar"] if looks_like_icdar(head, stem) else None
    return FORMATS["hiertext"] if looks_like_hiertext(head) else None
