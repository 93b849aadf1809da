"""The pages of a TIFF, counted by its chain of directories (TIFF 6.0, section 2; BigTIFF).

Decoders stop at the first directory they cannot read and say nothing of the pages behind it.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from ocr_tasks.errors import NotImageError, TruncatedError

ByteOrder = Literal["little", "big"]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How wide the fields are: of a classic TIFF, or of a BigTIFF, which has longer offsets."""

    order: ByteOrder
    count: int
    entry: int
    offset: int

    def number(self, data: bytes) -> int:
        return int.from_bytes(data, self.order)


def count_directories(file: BinaryIO, most: int) -> int:
    """How many pages there are to expect, counted no further than one beyond ``most``.

    Where the file ends before its chain does, what is lost counts as one page more.

    Raises:
        TruncatedError: it ends before its first page.
        NotImageError: it has no page.
    """
    found = 0
    try:
        for _ in _directories(file):
            found += 1
            if found > most:
                break
    except TruncatedError:
        if not found:
            raise
        return found + 1
    if not found:
        raise NotImageError("it has no page")
    return found


def refuse_lost_page(data: bytes, page_index: int) -> None:
    """Makes sure that the directory of a page is there.

    Raises:
        TruncatedError: the file ends before it does.
        NotImageError: the chain ends without it.
    """
    for index, _ in enumerate(_directories(io.BytesIO(data))):
        if index == page_index:
            return
    raise NotImageError(f"it has no page {page_index}")


def _directories(file: BinaryIO) -> Iterator[int]:
    """Where each page's directory lies; a chain that comes back to itself ends there."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    header = file.read(16)
    layout = _layout(header)
    at = layout.number(header[layout.offset : 2 * layout.offset])  # as wide as what it follows
    seen: set[int] = set()
    while at and at not in seen:
        seen.add(at)
        end = size
        if at < size:
            file.seek(at)
            entries = layout.number(file.read(layout.count))
            end = at + layout.count + entries * layout.entry
        if end + layout.offset > size:
            raise TruncatedError(f"it ends before page {len(seen) - 1}, and all from there is lost")
        yield at
        file.seek(end)
        at = layout.number(file.read(layout.offset))


def _layout(header: bytes) -> _Layout:
    order: ByteOrder = "little" if header.startswith(b"II") else "big"
    is_big = int.from_bytes(header[2:4], order) == 43
    if len(header) < (16 if is_big else 8):
        raise TruncatedError("it ends within its header")
    return _Layout(order, 8, 20, 8) if is_big else _Layout(order, 2, 12, 4)
