"""What is known of a dataset's images: each is decoded once, and again only when it changed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

import pyarrow as pa

from ocr_tasks import __version__, storage
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.image_rules import LimitSpec, name_of
from ocr_tasks.dataset.inspection import ImageFacts, Inspected, inspect_images
from ocr_tasks.stamps import file_of, whole_rows
from ocr_tasks.storage import StoredObject

BYTES_A_PIXEL = 8  # four channels of 16 bits, uncompressed: no image file has more
MADE_BY = b"ocr_tasks.version"  # facts that another version found may be other facts
KNOWN = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("pixels_sha256", pa.string(), nullable=False),
        pa.field("look", pa.binary(), nullable=False),
        pa.field("file_sha256", pa.string(), nullable=False),
    ],
    metadata={MADE_BY: __version__.encode()},
)

Objects = Mapping[str, StoredObject]  # by the path below the dataset


@dataclass(frozen=True, slots=True)
class KnownImage:
    """The facts of an image, and the version of the stored object they are of."""

    version: str
    facts: ImageFacts


def image_facts(
    objects: Objects,
    paths: Iterable[str],
    limits: LimitSpec,
    known: Mapping[str, KnownImage],
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, Inspected]:
    """The facts or fault of every image that is there, by its name in the listing.

    ``paths`` are as label files have them; what leads out of the dataset or to nothing is left
    out. ``on_progress`` hears (images done, images in all) of those that have to be decoded.

    Raises:
        StorageError: the store did not answer.
        WorkerDiedError: the processes of some images died in every try.
    """
    names = sorted({name for name in map(name_of, paths) if name is not None and name in objects})
    told: dict[str, Inspected] = {}
    for name in names:
        before = known.get(name)
        if before is not None and _still_holds(before, objects[name], limits):
            told[name] = before.facts
    fresh = {objects[name].uri: name for name in names if name not in told}
    images = [objects[name] for name in fresh.values()]
    if images:
        inspected = inspect_images(images, decode_spec(limits), workers, on_progress)
        told |= {fresh[uri]: each for uri, each in inspected.items()}
    return told


def decode_spec(limits: LimitSpec) -> DecodeSpec:
    """The limits within which the images of a dataset are decoded."""
    megabytes = 1 + limits.max_pixels * BYTES_A_PIXEL // 1_000_000
    return DecodeSpec(max_pixels=limits.max_pixels, max_document_mb=megabytes)


def _still_holds(known: KnownImage, image: StoredObject, limits: LimitSpec) -> bool:
    facts = known.facts
    is_same = known.version == image.version != ""
    return image.is_regular and is_same and facts.width * facts.height <= limits.max_pixels


def known_bytes(objects: Objects, inspected: Mapping[str, Inspected]) -> bytes:
    """A Parquet file from which ``read_known`` knows the images again."""
    rows = [
        {"path": name, "version": objects[name].version} | asdict(each)
        for name, each in inspected.items()
        if isinstance(each, ImageFacts)
    ]
    return file_of(pa.Table.from_pylist(rows, schema=KNOWN))


def read_known(uri: str) -> dict[str, KnownImage]:
    """The images that ``known_bytes`` told of, by name; none where that is not there or damaged.

    Raises:
        StorageError: the store did not answer.
    """
    try:
        table = whole_rows(storage.read_bytes(uri))
    except (FileNotFoundError, ValueError):
        return {}
    if table.schema.metadata.get(MADE_BY) != __version__.encode():
        return {}
    return {
        row.pop("path"): KnownImage(row.pop("version"), ImageFacts(**row))
        for row in table.to_pylist()
    }
