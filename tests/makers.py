"""Draws pages and packs them: the bytes of images, documents and archives of known content."""

import io
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ocr_tasks import storage
from ocr_tasks.archive.media import JPEG
from ocr_tasks.records import ExpectedPage

Pixels = NDArray[np.uint8]  # (height, width, 3), BGR
Members = Iterable[tuple[str, bytes]]

ORIENTATION_TAG = 0x0112
INK, PAPER = 0, 255


def draw_page(
    lines: Sequence[str] = ("The quick brown fox",), width: int = 480, line_height: int = 36
) -> Pixels:
    """A white page with one black line of text under the other, in Pillow's own font."""
    image = Image.new("RGB", (width, line_height * (len(lines) + 1)), "white")
    font = ImageFont.load_default(size=line_height * 0.6)
    for number, line in enumerate(lines):
        top = line_height // 2 + number * line_height
        ImageDraw.Draw(image).text((16, top), line, fill="black", font=font)
    return _bgr(image)


def draw_corners(height: int = 40, width: int = 64) -> Pixels:
    """A page that looks different in all eight orientations: a red, a green and a blue corner.

    The colours are blocks, so that even a lossy format keeps them.
    """
    page = np.full((height, width, 3), 255, dtype=np.uint8)
    page[: height // 2, : width // 2] = (0, 0, 255)
    page[: height // 2, width // 2 :] = (0, 255, 0)
    page[height // 2 :, : width // 2] = (255, 0, 0)
    return page


def draw_noise(height: int = 120, width: int = 160, seed: int = 7) -> Pixels:
    """A page that no format can compress, for files that are to be cut or damaged in the middle."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def image_of(page: Pixels) -> Image.Image:
    """The page as a Pillow image in RGB."""
    return Image.fromarray(np.ascontiguousarray(page[:, :, ::-1]))


def _bgr(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    """A Pillow image as a file of that kind: JPEG, PNG, TIFF, BMP, WEBP, JPEG2000."""
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def jpeg(page: Pixels, orientation: int | None = None, **options: object) -> bytes:
    """A JPEG of high quality; ``orientation`` goes into its EXIF block."""
    if orientation is not None:
        options["exif"] = exif_with(orientation)
    return encode(image_of(page), "JPEG", quality=95, subsampling=0, **options)


def jpeg_with_thumbnail(page: Pixels) -> bytes:
    """A JPEG whose EXIF block holds a whole JPEG of its own, as cameras and scanners write it."""
    thumbnail = jpeg(draw_page(width=120))
    block = b"Exif\x00\x00" + thumbnail
    return encode(image_of(page), "JPEG", quality=95, subsampling=0, exif=block)


def png(page: Pixels, **options: object) -> bytes:
    """A PNG."""
    return encode(image_of(page), "PNG", **options)


def bmp(page: Pixels) -> bytes:
    """A Windows bitmap."""
    return encode(image_of(page), "BMP")


def webp(page: Pixels) -> bytes:
    """A WebP that keeps every pixel."""
    return encode(image_of(page), "WEBP", lossless=True)


def jpeg2000(page: Pixels) -> bytes:
    """A JPEG 2000 that keeps every pixel."""
    return encode(image_of(page), "JPEG2000", irreversible=False)


def tiff(page: Pixels, orientation: int | None = None, **options: object) -> bytes:
    """A TIFF of one page, with an orientation tag if one is given."""
    if orientation is not None:
        options["tiffinfo"] = {ORIENTATION_TAG: orientation}
    return encode(image_of(page), "TIFF", **options)


def tiff_of(images: Sequence[Image.Image]) -> bytes:
    """A TIFF with a page for every image, each in the mode it has (1-bit, grey, RGB)."""
    first, *others = images
    return encode(first, "TIFF", save_all=True, append_images=others)


def exif_with(orientation: int) -> bytes:
    """An EXIF block that holds nothing but the orientation."""
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    return exif.tobytes()


def pdf(pages: Sequence[Pixels], dpi: float = 72.0) -> bytes:
    """A PDF whose every page is that picture, ``dpi`` pixels an inch."""
    images = [image_of(page) for page in pages]
    return encode(images[0], "PDF", save_all=True, append_images=images[1:], resolution=dpi)


def blank_pdf(sizes: Sequence[tuple[float, float]], rotation: int = 0) -> bytes:
    """A PDF of empty pages of those sizes (width, height) in points, shown turned."""
    document = pdfium.PdfDocument.new()
    for width, height in sizes:
        page = document.new_page(width, height)
        page.set_rotation(rotation)
        page.close()
    sink = io.BytesIO()
    document.save(sink)
    document.close()
    return sink.getvalue()


def drawn_pdf(rotation: int = 0, user_password: bool = False) -> bytes:
    """A PDF written by hand: 100 x 60 points, the left half black, shown turned.

    With ``user_password`` it says that it is encrypted with a password nobody knows.
    """
    content = b"0 g 0 0 50 60 re f"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 60] /Contents 4 0 R /Rotate %d >>"
        % rotation,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -44 /O <%s> /U <%s> >>"
        % (b"17" * 32, b"2a" * 32),
    ]
    encrypt = b"/Encrypt 5 0 R /ID [<00><00>]" if user_password else b""
    return pdf_of(objects, encrypt)


def pdf_of(objects: Sequence[bytes], in_trailer: bytes = b"") -> bytes:
    """A PDF of objects written by hand, numbered from 1; the first is its catalogue."""
    body, offsets = b"%PDF-1.4\n", []
    for number, entry in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, entry)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
        + b"trailer << /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, in_trailer)
        + b"startxref\n%d\n%%%%EOF\n" % len(body)
    )


def tar(members: Members, compression: str = "") -> bytes:
    """A tar of regular files in that order; ``compression`` is gz, bz2, xz or nothing."""
    return tar_of([(tar_entry(name, len(data)), data) for name, data in members], compression)


def tar_entry(
    name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tarfile.TarInfo:
    """The header of a tar's member: a file, or a link or device of that ``kind``."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.linkname = size, kind, target
    return entry


def tar_of(entries: Iterable[tuple[tarfile.TarInfo, bytes]], compression: str = "") -> bytes:
    """A tar of members with headers of one's own."""
    sink = io.BytesIO()
    mode: Any = f"w:{compression}"
    with tarfile.open(fileobj=sink, mode=mode) as archive:
        for entry, data in entries:
            archive.addfile(entry, io.BytesIO(data))
    return sink.getvalue()


def zip_of(
    members: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """A zip of those members in that order."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return sink.getvalue()


def zip_with_password(name: str, data: bytes) -> bytes:
    """A zip of one stored member that is marked as encrypted."""
    plain = bytearray(zip_of([(name, data)], zipfile.ZIP_STORED))
    for signature, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        plain[plain.index(signature) + flags_at] |= 0x1
    return bytes(plain)


def damaged(data: bytes, at: int, length: int = 24) -> bytes:
    """The bytes with ``length`` of them inverted from ``at`` on."""
    broken = bytes(byte ^ 0xFF for byte in data[at : at + length])
    return data[:at] + broken + data[at + length :]


def noise_pages(count: int) -> dict[str, bytes]:
    """So many small PNGs by name, each with noise of its own: pages for the fake engine."""
    return {f"page-{seed}.png": png(draw_noise(40, 60, seed)) for seed in range(count)}


def fill_folder(folder: Path, files: dict[str, bytes]) -> str:
    """Writes the files, by their path below ``folder``; returns the folder's URL."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return storage.absolute(str(folder))


def expected_page(number: int = 0, **changes: Any) -> ExpectedPage:
    """An expected page of a stored JPEG, with unlike ids for unlike numbers."""
    page = ExpectedPage(
        page_id=f"{number:032x}",
        source_id=f"{number + 1_000_000:032x}",
        source_uri=f"memory:///scans/{number:06d}.jpg",
        source_member=None,
        member_index=0,
        member_offset=None,
        source_bytes=1_000 + number,
        source_version="1",
        media_type=JPEG,
        page_index=0,
        page_count=1,
    )
    return replace(page, **changes)


def difference(page: Pixels, truth: Pixels) -> float:
    """The mean difference of two pages in grey levels; infinite where their shapes differ."""
    if page.shape != truth.shape:
        return float("inf")
    return float(cv2.absdiff(page, truth).mean())
