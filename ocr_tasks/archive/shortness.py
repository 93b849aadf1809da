"""Whether a file was cut short, by what its format says of its length."""

from ocr_tasks.archive.media import BMP, JPEG, JPEG2000, PNG, WEBP

PNG_SIGNATURE, PNG_CHUNK = 8, 12  # bytes; a chunk's are those of length, type and checksum
JP2_BOX, JP2_LONG_BOX = 8, 16  # bytes of a box's header
JP2_SIGNATURE_BOX = b"\x00\x00\x00\x0cjP  "
END_MARK = b"\xff\xd9"  # of JPEG and of JPEG 2000 alike


def is_cut_short(data: bytes, media_type: str) -> bool:
    """Whether less has come of a file than its own headers announce.

    A TIFF says nothing of its length; ``ocr_tasks.archive.tiff`` follows its directories.
    """
    if media_type == JPEG:
        return data.find(END_MARK, _end_of_segments(data)) < 0
    if media_type == JPEG2000:  # whose compressed pixels cannot hold the mark by chance
        return data.find(END_MARK, _start_of_codestream(data)) < 0
    if media_type == PNG:
        return _png_end(data) > len(data)
    if media_type == WEBP:  # RIFF: the length of what follows these eight bytes
        return 8 + int.from_bytes(data[4:8], "little") > len(data)
    return media_type == BMP and int.from_bytes(data[2:6], "little") > len(data)


def _end_of_segments(data: bytes) -> int:
    """Where a JPEG's compressed pixels begin, or where its segments lead (ITU T.81, B.1.1).

    In the segments an end mark may be that of a thumbnail.
    """
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker == 0xDA:
            break
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return position


def _png_end(data: bytes) -> int:
    """Where a PNG's last chunk ends, as its chunks say it (PNG 3rd edition, 5.3)."""
    position = PNG_SIGNATURE
    while position + PNG_CHUNK <= len(data):
        kind = data[position + 4 : position + 8]
        position += PNG_CHUNK + int.from_bytes(data[position : position + 4], "big")
        if kind == b"IEND":
            return position
    return max(position, len(data) + 1)


def _start_of_codestream(data: bytes) -> int:
    """Where JPEG 2000's compressed pixels begin, behind the boxes of a JP2 (ISO 15444-1, I.4)."""
    position = 0
    while data.startswith(JP2_SIGNATURE_BOX) and position + JP2_BOX <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"jp2c" or length == 0:
            break
        if length == 1:
            length = int.from_bytes(data[position + 8 : position + JP2_LONG_BOX], "big")
        position += max(length, JP2_BOX)
    return position
