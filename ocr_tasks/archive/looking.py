"""What lies in a document or archive: its pages are counted and its members told apart.

Everything here opens hostile bytes, so it runs in a decoder process alone.
"""

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from ocr_tasks.archive.contents import Contents, refuse_document
from ocr_tasks.archive.media import ARCHIVES, EMPTY, HEAD_BYTES, PAGED, PDF, UNKNOWN, sniff
from ocr_tasks.archive.members import Member, OpenArchive
from ocr_tasks.archive.pdf import Passwords, count_pdf_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.tiff import count_directories
from ocr_tasks.errors import (
    EmptyInputError,
    OutOfMemoryError,
    PageError,
    TooLargeError,
    UnsupportedError,
)


def contents_of(
    file: BinaryIO,
    media_type: str,
    size: int,
    spec: DecodeSpec,
    passwords: Passwords,
    first: int,
    announce: Callable[[Member], None],
) -> Iterator[Contents]:
    """What lies in ``file``: the one document that it is, or those of an archive, in its order.

    A fault of the whole is the last of the answers. The archive's first ``first`` members were
    told before. Each other is announced before it is opened, as that may be the end of us.
    """
    is_empty = True
    try:
        if media_type not in ARCHIVES:
            yield Contents(media_type, _count_pages(file, media_type, spec, passwords))
            return
        archive = OpenArchive(file, media_type, size, spec.archives)
        for number, member in enumerate(archive.members()):
            is_empty = False
            if number < first:
                continue
            announce(member)
            yield _member_in(archive, member, spec, passwords)
        if is_empty:
            raise EmptyInputError("the archive holds no files")
    except PageError as error:
        yield Contents(media_type, 1, fault=error)


def _member_in(
    archive: OpenArchive, member: Member, spec: DecodeSpec, passwords: Passwords
) -> Contents:
    if member.fault is not None:
        return Contents(UNKNOWN, 1, member, member.fault)
    if member.size == 0:
        return Contents(EMPTY, 1, member, EmptyInputError("the member has no bytes"))
    media_type = UNKNOWN
    try:
        with archive.open(member.index) as opened:
            head = opened.read(HEAD_BYTES)
            media_type = sniff(head)
            if media_type in ARCHIVES:
                raise UnsupportedError("an archive within an archive: unpack the outer one")
            refuse_document(media_type, member.size, spec)
            if media_type not in PAGED:
                return Contents(media_type, 1, member)
            if archive.plain_tar:
                opened.seek(0)
                file = cast(BinaryIO, opened)
            else:  # to go back within what is compressed is to unpack it anew
                file = io.BytesIO(head + opened.read())
            return Contents(media_type, _count_pages(file, media_type, spec, passwords), member)
    except PageError as error:
        return Contents(media_type, 1, member, error)
    except MemoryError:
        return Contents(media_type, 1, member, OutOfMemoryError("its pages cannot be counted"))


def _count_pages(file: BinaryIO, media_type: str, spec: DecodeSpec, passwords: Passwords) -> int:
    if media_type == PDF:
        pages = count_pdf_pages(file, passwords)
    else:
        pages = count_directories(file, spec.max_pages)
    if pages > spec.max_pages:
        raise TooLargeError(f"it has more than {spec.max_pages} pages, see decode.max_pages")
    return pages
