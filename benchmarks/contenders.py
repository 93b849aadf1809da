"""One pass of one contender over some pages, in a process of its own; throughput.py starts it.

usage: contenders.py NAME FOLDER OUTPUT

Reads every file of FOLDER, an image each. Others are loaded, and warmed by one page, before their
clock starts; archive_ocr is measured whole: listing, starting its processes, loading the models,
reading, Parquet and seal. Writes the pages to OUTPUT/rows.parquet (source_uri, page_index, status,
lines of text and polygon) and prints one JSON object: wall and CPU seconds, seconds of start-up,
peak MB.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.dataset as ds
from costs import cpu_seconds
from scoring import Lines, write_rows

CORES = len(os.sched_getaffinity(0))

Reader = Callable[[Path], Lines]
Contender = Callable[[Path], "Measured"]  # of a folder of images


@dataclass
class Measured:
    """A pass: its cost, and what it read, by file name."""

    start_up: float
    wall: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0
    pages: dict[str, Lines] = field(default_factory=dict)


def main() -> None:
    """Runs the contender named on the command line."""
    name, folder, output = sys.argv[1:]
    measured = CONTENDERS[name](Path(folder))
    write_rows(measured.pages, Path(output))
    figures = {key: getattr(measured, key) for key in ("start_up", "wall", "cpu", "peak_mb")}
    sys.stdout.write(json.dumps(figures) + "\n")


@contextmanager
def _costs(measured: Measured) -> Iterator[None]:
    """Times what is done inside, and watches how much memory this and its children hold."""
    done = threading.Event()
    watch = threading.Thread(target=_watch_memory, args=(measured, done))
    watch.start()
    wall, cpu = time.perf_counter(), cpu_seconds()
    yield
    measured.wall, measured.cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    done.set()
    watch.join()


def _watch_memory(measured: Measured, done: threading.Event) -> None:
    """Notes the most that all processes together held; what they share counts once (PSS)."""
    me = psutil.Process()
    while not done.wait(1.0):  # to ask takes milliseconds
        held = 0
        for process in [me, *me.children(recursive=True)]:
            try:
                held += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue  # it has ended since
        measured.peak_mb = max(measured.peak_mb, held / 1e6)


def _page_by_page(load: Callable[[], Reader]) -> Contender:
    """A contender that reads one page after the other in this process."""

    def measure(folder: Path) -> Measured:
        paths = sorted(folder.iterdir())
        started = time.perf_counter()
        read = load()
        measured = Measured(start_up=time.perf_counter() - started)
        read(paths[0])  # what is allocated and compiled at first sight is not counted
        with _costs(measured):
            measured.pages = {path.name: read(path) for path in paths}
        return measured

    return measure


def _rapidocr(params: dict[str, Any]) -> Callable[[], Reader]:
    def load() -> Reader:
        from rapidocr import EngineType, RapidOCR

        given = {
            key: EngineType(value) if key.endswith("engine_type") else value
            for key, value in params.items()
        }
        engine: Any = RapidOCR(params={"Global.log_level": "error", **given})

        def read(path: Path) -> Lines:
            found = engine(str(path))
            if found.boxes is None or found.txts is None:
                return []
            polygons = [np.asarray(box).ravel().tolist() for box in found.boxes]
            return list(zip(found.txts, polygons, strict=True))

        return read

    return load


def _paddleocr() -> Reader:
    from paddle_models import pipeline

    engine = pipeline(Path(tempfile.mkdtemp()))

    def read(path: Path) -> Lines:
        (found,) = engine.predict(str(path))
        polygons = [np.asarray(box, float).ravel().tolist() for box in found["rec_polys"]]
        return list(zip(found["rec_texts"], polygons, strict=True))

    return read


def _tesseract(folder: Path) -> Measured:
    """Tesseract 5 with its English model, a process a page, as many at once as there are cores."""
    measured = Measured(start_up=0.0)
    paths = sorted(folder.iterdir())
    with _costs(measured), tempfile.TemporaryDirectory() as output:
        waiting = list(paths)
        running: list[subprocess.Popen[bytes]] = []
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        while waiting or running:
            while waiting and len(running) < CORES:
                path = waiting.pop()
                command = ["tesseract", str(path), str(Path(output) / path.name), "tsv"]
                process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
                running.append(process)
            running = [process for process in running if process.poll() is None]
            time.sleep(0.005)
        for path in paths:
            measured.pages[path.name] = _words_of(Path(output) / f"{path.name}.tsv")
    return measured


def _words_of(table: Path) -> Lines:
    lines: Lines = []
    for row in table.read_text(encoding="utf-8").splitlines()[1:]:
        *_, left, top, width, height, _, text = row.split("\t")
        if text.strip():
            x, y, w, h = (float(value) for value in (left, top, width, height))
            lines.append((text, [x, y, x + w, y, x + w, y + h, x, y + h]))
    return lines


def _archive_ocr(**engine: str) -> Contender:
    def measure(folder: Path) -> Measured:
        from ocr_tasks.jobs import archive_ocr
        from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings

        measured = Measured(start_up=0.0)
        with tempfile.TemporaryDirectory() as results:
            values = {"input": str(folder), "output": results, "engine": engine}
            settings = ArchiveOcrSettings.load(overrides=values)
            with _costs(measured):
                archive_ocr.run(settings, workers=CORES)
            rows = ds.dataset(Path(results) / "pages").to_table(columns=["source_uri", "lines"])
        for row in rows.to_pylist():
            lines = [(line["text"], list(line["polygon"])) for line in row["lines"] or ()]
            measured.pages[Path(row["source_uri"]).name] = lines
        return measured

    return measure


OPENVINO = {"Det.engine_type": "openvino", "Rec.engine_type": "openvino"}
CONTENDERS: dict[str, Contender] = {
    "RapidOCR": _page_by_page(_rapidocr({})),
    "RapidOCR, OpenVINO, no classifier": _page_by_page(
        _rapidocr({**OPENVINO, "Global.use_cls": False})
    ),
    "PaddleOCR, ONNX Runtime": _page_by_page(_paddleocr),
    "Tesseract": _tesseract,
    "archive_ocr": _archive_ocr(),
    "archive_ocr, openvino fp32": _archive_ocr(kind="openvino", precision="fp32"),
    "archive_ocr, onnx fp32": _archive_ocr(kind="onnx"),
}

if __name__ == "__main__":
    main()
