"""Image files that give no pixels: cut short, damaged, or too large."""

import struct
import zlib

import pytest

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import NotImageError, TooLargeError, TruncatedError
from tests import makers
from tests.archive.decoding import CORNERS, decode
from tests.makers import encode, image_of

NOISE = makers.draw_noise()


def cut(data, share=0.6):
    return data[: int(len(data) * share)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(cut(makers.jpeg(NOISE)), id="JPEG"),
        pytest.param(makers.jpeg(NOISE)[:-2], id="JPEG without its end marker"),
        pytest.param(cut(makers.jpeg(NOISE, progressive=True)), id="progressive JPEG"),
        pytest.param(cut(makers.jpeg(NOISE)) + bytes(20_000), id="JPEG filled up with zeros"),
        pytest.param(cut(makers.jpeg_with_thumbnail(NOISE)), id="JPEG with a whole thumbnail"),
        pytest.param(makers.jpeg(NOISE)[:200], id="JPEG within its header"),
        pytest.param(cut(makers.png(NOISE)), id="PNG"),
        pytest.param(
            cut(encode(image_of(NOISE).convert("CMYK"), "JPEG", quality=95)), id="CMYK JPEG"
        ),
        pytest.param(cut(makers.bmp(NOISE)), id="BMP"),
    ],
)
def test_an_image_cut_short_is_truncated(data):
    with pytest.raises(TruncatedError):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(cut(makers.tiff(NOISE, compression="tiff_lzw")), id="TIFF cut short"),
        pytest.param(cut(makers.webp(NOISE)), id="WebP cut short"),
        pytest.param(cut(makers.jpeg2000(NOISE)), id="JPEG 2000 cut short"),
        pytest.param(makers.damaged(makers.png(NOISE), at=9_000), id="PNG damaged in the middle"),
        pytest.param(makers.png(NOISE)[:8] + b"no chunk at all", id="PNG signature and text"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(3_000), id="JPEG signature and zeros"),
        pytest.param(b"II*\x00" + b"\xff" * 400, id="TIFF signature and ones"),
        pytest.param(b"BM" + bytes(12) + b"\x28" + bytes(90), id="BMP of nothing"),
        pytest.param(b"RIFF\x10\x00\x00\x00WEBPVP8 ", id="WebP signature"),
    ],
)
def test_damage_is_an_error_of_the_page_and_no_half_picture(data):
    with pytest.raises((NotImageError, TruncatedError)):
        decode(data)


def tiff_of_one_strip(data, odd=False):
    """A deflated TIFF of 160 x 120 greys in one strip, its directory first; ``odd`` by its tags."""
    tags = {256: 160, 257: 120, 258: 8, 259: 8, 262: 1, 273: 0, 277: 1, 278: 120, 279: len(data)}
    start = 14 + 12 * len(tags)
    tags[273] = start
    kinds = {279: 2 if odd else 4}  # a length may be said to be text
    entries = [struct.pack("<HHLL", tag, kinds.get(tag, 4), 1, tags[tag]) for tag in tags]
    directory = struct.pack("<H", len(tags)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<L", 8) + directory + data


def test_a_tiff_cut_short_within_its_only_strip_is_truncated():
    """Of tags of a single value Pillow gives no tuple."""
    data = tiff_of_one_strip(zlib.compress(NOISE[:, :, 0].tobytes()))
    assert decode(data).pixels.shape == NOISE.shape
    with pytest.raises(TruncatedError, match="ends within the page's pixels"):
        decode(cut(data))


def test_a_tiff_whose_tags_are_no_numbers_is_no_image():
    data = tiff_of_one_strip(zlib.compress(NOISE[:, :, 0].tobytes()), odd=True)
    with pytest.raises(NotImageError):
        decode(cut(data))


def empty_png(width, height):
    """A PNG that says how large it is and holds next to nothing."""

    def chunk(kind, body):
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_too_many_pixels_are_refused_from_the_header():
    with pytest.raises(TooLargeError, match="60000 x 60000"):
        decode(empty_png(60_000, 60_000))


@pytest.mark.parametrize(
    ("more", "refused"), [(0, False), (-1, True)], ids=["just as many", "one too many"]
)
def test_the_limit_is_the_number_of_pixels(more, refused):
    spec = DecodeSpec(max_pixels=CORNERS.shape[0] * CORNERS.shape[1] + more)
    if refused:
        with pytest.raises(TooLargeError):
            decode(makers.png(CORNERS), spec=spec)
    else:
        assert decode(makers.png(CORNERS), spec=spec).pixels.shape == CORNERS.shape


@pytest.mark.parametrize("page_index", [0, 1])
def test_the_limit_holds_for_every_page_of_a_tiff(page_index):
    data = makers.tiff_of([image_of(makers.draw_corners(10, 10)), image_of(CORNERS)])
    spec = DecodeSpec(max_pixels=100)
    if page_index == 0:
        assert decode(data, 0, spec).pixels.shape == (10, 10, 3)
    else:
        with pytest.raises(TooLargeError):
            decode(data, page_index, spec)
