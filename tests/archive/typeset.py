"""PDFs set in type, written by hand: pages of known text, and what can be wrong with them."""

import io
from collections.abc import Sequence
from contextlib import closing

from ocr_tasks.archive.pdf import OpenPdf
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.imaging.boxes import reading_order
from tests import makers

SIZE = (400, 300)  # points
LINES = ["Every line of this page", "was set in type, and none", "of it has to be read."]
HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
AT_144 = DecodeSpec(pdf_dpi=144)  # two pixels a point


def typeset(
    content: bytes,
    rotation: int = 0,
    in_page: bytes = b"",
    font: bytes = HELVETICA,
    more: Sequence[bytes] = (),
    size: tuple[float, float] = SIZE,
) -> bytes:
    """A PDF of one page with that content.

    Its font is ``/F``; ``more`` are objects from number 6 on, the first of which is the picture
    or form ``/X``. ``in_page`` goes into the page's dictionary.
    """
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 4 0 R /Rotate %d"
        b" /Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >> %s >>"
        % (*size, rotation, in_page),
        stream(content),
        font,
        *more,
    ]
    return makers.pdf_of(objects)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A PDF's stream."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def text(
    lines: Sequence[str] = LINES,
    left: float = 30,
    top: float = 260,
    size: float = 12,
    leading: float = 18,
    matrix: str = "1 0 0 1",
) -> bytes:
    """Lines one below the other, in points from the lower left; ``matrix`` turns them all."""
    shown = b"".join(
        b"BT /F %g Tf %g %g Td (%s) Tj ET\n" % (size, left, top - leading * number, escaped(line))
        for number, line in enumerate(lines)
    )
    return b"q %s 0 0 cm\n%sQ\n" % (matrix.encode(), shown)


def escaped(line: str) -> bytes:
    """A line as it stands in a PDF's string."""
    encoded = line.encode("cp1252")
    for sign in (b"\\", b"(", b")"):
        encoded = encoded.replace(sign, b"\\" + sign)
    return encoded


def picture(width: int, height: int, grey: int = 255) -> bytes:
    """The object of an even grey picture."""
    kind = b"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8"
    return stream(bytes([grey]) * width * height, kind + b" /Width %d /Height %d" % (width, height))


def draw(x: float, y: float, width: float, height: float) -> bytes:
    """Draws ``/X``, which is a picture, with its lower left corner there."""
    return b"q %g 0 0 %g %g %g cm /X Do Q\n" % (width, height, x, y)


def rendered(data: bytes, spec: DecodeSpec = AT_144, most_dpi: int | None = None):
    """The raster of the only page."""
    with closing(OpenPdf(io.BytesIO(data), spec)) as document:
        return document.render(0, most_dpi)


def lines_in(data: bytes, spec: DecodeSpec = AT_144) -> list[str] | None:
    """The embedded lines as they are read; None where they are not trusted."""
    found = rendered(data, spec).embedded
    return found and [found.texts[index] for index in reading_order(found.polygons)]
