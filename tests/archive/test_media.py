"""What bytes are, told by how they begin."""

import io
import tarfile

import pytest

from ocr_tasks.archive import media
from ocr_tasks.archive.media import HEAD_BYTES, sniff
from tests import makers

PAGE = makers.draw_page(width=120)
PICTURE = makers.jpeg(PAGE)


def old_tar():
    """A tar in the format of 1979, which has no signature."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(makers.tar_entry("a.txt", 3), io.BytesIO(b"abc"))
    data = bytearray(sink.getvalue())
    data[257:265] = bytes(8)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        pytest.param(PICTURE, media.JPEG, id="JPEG"),
        pytest.param(makers.png(PAGE), media.PNG, id="PNG"),
        pytest.param(makers.tiff(PAGE), media.TIFF, id="TIFF"),
        pytest.param(makers.tiff(PAGE, big_tiff=True), media.TIFF, id="BigTIFF"),
        pytest.param(b"MM\x00*\x00\x00\x00\x08", media.TIFF, id="big-endian TIFF"),
        pytest.param(makers.bmp(PAGE), media.BMP, id="BMP"),
        pytest.param(makers.webp(PAGE), media.WEBP, id="WebP"),
        pytest.param(makers.jpeg2000(PAGE), media.JPEG2000, id="JPEG 2000"),
        pytest.param(
            makers.encode(makers.image_of(PAGE), "JPEG2000", no_jp2=True),
            media.JPEG2000,
            id="JPEG 2000 without its box",
        ),
        pytest.param(makers.pdf([PAGE]), media.PDF, id="PDF"),
        pytest.param(b"\r\n\x00junk" * 40 + b"%PDF-1.7\n", media.PDF, id="PDF behind junk"),
        pytest.param(makers.tar([("a.jpg", PICTURE)]), media.TAR, id="tar"),
        pytest.param(makers.tar([("BM_0001.jpg", PICTURE)]), media.TAR, id="tar of BM_0001.jpg"),
        pytest.param(makers.tar([("BZh.jpg", PICTURE)]), media.TAR, id="tar of BZh.jpg"),
        pytest.param(makers.tar([("a.pdf", makers.pdf([PAGE]))]), media.TAR, id="tar of a PDF"),
        pytest.param(makers.tar([("a", b"b")], "gz"), media.COMPRESSED_TAR, id="tar.gz"),
        pytest.param(makers.tar([("a", b"b")], "bz2"), media.COMPRESSED_TAR, id="tar.bz2"),
        pytest.param(makers.tar([("a", b"b")], "xz"), media.COMPRESSED_TAR, id="tar.xz"),
        pytest.param(makers.zip_of([("a.jpg", PICTURE)]), media.ZIP, id="zip"),
        pytest.param(makers.zip_of([]), media.ZIP, id="empty zip"),
        pytest.param(
            makers.zip_of([("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"")]),
            "application/x-office-package",
            id="docx",
        ),
        pytest.param(
            makers.zip_of([("mimetype", b"application/epub+zip")]),
            "application/x-office-package",
            id="epub",
        ),
        pytest.param(b"GIF89a\x01\x00", "image/gif", id="GIF"),
        pytest.param(b"\x00\x00\x00\x18ftypheic", "image/heif", id="HEIC"),
        pytest.param(b"", media.EMPTY, id="nothing"),
        pytest.param(bytes(HEAD_BYTES), media.EMPTY, id="zeros"),
        pytest.param(b"page;text\n1;abc\n", "text/plain", id="text"),
        pytest.param(b"BMW invoices, 1984\n", "text/plain", id="text that begins with BM"),
        pytest.param(b"a" * (HEAD_BYTES - 1) + "é".encode()[:1], "text/plain", id="cut in é"),
        pytest.param("Straße".encode("latin-1") + b" und so fort", media.UNKNOWN, id="Latin-1"),
        pytest.param(b"\x00\x01\x02\x03", media.UNKNOWN, id="binary"),
        pytest.param(old_tar(), media.UNKNOWN, id="a tar without a signature"),
    ],
)
def test_content_is_told_by_its_first_bytes(data, media_type):
    assert sniff(data[:HEAD_BYTES]) == media_type


def test_no_media_type_is_a_document_and_an_archive():
    assert not media.DOCUMENTS & media.ARCHIVES
    assert media.PAGED <= media.DOCUMENTS
