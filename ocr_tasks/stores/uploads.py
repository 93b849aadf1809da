"""How bytes become an object: in one request, or in parts of which none is left behind."""

from shutil import copyfileobj
from typing import Any, BinaryIO

from ocr_tasks.stores.filesystems import is_s3

# An object up to this size is one PUT, which S3 takes or refuses as a whole; above it s3fs sends
# parts, which S3 does not take in one request (its limit for a PUT).
LARGEST_PUT = 5 * 2**30
PART_BYTES = 16 << 20  # of an object that is sent in parts


def in_one_request(filesystem: Any) -> dict[str, int]:
    """What has s3fs send an object in one request; other clients do so, or know no such option."""
    return {"chunksize": LARGEST_PUT} if is_s3(filesystem) else {}


def upload(source: BinaryIO, filesystem: Any, path: str) -> None:
    """Copies the bytes to a new object, which is there only when all are sent.

    Raises:
        FileExistsError: there is one already.
        OSError: whatever the store raises.
    """
    target = filesystem.open(path, "xb", block_size=PART_BYTES)
    try:
        copyfileobj(source, target, PART_BYTES)
    except BaseException:
        target.closed = True  # else it would be sent off as far as it came
        target.discard()
        raise
    target.close()
