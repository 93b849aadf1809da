"""Text that PDFs bring along, against OCR of the same pages: do they agree, and at what cost?

usage: embedded.py PDF … [--show]

Of each PDF it prints how many pages are trusted, how far their text and OCR of them agree (1 minus
the normalised edit distance, without white space; the mean, and the page that agrees least), and
the milliseconds of a page from its bytes to its text. With --show also what differs most.
"""

import argparse
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table
from scoring import without_spaces

from ocr_tasks.jobs.ocr import OcrSettings, ReadPage, read
from ocr_tasks.records import PageResult


def main() -> None:
    """Reads each PDF twice and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pdfs", type=Path, nargs="+")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    console = Console()
    table = Table("PDF", "pages", "trusted", "agreement", "least", "ms", "ms of OCR")
    for pdf in options.pdfs:
        taken, recognised = _pages(pdf, embedded=True), _pages(pdf, embedded=False)
        trusted = [name for name in taken if _answer(taken[name]).embedded]
        agreements = {name: _agreement(taken[name], recognised[name]) for name in trusted}
        cells = [pdf.name, str(len(taken)), str(len(trusted))]
        if trusted:
            least = min(agreements, key=lambda name: agreements[name])
            cells += [f"{np.mean(list(agreements.values())):.4f}", f"{agreements[least]:.4f}"]
            cells += [f"{_ms([pages[name] for name in trusted])}" for pages in (taken, recognised)]
            if options.show:
                console.print(
                    f"{least}\n{taken[least].text}\n\nby OCR:\n{recognised[least].text}\n"
                )
        table.add_row(*cells)
    console.print(table)


def _pages(pdf: Path, embedded: bool) -> dict[str, ReadPage]:
    settings = OcrSettings.load(overrides={"decode": {"embedded_text": embedded}})
    return {page.name: page for page in read(pdf, settings) if page.error is None}


def _answer(page: ReadPage) -> PageResult:
    assert isinstance(page.answer, PageResult)
    return page.answer


def _agreement(page: ReadPage, other: ReadPage) -> float:
    texts = [without_spaces(each.text) for each in (page, other)]
    return Levenshtein.normalized_similarity(*texts)


def _ms(pages: list[ReadPage]) -> int:
    """The median of what a page took to decode, detect and recognise."""
    answers = [_answer(page) for page in pages]
    costs = [answer.facts.decode_ms + answer.det_ms + answer.rec_ms for answer in answers]
    return round(float(np.median(costs)))


if __name__ == "__main__":
    main()
