"""Memory and speed over thousands of pages: whether they stay what they were at page 100.

usage: soak.py [--pages N] [--part SHARE] [--threads N] [--draw FILE]

Reads the sample pages over and over, in one process, the way a worker reads a shard. With --part
each page is cut into bands of that share of its height, of which all are read in turn: shapes and
line lengths vary as they do in pages, and a band takes a fraction of a page's time.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import psutil

from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.records import ExpectedPage, Page
from ocr_tasks.results.rows import peak_rss_mb

SAMPLE = Path(__file__).resolve().parent.parent / "tests" / "data" / "sample_archive"
EVERY = 100  # pages between two points of the curve; the first of them is the measure
ALLOWED = 0.05  # by so much may the peak grow from there


@dataclass(frozen=True, slots=True)
class Point:
    """What the process held and had used when so many pages were done. Memory is in MB."""

    pages: int
    rss: float
    peak: float
    with_children: float
    wall: float
    cpu: float


def main() -> None:
    """Reads, prints the curve, draws it if asked, and exits with 1 if the peak has grown."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        pages = _pages(options.part, Path(folder))
        print(f"{options.pages} pages of {len(pages)} that come round, {options.threads} threads")
        print(" pages   RSS MB  peak MB  with children   pages/s   CPU s/page", flush=True)
        points = [Point(0, *_memory(), 0.0, 0.0)]
        for point in _curve(list(itertools.islice(itertools.cycle(pages), options.pages)), options):
            _print(points[-1], point)
            points.append(point)
    if options.draw:
        _draw(points[1:], options.draw)
    sys.exit(0 if _verdict(points) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--part", type=float, default=1.0, help="read bands of this share of pages")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--draw", type=Path, help="an SVG or PNG file for the curve")
    return parser.parse_args()


def _pages(part: float, folder: Path) -> list[ExpectedPage]:
    """The sample's pages, or their bands, written to ``folder`` as files of their own."""
    pages = _readable(SAMPLE)
    if part >= 1:
        return pages
    for number, page in enumerate(read_pages(pages, DecodeSpec())):
        if isinstance(page, Page):
            height = len(page.image)
            step = max(1, round(height * part))
            for top in range(0, height - step + 1, step):
                name = folder / f"{top // step:03d}-{number:03d}.jpg"  # pages take turns
                cv2.imwrite(str(name), page.image[top : top + step])
    return _readable(folder)


def _readable(folder: Path) -> list[ExpectedPage]:
    return [page for page in list_pages(folder.as_uri(), DecodeSpec()) if page.error_class is None]


def _curve(pages: Sequence[ExpectedPage], options: argparse.Namespace) -> Iterator[Point]:
    engine = load_engine(EngineSpec(threads=options.threads))
    answers = recognize_pages(read_pages(pages, DecodeSpec()), engine, RecognitionSpec())
    wall, cpu = time.perf_counter(), time.process_time()
    for done, _ in enumerate(answers, start=1):
        if done % EVERY == 0 or done == len(pages):
            used = time.perf_counter() - wall, time.process_time() - cpu
            yield Point(done, *_memory(), *used)


def _memory() -> tuple[float, float, float]:
    """Resident memory of this process now and at most, and now with that of its children."""
    process = psutil.Process()
    own = process.memory_info().rss
    children = sum(child.memory_info().rss for child in process.children(recursive=True))
    return own / 2**20, peak_rss_mb(), (own + children) / 2**20


def _speed(before: Point, after: Point) -> tuple[float, float]:
    """Pages a second, and CPU seconds a page, between two points."""
    pages = after.pages - before.pages
    return pages / (after.wall - before.wall), (after.cpu - before.cpu) / pages


def _print(before: Point, point: Point) -> None:
    rate, cpu = _speed(before, point)
    memory = f"{point.rss:8.0f} {point.peak:8.0f} {point.with_children:14.0f}"
    print(f"{point.pages:6d} {memory} {rate:9.2f} {cpu:12.3f}", flush=True)


def _verdict(points: Sequence[Point]) -> bool:
    """Says how the end compares with the start; whether the peak stayed what it was."""
    first, last = points[1], points[-1]
    grown = last.peak / first.peak
    tenth = max(1, len(points) // 10)
    start, end = _speed(points[0], points[tenth]), _speed(points[-1 - tenth], points[-1])
    print(
        f"peak RSS at page {last.pages} is {grown:.3f} times that at page {first.pages}\n"
        f"the last {tenth * EVERY} pages against the first: {end[0] / start[0]:.2f} times the "
        f"pages a second, {end[1] / start[1]:.3f} times the CPU seconds a page"
    )
    return grown <= 1 + ALLOWED


def _draw(points: Sequence[Point], file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (memory, speed) = pyplot.subplots(2, 1, sharex=True, figsize=(8, 5))
    pages = [point.pages for point in points]
    memory.plot(pages, [point.with_children for point in points], label="with the decoder, now")
    memory.plot(pages, [point.peak for point in points], label="peak")
    memory.plot(pages, [point.rss for point in points], "--", label="now")
    memory.set_ylabel("resident memory, MB")
    memory.set_ylim(0, 1.2 * max(point.with_children for point in points))
    memory.legend(loc="lower right")
    cpu = [_speed(before, after)[1] for before, after in itertools.pairwise(points)]
    speed.plot(pages[1:], cpu)
    speed.set_ylabel("CPU seconds a page")
    speed.set_ylim(bottom=0)
    speed.set_xlabel("pages")
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)


if __name__ == "__main__":
    main()
