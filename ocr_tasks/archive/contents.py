"""What was found in a stored object: its documents, as they are told between processes."""

from dataclasses import dataclass
from typing import Any

from ocr_tasks.archive.media import ARCHIVES, DOCUMENTS, EMPTY
from ocr_tasks.archive.members import Member
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import (
    PAGE_ERRORS,
    ArchiveBombError,
    EmptyInputError,
    PageError,
    TooLargeError,
    UnsupportedError,
)

Json = dict[str, Any]

MB = 1_000_000
MAX_NAME = 4_096  # characters of a name or message that are told
MAX_INDEX, MAX_SIZE = 1 << 31, 1 << 62  # what a manifest can hold


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
        PageError: EmptyInputError, UnsupportedError or TooLargeError.
    """
    if media_type == EMPTY:
        raise EmptyInputError("it begins with nothing but zeros")
    if media_type not in DOCUMENTS:
        raise UnsupportedError(f"{media_type} is not a scan")
    if size > spec.max_document_mb * MB:
        raise TooLargeError(f"{size / MB:.0f} MB are more than decode.max_document_mb")


def told_contents(found: Contents) -> Json:
    """What was found as JSON values, without the member it was found in."""
    fault = None if found.fault is None else told_fault(found.fault)
    return {"media_type": found.media_type, "pages": found.pages, "fault": fault}


def told_member(member: Member) -> list[Any]:
    """A member as JSON values, without its fault."""
    return [member.index, _text(member.name), member.size, member.offset]


def told_fault(fault: PageError) -> list[str]:
    """An error as JSON values."""
    return [fault.code, _text(str(fault))]


def heard_fault(values: list[str]) -> PageError:
    """The error that ``told_fault`` made of JSON values.

    Raises:
        LookupError, TypeError, ValueError: it made nothing of the kind, as below.
    """
    code, message = values
    return PAGE_ERRORS[code](_text(message))


def _text(value: str) -> str:
    """Text that can be stored, and is no longer than it may be."""
    return str(value)[:MAX_NAME].encode("utf-8", "backslashreplace").decode()


class Telling:
    """What a decoder has told of a stored object. It may have been taken over by what it opened.

    So what it tells next has to fit: members in their order, and no two of one index, as each is
    a document whose pages are counted on until the run is sealed.
    """

    def __init__(self, spec: DecodeSpec, media_type: str, size: int) -> None:
        """Nothing so far, of an object of that kind and ``size`` bytes."""
        self.told = 0
        self.member: Member | None = None  # announced, and not yet told
        self._max_pages = spec.max_pages
        self._max_members = spec.archives.max_members if media_type in ARCHIVES else 0
        self._size = size
        self._pages = 0
        self._last = -1
        self._ended = False

    def hear(self, message: Json, _: bytearray) -> Contents | None:
        """The document that a message tells of, if it does.

        Raises:
            LookupError, TypeError, ValueError, OverflowError: it does not fit.
            ArchiveBombError: the members have too many pages.
        """
        if "done" in message:
            if self.told == 0:
                raise ValueError("the object holds nothing, not even a fault")
            return None
        if self._ended:
            raise ValueError("the object was told to its end")
        if "member" in message:
            self._announced(message["member"])
            return None
        fault = None if message["fault"] is None else heard_fault(message["fault"])
        pages = 1 if fault is not None else int(message["pages"])
        if not 1 <= pages <= self._max_pages:
            raise ValueError(f"{pages} pages")
        self._pages += pages
        if self.member is not None and self._pages > self._max_members:
            raise ArchiveBombError(f"its files have more than {self._max_members} pages")
        found = Contents(_text(message["media_type"]), pages, self.member, fault)
        self._ended = self.member is None
        self.pass_over()
        return found

    def pass_over(self) -> None:
        """Goes on to the next member."""
        self.told += 1
        self.member = None

    def _announced(self, values: list[Any]) -> None:
        index, size = int(values[0]), int(values[2])
        offset = None if values[3] is None else int(values[3])
        if self.member is not None or not self._last < index < MAX_INDEX:
            raise ValueError(f"member {index} behind {self._last}")
        if self.told >= self._max_members:
            raise ValueError("more members than there may be")
        first, most = (0, MAX_SIZE) if offset is None else (offset, self._size)
        if first < 0 or size < 0 or first + size > most:
            raise ValueError(f"{size} bytes at {offset}")
        self.member = Member(index, _text(values[1]), size, offset, None)
        self._last = index
