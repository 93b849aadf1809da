"""What the images of a dataset are: each is decoded, in contained decoders, by many processes."""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ocr_tasks import storage
from ocr_tasks.archive.contents import MB
from ocr_tasks.archive.decode import pixels_sha256
from ocr_tasks.archive.decoders import POOL, Decoder
from ocr_tasks.archive.media import HEAD_BYTES, IMAGES, sniff
from ocr_tasks.archive.raster import DecodeSpec, Raster, Rung
from ocr_tasks.dataset.batches import done_in_batches
from ocr_tasks.errors import (
    EmptyInputError,
    PageError,
    SourceChangedError,
    TooLargeError,
    UnsupportedError,
)
from ocr_tasks.imaging.perception import look_of
from ocr_tasks.storage import StoredObject
from ocr_tasks.text.names import printable

BATCH = 128  # images that a process takes at a time


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """A decoded image: its size in pixels, how it looks, and digests of its pixels and its file."""

    width: int
    height: int
    pixels_sha256: str
    look: bytes
    file_sha256: str


@dataclass(frozen=True, slots=True)
class ImageFault:
    """Why an image has no pixels: the code of a page's error, and its message."""

    code: str
    message: str


Inspected = ImageFacts | ImageFault


def inspect_images(
    images: Sequence[StoredObject],
    spec: DecodeSpec,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, Inspected]:
    """Every image's facts or fault, by its URI; ``on_progress`` hears (images done, in all).

    What lies in memory is inspected in this process, as no other sees it.

    Raises:
        StorageError: the store did not answer.
        WorkerDiedError: the processes of some images died in every try.
    """
    items = [(images[at : at + BATCH], spec) for at in range(0, len(images), BATCH)]
    in_memory = any(storage.is_of_this_process(image.uri) for image in images)
    answers = done_in_batches(
        _inspect_batch, items, workers, lambda _: in_memory, on_progress, _name_of
    )
    return {uri: inspected for answer in answers for uri, inspected in answer.items()}


def decoded(image: StoredObject, decoder: Decoder) -> Raster:
    """The pixels of an image, decoded in the best way or not at all.

    Raises:
        PageError: it is no image, or broken, or gone.
        StorageError: the store did not answer.
    """
    data = image_bytes(image, decoder.spec)
    return decoded_bytes(data, hashlib.sha256(data).hexdigest(), decoder)


def image_bytes(image: StoredObject, spec: DecodeSpec) -> bytes:
    """The file of an image, if it may be one.

    Raises:
        PageError: it is no file, is empty, larger than its pixels may be, or gone.
        StorageError: the store did not answer.
    """
    if not image.is_regular:
        raise UnsupportedError("not a regular file: a link, device, pipe or something else")
    if image.size == 0:
        raise EmptyInputError("the file has no bytes")
    if image.size > spec.max_document_mb * MB:
        raise TooLargeError(f"{image.size / MB:.0f} MB are more than its pixels may take")
    try:
        return storage.read_whole(image.uri, image.size, image.version)
    except FileNotFoundError as error:
        raise SourceChangedError("the image is gone since the dataset was listed") from error


def decoded_bytes(data: bytes, sha256: str, decoder: Decoder) -> Raster:
    """The pixels of an image by its file, which has that digest.

    Raises:
        PageError: it is no image, or broken.
    """
    media_type = sniff(data[:HEAD_BYTES])
    if media_type not in IMAGES:
        raise UnsupportedError(f"{media_type} is no image")
    return decoder.decode(io.BytesIO(data), sha256, media_type, len(data), 0, Rung())


def _inspect_batch(
    item: tuple[Sequence[StoredObject], DecodeSpec], tick: Callable[[int], None]
) -> dict[str, Inspected]:
    images, spec = item
    inspected = {}
    with POOL.borrowed(spec) as decoder:
        for image in images:
            inspected[image.uri] = _inspected(image, decoder)
            tick(1)
    return inspected


def _inspected(image: StoredObject, decoder: Decoder) -> Inspected:
    try:
        data = image_bytes(image, decoder.spec)
        sha256 = hashlib.sha256(data).hexdigest()
        raster = decoded_bytes(data, sha256, decoder)
    except PageError as error:
        return ImageFault(error.code, printable(str(error)))
    look = look_of(raster.pixels).tobytes()
    return ImageFacts(raster.width, raster.height, pixels_sha256(raster.pixels), look, sha256)


def _name_of(item: tuple[Sequence[StoredObject], DecodeSpec]) -> str:
    return f"{len(item[0])} images from {printable(item[0][0].uri)} on"
