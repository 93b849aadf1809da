"""The other ways to decode an image, which are tried when the best has failed."""

import os
import struct
import zlib

import pytest

from ocr_tasks.archive.images import decode_frame
from ocr_tasks.archive.media import HEAD_BYTES, WEBP, sniff
from ocr_tasks.archive.raster import DecodeSpec, Rung
from ocr_tasks.errors import NotImageError, TooLargeError
from tests import makers
from tests.archive.decoding import CORNERS, SPEC
from tests.archive.test_images import LOSSY, ORIENTATIONS, upright
from tests.makers import difference, encode, image_of

BEST, SECOND = Rung(), Rung("second_decoder", second_decoder=True)
HEADER = len(b"\x89PNG\r\n\x1a\n") + 4 + 4 + 13 + 4  # where a PNG's second chunk begins


def decode(data, rung, spec=SPEC, page_index=0):
    return decode_frame(data, sniff(data[:HEAD_BYTES]), page_index, spec, rung)


def webp(page, orientation):
    exif = makers.exif_with(orientation)
    return encode(image_of(page), "WEBP", lossless=True, exif=exif)


def png(page, orientation):
    return makers.png(page, exif=makers.exif_with(orientation))


def cmyk_jpeg(page, orientation):
    exif = makers.exif_with(orientation)
    return encode(image_of(page).convert("CMYK"), "JPEG", quality=95, exif=exif)


@ORIENTATIONS
@pytest.mark.parametrize("rung", [BEST, SECOND], ids=["best", "second"])
@pytest.mark.parametrize(
    ("make", "tolerance"),
    [
        pytest.param(makers.jpeg, LOSSY, id="JPEG"),
        pytest.param(cmyk_jpeg, LOSSY, id="CMYK JPEG"),
        pytest.param(makers.tiff, 0, id="TIFF"),
        pytest.param(png, 0, id="PNG"),
        pytest.param(webp, 0, id="WebP"),
    ],
)
def test_both_decoders_give_the_page_upright_and_its_frame(make, tolerance, rung, orientation):
    raster = decode(make(CORNERS, orientation=orientation), rung)
    assert difference(raster.pixels, upright(orientation)) <= tolerance
    assert (raster.height, raster.width) == raster.pixels.shape[:2]
    assert raster.exif_orientation == orientation


@pytest.mark.parametrize("make", [makers.bmp, makers.jpeg2000, makers.png, makers.webp])
def test_the_second_decoder_gives_the_pixels_that_were_drawn(make):
    assert difference(decode(make(CORNERS), SECOND).pixels, CORNERS) == 0


@pytest.mark.parametrize("page_index", [0, 1, 2])
def test_the_second_decoder_finds_every_page_of_a_tiff(page_index):
    drawn = [CORNERS, CORNERS[::-1], makers.draw_page()]
    data = makers.tiff_of([image_of(page) for page in drawn])
    raster = decode(data, SECOND, page_index=page_index)
    assert difference(raster.pixels, drawn[page_index]) == 0


def png_with(kind, body, checksum=None):
    """The corners as a PNG with a chunk more behind its header."""
    checksum = zlib.crc32(kind + body) if checksum is None else checksum
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)
    whole = makers.png(CORNERS)
    return whole[:HEADER] + chunk + whole[HEADER:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png_with(b"tEXt", b"Comment\x00x", checksum=1), id="a damaged comment"),
        pytest.param(
            png_with(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(80_000_000))),
            id="a comment of 80 MB",
        ),
    ],
)
def test_what_only_the_second_decoder_reads_has_its_pixels_and_its_frame(data):
    with pytest.raises(NotImageError):
        decode(data, BEST)
    raster = decode(data, SECOND)
    assert difference(raster.pixels, CORNERS) == 0
    assert (raster.height, raster.width) == CORNERS.shape[:2]


@pytest.mark.parametrize("reduce", [2, 4])
@pytest.mark.parametrize(
    ("make", "tolerance"),
    [
        pytest.param(makers.jpeg, LOSSY, id="JPEG"),
        pytest.param(cmyk_jpeg, LOSSY, id="CMYK JPEG"),
        pytest.param(makers.tiff, 0, id="TIFF"),
        pytest.param(png, 0, id="PNG"),
    ],
)
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_reduced_page_keeps_the_frame_of_the_whole(make, tolerance, reduce, orientation):
    page = makers.draw_corners(48, 64)
    data = make(page, orientation=orientation)
    raster, whole = decode(data, Rung(reduce=reduce)), decode(data, BEST)
    height, width = whole.pixels.shape[:2]
    assert (raster.width, raster.height) == (whole.width, whole.height) == (width, height)
    assert raster.pixels.shape == (height // reduce, width // reduce, 3)
    assert difference(raster.pixels, whole.pixels[::reduce, ::reduce]) <= tolerance


@pytest.mark.parametrize(
    ("make", "refused"), [(makers.jpeg, False), (makers.png, True), (makers.tiff, True)]
)
def test_only_a_jpeg_may_have_more_pixels_where_some_are_left_out(make, refused):
    data = make(CORNERS)
    spec = DecodeSpec(max_pixels=CORNERS.shape[0] * CORNERS.shape[1] // 4)
    with pytest.raises(TooLargeError):
        decode(data, BEST, spec)
    if refused:  # all of them are decoded before any can go
        with pytest.raises(TooLargeError):
            decode(data, Rung(reduce=2), spec)
    else:
        assert decode(data, Rung(reduce=2), spec).pixels.shape == (20, 32, 3)


@pytest.mark.parametrize("rung", [BEST, SECOND], ids=["best", "second"])
def test_no_other_program_is_started_for_what_looks_like_a_format_read_here(
    tmp_path, monkeypatch, rung
):
    started = tmp_path / "started"
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f"#!/bin/sh\ntouch {started}\n", encoding="ascii")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    header = struct.pack("<4sI4s18x", b"\xc5\xd0\xd3\xc6", 30, b"WEBP")  # of an EPS for DOS
    data = header + b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    assert sniff(data) == WEBP
    with pytest.raises(NotImageError):
        decode(data, rung)
    assert not started.exists()
