"""A first try: the text of a few files, folders, PDFs or arrays, without a run.

from ocr_tasks.jobs.ocr import read
for page in read(["scans/", array]):
    print(page.text)
"""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, count, groupby
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_tasks import storage
from ocr_tasks.admission import refuse_url
from ocr_tasks.archive.decode import pixels_sha256
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.engines.answers import read_what_we_drew
from ocr_tasks.engines.loading import chosen, installed, load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import SettingsError
from ocr_tasks.imaging.drawing import draw_lines, jpeg_bytes
from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.records import ExpectedPage, Line, Page, PageFacts, PageFailure, PageResult
from ocr_tasks.results.exports import paddle_json
from ocr_tasks.settings import JobSettings
from ocr_tasks.stores.filesystems import SCHEMES

Array = NDArray[np.uint8]
Input = str | Path | Array


class OcrSettings(JobSettings):
    """What may be read, and how pages are decoded and read; the same options as a run's."""

    schemes: tuple[str, ...] = SCHEMES
    decode: DecodeSpec = DecodeSpec()
    engine: EngineSpec = EngineSpec()
    recognition: RecognitionSpec = RecognitionSpec()


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page and what was read on it. ``image`` is BGR, or None where it could not be decoded."""

    name: str
    answer: PageResult | PageFailure
    image: Array | None

    @property
    def text(self) -> str:
        """Its text in reading order, a line a line; empty where it could not be read."""
        return "\n".join(line.text for line in self.lines)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Its lines in reading order, with confidence and polygon."""
        return self.answer.lines if isinstance(self.answer, PageResult) else ()

    @property
    def error(self) -> PageFailure | None:
        """Why it could not be read, or None."""
        return self.answer if isinstance(self.answer, PageFailure) else None

    def save(self, folder: str) -> list[str]:
        """Saves the result as JSON and the page with its boxes as JPEG; returns their URLs."""
        if not isinstance(self.answer, PageResult) or self.image is None:
            return []
        polygons = np.array([line.polygon for line in self.lines], np.float32).reshape(-1, 4, 2)
        shrunk = self.image.shape[1] / self.answer.facts.width  # 1, but for degraded pages
        confidences = [line.confidence for line in self.lines]
        picture = draw_lines(self.image, polygons * np.float32(shrunk), confidences)
        result = json.dumps(paddle_json(self.answer), ensure_ascii=False, indent=2)
        files = {
            f"{self.name}_res.json": result.encode(),
            f"{self.name}_ocr_res_img.jpg": jpeg_bytes(picture),
        }
        folder = storage.absolute(folder)
        for name, data in files.items():
            storage.write(storage.join(folder, name), data)
        return [storage.join(folder, name) for name in files]


def read(
    inputs: Input | Iterable[Input], settings: OcrSettings | None = None
) -> Iterator[ReadPage]:
    """The text of every page in ``inputs``: paths or URLs of files and folders, or arrays.

    Arrays are grey (height, width) or BGR (height, width, 3), uint8. What two inputs name, as a
    folder and a file in it, is read once. Objects that cannot be read
    come with their ``error``.

    Raises:
        SettingsError: an input is not there or may not be read, or an array is no picture.
        ModelError: the engine cannot be loaded.
    """
    settings = settings or OcrSettings.load()
    if isinstance(inputs, str | Path | np.ndarray):
        inputs = [inputs]
    engine = load_engine(settings.engine)
    images: dict[str, Array] = {}
    pages = _remembering(_pages(inputs, settings), images)
    names: set[str] = set()
    for answer in recognize_pages(pages, engine, settings.recognition):
        name = _free_name(answer.expected, names)
        yield ReadPage(name, answer, images.pop(answer.expected.page_id, None))


def _pages(inputs: Iterable[Input], settings: OcrSettings) -> Iterator[Page | PageFailure]:
    seen: set[str] = set()
    for number, given in enumerate(inputs):
        if isinstance(given, np.ndarray):
            yield _page_of_array(given, number)
            continue
        refuse_url(str(given), settings.schemes)
        listed = [
            page
            for page in list_pages(storage.absolute(str(given)), settings.decode)
            if page.page_id not in seen
        ]
        seen |= {page.page_id for page in listed}
        for _, pages in groupby(listed, key=lambda page: page.source_uri):
            yield from read_pages(list(pages), settings.decode)


def _page_of_array(array: Array, number: int) -> Page:
    if array.dtype != np.uint8 or array.ndim not in {2, 3} or array.size == 0:
        raise SettingsError(f"input {number}: an array of {array.dtype} {array.shape} is no page")
    channels = array.shape[2] if array.ndim == 3 else 1
    if channels not in {1, 3}:
        raise SettingsError(f"input {number}: an array of {channels} channels, not grey or BGR")
    image = np.ascontiguousarray(np.broadcast_to(np.atleast_3d(array), (*array.shape[:2], 3)))
    name = f"array-{number}"
    digest = pixels_sha256(image)
    expected = ExpectedPage(
        name, name, name, None, 0, None, image.nbytes, "", "image/x-array", 0, 1
    )
    facts = PageFacts(image.shape[1], image.shape[0], digest, digest, None, None, 1, 0.0, 0.0)
    return Page(expected, facts, image)


def _remembering(
    pages: Iterable[Page | PageFailure], images: dict[str, Array]
) -> Iterator[Page | PageFailure]:
    """The same pages; their pixels are noted in ``images`` on the way."""
    for page in pages:
        if isinstance(page, Page):
            images[page.expected.page_id] = page.image
        yield page


def _free_name(expected: ExpectedPage, taken: set[str]) -> str:
    """A name for the page's files that no other page of this call has; notes it as taken."""
    stem = PurePosixPath(expected.source_member or expected.source_uri).stem
    if expected.page_count > 1:
        stem = f"{stem}_{expected.page_index}"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    name = next(name for name in names if name not in taken)
    taken.add(name)
    return name


def engines(settings: OcrSettings) -> dict[str, Any]:
    """What could read on this machine, what does by these settings, and why.

    Returns ``installed`` (kind, package, version, precisions), and of the engine that was
    ``loaded`` its info; ``reason``; and ``seconds``, which it took to load and read a first page.

    Raises:
        ModelError: the engine cannot be loaded.
        InferenceError: it cannot read.
    """
    choice = chosen(settings.engine)
    started = time.perf_counter()
    engine = load_engine(choice.spec)
    read_what_we_drew(engine)
    return {
        "installed": [asdict(each) for each in installed()],
        "loaded": asdict(engine.info),
        "reason": choice.reason,
        "seconds": time.perf_counter() - started,
    }
