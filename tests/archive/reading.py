"""What the tests of the reader share: files of known pages, and the answers in short."""

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.records import PageFailure
from tests import makers

SPEC = DecodeSpec(pdf_dpi=72)
PAGES = [makers.draw_page([word], width=160) for word in ("one", "two", "three")]
PNGS = [makers.png(page) for page in PAGES]
NOISE = makers.draw_noise()
CUT_JPEG = makers.jpeg(NOISE)[:5_000]
MEMBERS = [("a.png", PNGS[0]), ("b.pdf", makers.pdf(PAGES)), ("c.png", PNGS[1])]


def read(pages, spec=SPEC):
    return list(read_pages(pages, spec))


def told(answers):
    """The answers in short: the pixels' shape, or the error."""
    return [a.error_class if isinstance(a, PageFailure) else a.image.shape for a in answers]
