"""What was found in a stored object: its documents, as they are told between processes."""

from dataclasses import dataclass
from typing import Any

from ocr_tasks.archive.media import DOCUMENTS
from ocr_tasks.archive.members import Member
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import PageError, TooLargeError, UnsupportedError

Json = dict[str, Any]

MB = 1_000_000
MAX_NAME = 4_096  # characters of a name or message that are told
_BY_CODE = {kind.code: kind for kind in PageError.__subclasses__()}


@dataclass(frozen=True, slots=True)
class Contents:
    """A document and how many pages it has, or why it has none to read.

    ``member`` is None where the stored object is the document itself.
    """

    media_type: str
    pages: int
    member: Member | None = None
    fault: PageError | None = None


def refuse_document(media_type: str, size: int, spec: DecodeSpec) -> None:
    """Makes sure that what begins like this may be opened as a document.

    Raises:
        PageError: UnsupportedError or TooLargeError.
    """
    if media_type not in DOCUMENTS:
        raise UnsupportedError(f"{media_type} is not a scan")
    if size > spec.max_document_mb * MB:
        raise TooLargeError(f"{size / MB:.0f} MB are more than decode.max_document_mb")


def told_member(member: Member) -> list[Any]:
    """A member as JSON values, without its fault."""
    return [member.index, member.name[:MAX_NAME], member.size, member.offset]


def heard_member(values: list[Any]) -> Member:
    """The member that ``told_member`` made of JSON values."""
    index, name, size, offset = values
    return Member(int(index), str(name), int(size), None if offset is None else int(offset), None)


def told_fault(fault: PageError) -> list[str]:
    """An error as JSON values."""
    return [fault.code, str(fault)[:MAX_NAME]]


def heard_fault(values: list[str]) -> PageError:
    """The error that ``told_fault`` made of JSON values."""
    code, message = values
    return _BY_CODE[code](message)
