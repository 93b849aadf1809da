"""At how many dots an inch PDF pages are read best: character errors and time by resolution.

usage: pdf_dpi.py [DPI …]

Two kinds of A4 pages, made from the sample archive: its loose scans, each embedded whole, and
its transcriptions set anew in small type, as a born-digital PDF has them. Errors are edit
distances of page texts without white space, summed over pages.
"""

import ctypes
import io
import json
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table
from scoring import without_spaces

from ocr_tasks.jobs.ocr import OcrSettings, read

DATA = Path(__file__).resolve().parent.parent / "tests" / "data"
A4 = (595.0, 842.0)  # points
SIZES = (6, 8, 10)  # points of the type that transcriptions are set in
GENRES = {"typed_french", "print_french_1881"}

Pages = list[tuple[bytes, str]]  # a PDF of one page, and its text


def main(resolutions: list[int]) -> None:
    """Reads both kinds at each resolution and prints a table."""
    kinds = {"scans": list(_scans()), "set in type": list(_typeset())}
    table = Table("pages", "dpi", "CER", "s a page")
    for kind, pages in kinds.items():
        for dpi in resolutions:
            started = time.perf_counter()
            error = _character_error_rate(pages, dpi)
            seconds = (time.perf_counter() - started) / len(pages)
            table.add_row(f"{len(pages)} {kind}", str(dpi), f"{error:.4f}", f"{seconds:.2f}")
    Console().print(table)


def _character_error_rate(pages: Pages, dpi: int) -> float:
    decode = {"pdf_dpi": dpi, "embedded_text": False}
    settings = OcrSettings.load(overrides={"decode": decode})
    folder = Path("/dev/shm" if Path("/dev/shm").exists() else "/tmp") / "pdf_dpi"
    folder.mkdir(exist_ok=True)
    truth = {}
    for number, (data, text) in enumerate(pages):
        path = folder / f"{number:02d}.pdf"
        path.write_bytes(data)
        truth[path.stem] = _squeezed(text)
    errors = sum(
        Levenshtein.distance(truth[page.name], _squeezed(page.text))
        for page in read([folder / f"{name}.pdf" for name in truth], settings)
    )
    return errors / sum(len(text) for text in truth.values())


def _squeezed(text: str) -> str:
    """Without white space and the underscores that mark underlining; one kind of apostrophe."""
    return without_spaces(text.replace("_", "").replace("\u2019", "'"))


def _transcriptions() -> Iterator[dict[str, str]]:
    for line in (DATA / "sample_truth.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(line)
        if page["genre"] in GENRES:
            yield page


def _scans() -> Iterator[tuple[bytes, str]]:
    for page in _transcriptions():
        path = DATA / "sample_archive" / page["file"]
        if path.suffix != ".jpg":
            continue
        document = pdfium.PdfDocument.new()
        image = pdfium.PdfImage.new(document)
        image.load_jpeg(str(path))
        width, height = image.get_px_size()
        points = (A4[1] * width / height, A4[1])
        image.set_matrix(pdfium.PdfMatrix().scale(*points))
        sheet = document.new_page(*points)
        sheet.insert_obj(image)
        yield _saved(document, sheet), page["text"]


def _typeset() -> Iterator[tuple[bytes, str]]:
    page = max(_transcriptions(), key=lambda page: len(page["text"]))
    latin = page["text"].encode("latin-1", "ignore").decode("latin-1")
    for size in SIZES:
        columns = round((A4[0] - 100) / (size * 0.5))
        lines = textwrap.wrap(" ".join(latin.split()), columns)
        document = pdfium.PdfDocument.new()
        sheet = document.new_page(*A4)
        for number, line in enumerate(lines):
            _insert_text(document, sheet, line, size, A4[1] - 60 - 1.4 * size * number)
        yield _saved(document, sheet), "\n".join(lines)


def _insert_text(
    document: pdfium.PdfDocument, sheet: pdfium.PdfPage, line: str, size: float, baseline: float
) -> None:
    text = pdfium_c.FPDFPageObj_NewTextObj(document, b"Times-Roman", size)
    encoded = ctypes.create_string_buffer(line.encode("utf-16-le") + b"\0\0")
    pdfium_c.FPDFText_SetText(text, ctypes.cast(encoded, pdfium_c.FPDF_WIDESTRING))
    pdfium_c.FPDFPageObj_Transform(text, 1, 0, 0, 1, 50, baseline)
    pdfium_c.FPDFPage_InsertObject(sheet, text)


def _saved(document: pdfium.PdfDocument, sheet: pdfium.PdfPage) -> bytes:
    sheet.gen_content()
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [150, 200, 250, 300])
