"""Source pages to samples, by many processes: each writes the images, and tells of the labels."""

from collections.abc import Callable, Iterator, Sequence

from ocr_tasks import storage
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.batches import done_in_batches
from ocr_tasks.dataset.converters.cutting import CutPage, lines_of_page, regions_of_page
from ocr_tasks.dataset.converters.page_images import images_of
from ocr_tasks.dataset.converters.sources import BadFile, SourcePage, bad_file
from ocr_tasks.dataset.samples import LINES
from ocr_tasks.dataset.swap import FOLDER
from ocr_tasks.errors import LabelFileError
from ocr_tasks.records import ExpectedPage
from ocr_tasks.text.names import printable

BATCH = 16  # pages that a process takes at a time

Converted = CutPage | BadFile
_Item = tuple[Sequence[SourcePage], str, str, DecodeSpec]


def convert_pages(
    pages: Sequence[SourcePage],
    root: str,
    type_: str,
    spec: DecodeSpec,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Iterator[Converted]:
    """What became of every page; the images of samples lie below the URL ``root`` then.

    ``on_progress`` hears (pages done, pages in all). What lies in memory is converted in this
    process, as no other sees it, and so is what one process would do.

    Raises:
        StorageError: a store did not answer.
        WorkerDiedError: the processes of some pages died in every try.
    """
    items = [(pages[at : at + BATCH], root, type_, spec) for at in range(0, len(pages), BATCH)]
    in_memory = any(storage.is_of_this_process(uri) for uri in (root, *map(_uri_of, pages)))

    def here(processes: int) -> bool:
        return in_memory or processes == 1

    for answer in done_in_batches(_convert_batch, items, workers, here, on_progress, _name_of):
        yield from answer


def _uri_of(page: SourcePage) -> str:
    return page.image.source_uri if isinstance(page.image, ExpectedPage) else page.image.uri


def _convert_batch(item: _Item, tick: Callable[[int], None]) -> list[Converted]:
    pages, root, type_, spec = item
    cut_page = lines_of_page if type_ == LINES else regions_of_page
    converted: list[Converted] = []
    for page, image in images_of(pages, spec):
        if isinstance(image, BadFile):
            converted.append(image)
        else:
            try:
                cut = cut_page(page, image)
            except LabelFileError as error:
                converted.append(bad_file(page.key, error, page.labels.region_count))
            else:
                _write(root, cut)
                converted.append(cut)
        tick(1)
    return converted


def _write(root: str, cut: CutPage) -> None:
    """Writes the images that are not there; those that are have the same content by their name."""
    for path, data in cut.files.items():
        uri = storage.join(root, path)
        if not storage.exists(uri):
            storage.create(uri, data, storage.join(root, FOLDER))
    cut.files.clear()  # which no other process needs


def _name_of(item: _Item) -> str:
    return f"{len(item[0])} pages from {printable(item[0][0].key)} on"
