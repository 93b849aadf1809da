"""Image files to pixels: every format, mode and orientation, and every way to be broken."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from ocr_tasks.archive.images import count_frames, decode_frame
from ocr_tasks.archive.media import HEAD_BYTES, sniff
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import NotImageError, TooLargeError, TruncatedError, UnsupportedError
from tests import makers
from tests.makers import difference, encode, image_of

SPEC = DecodeSpec()
CORNERS = makers.draw_corners()
NOISE = makers.draw_noise()
GREY = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None], 40, axis=0)
LOSSY = 3.0  # grey levels


def decode(data, page_index=0, spec=SPEC):
    return decode_frame(data, sniff(data[:HEAD_BYTES]), page_index, spec)


def as_bgr(grey):
    return np.repeat(grey[:, :, None], 3, axis=2)


def palette_with_alpha():
    """A palette image of the corners whose white is transparent, on what would be black."""
    image = image_of(CORNERS).quantize(4)
    white = next(
        index
        for index in range(4)
        if image.getpalette()[3 * index : 3 * index + 3] == [255, 255, 255]
    )
    return encode(image, "PNG", transparency=white)


def rgba(page):
    """The page in ink whose every white pixel is fully transparent black."""
    pixels = np.asarray(image_of(page).convert("RGBA")).copy()
    pixels[(pixels[:, :, :3] == 255).all(axis=2)] = 0
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("data", "truth", "tolerance"),
    [
        pytest.param(makers.jpeg(CORNERS), CORNERS, LOSSY, id="JPEG"),
        pytest.param(makers.jpeg(CORNERS, progressive=True), CORNERS, LOSSY, id="progressive JPEG"),
        pytest.param(
            encode(Image.fromarray(GREY), "JPEG", quality=95), as_bgr(GREY), LOSSY, id="grey JPEG"
        ),
        pytest.param(
            encode(image_of(CORNERS).convert("CMYK"), "JPEG", quality=95),
            CORNERS,
            LOSSY,
            id="CMYK JPEG",
        ),
        pytest.param(makers.jpeg_with_thumbnail(CORNERS), CORNERS, LOSSY, id="JPEG with thumbnail"),
        pytest.param(makers.png(CORNERS), CORNERS, 0, id="PNG"),
        pytest.param(encode(Image.fromarray(GREY), "PNG"), as_bgr(GREY), 0, id="grey PNG"),
        pytest.param(encode(image_of(CORNERS).quantize(4), "PNG"), CORNERS, 0, id="palette PNG"),
        pytest.param(palette_with_alpha(), CORNERS, 0, id="palette PNG with a transparent colour"),
        pytest.param(encode(rgba(CORNERS), "PNG"), CORNERS, 0, id="RGBA PNG"),
        pytest.param(
            encode(rgba(as_bgr(GREY)).convert("LA"), "PNG"), as_bgr(GREY), 0, id="grey-alpha PNG"
        ),
        pytest.param(makers.bmp(CORNERS), CORNERS, 0, id="BMP"),
        pytest.param(makers.webp(CORNERS), CORNERS, 0, id="WebP"),
        pytest.param(encode(rgba(CORNERS), "WEBP", lossless=True), CORNERS, 0, id="RGBA WebP"),
        pytest.param(makers.jpeg2000(CORNERS), CORNERS, 0, id="JPEG 2000"),
        pytest.param(makers.tiff(CORNERS), CORNERS, 0, id="TIFF"),
        pytest.param(makers.tiff(CORNERS, compression="tiff_lzw"), CORNERS, 0, id="LZW TIFF"),
        pytest.param(
            makers.tiff(CORNERS, compression="jpeg", quality=95), CORNERS, LOSSY, id="JPEG TIFF"
        ),
        pytest.param(encode(image_of(CORNERS).convert("CMYK"), "TIFF"), CORNERS, 0, id="CMYK TIFF"),
        pytest.param(encode(Image.fromarray(GREY), "TIFF"), as_bgr(GREY), 0, id="grey TIFF"),
    ],
)
def test_every_format_and_mode_gives_the_pixels_that_were_drawn(data, truth, tolerance):
    raster = decode(data)
    assert raster.pixels.dtype == np.uint8
    assert difference(raster.pixels, truth) <= tolerance
    assert (raster.exif_orientation, raster.render_scale) == (1, None)


@pytest.mark.parametrize("options", [{}, {"compression": "group4"}], ids=["raw", "group4"])
def test_one_bit_scans_are_black_on_white(options):
    page = makers.draw_page()
    scan = image_of(page).convert("1", dither=Image.Dither.NONE)
    pixels = decode(encode(scan, "TIFF", **options)).pixels
    assert np.array_equal(pixels[:, :, 0] > 0, np.asarray(scan))
    assert set(np.unique(pixels)) == {0, 255}


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG2000"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_wide_greys_fill_the_range_of_eight_bits_whatever_depth_is_in_use(kind, bits):
    ramp = np.repeat(np.linspace(0, 2**bits - 1, 64).astype(np.uint16)[None], 40, axis=0)
    options = {"irreversible": False} if kind == "JPEG2000" else {}
    pixels = decode(encode(Image.fromarray(ramp), kind, **options)).pixels
    assert difference(pixels, as_bgr(GREY)) <= 1
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_big_endian_wide_greys_are_read_in_their_order():
    ramp = np.repeat(np.linspace(0, 65535, 64).astype(">u2")[None], 40, axis=0)
    header = struct.pack(">2sHI", b"MM", 42, 8)
    tags = {256: 64, 257: 40, 258: 16, 259: 1, 262: 1, 277: 1, 278: 40, 279: ramp.nbytes}
    tags[273] = 8 + 2 + 12 * (len(tags) + 1) + 4
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    data = header + struct.pack(">H", len(tags)) + entries + bytes(4) + ramp.tobytes()
    assert difference(decode(data).pixels, as_bgr(GREY)) <= 1


def test_floating_point_pixels_are_unsupported():
    data = encode(Image.fromarray(GREY.astype(np.float32) / 255), "TIFF")
    with pytest.raises(UnsupportedError):
        decode(data)


ORIENTATIONS = pytest.mark.parametrize("orientation", range(1, 9))
TURNING = {  # what an orientation's page must look like, in Pillow's own words
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(orientation):
    """The corners as a viewer shows them when their file has that orientation."""
    image, turn = image_of(CORNERS), TURNING[orientation]
    image = image if turn is None else image.transpose(turn)
    return np.asarray(image)[:, :, ::-1]


@ORIENTATIONS
@pytest.mark.parametrize(
    ("make", "tolerance"),
    [
        pytest.param(makers.jpeg, LOSSY, id="JPEG"),
        pytest.param(
            lambda page, orientation: encode(
                image_of(page).convert("CMYK"), "JPEG", exif=makers.exif_with(orientation)
            ),
            LOSSY,
            id="CMYK JPEG",
        ),
        pytest.param(
            lambda page, orientation: makers.png(page, exif=makers.exif_with(orientation)),
            0,
            id="PNG",
        ),
        pytest.param(
            lambda page, orientation: encode(
                image_of(page), "WEBP", lossless=True, exif=makers.exif_with(orientation)
            ),
            0,
            id="WebP",
        ),
    ],
)
def test_an_exif_orientation_is_applied_and_recorded(make, tolerance, orientation):
    data = make(CORNERS, orientation=orientation)
    raster = decode(data)
    assert raster.exif_orientation == orientation
    assert difference(raster.pixels, upright(orientation)) <= tolerance
    as_pillow = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert difference(raster.pixels, as_pillow[:, :, ::-1]) <= tolerance


@ORIENTATIONS
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_orientation_is_applied_exactly_once(compression, orientation):
    raster = decode(makers.tiff(CORNERS, orientation=orientation, compression=compression))
    assert raster.exif_orientation == orientation
    assert np.array_equal(raster.pixels, upright(orientation))


@ORIENTATIONS
def test_a_one_bit_tiff_orientation_is_applied_exactly_once(orientation):
    scan = image_of(CORNERS).convert("L").point(lambda grey: 255 * (grey > 128)).convert("1")
    tagged = {makers.ORIENTATION_TAG: orientation}
    data = encode(scan, "TIFF", compression="group4", tiffinfo=tagged)
    turn = TURNING[orientation]
    truth = np.asarray(scan if turn is None else scan.transpose(turn))
    assert np.array_equal(decode(data).pixels[:, :, 0] > 0, truth)


def test_every_page_of_a_tiff_is_decoded_in_its_own_mode():
    pages = [
        image_of(CORNERS).convert("1", dither=Image.Dither.NONE),
        image_of(CORNERS),
        Image.fromarray(GREY),
        image_of(makers.draw_page()),
    ]
    data = makers.tiff_of(pages)
    assert count_frames(io.BytesIO(data)) == 4
    for index, page in enumerate(pages):
        truth = np.asarray(page.convert("RGB"))[:, :, ::-1]
        assert np.array_equal(decode(data, index).pixels, truth)


def test_a_page_that_is_not_there_is_an_error():
    with pytest.raises(NotImageError):
        decode(makers.tiff_of([image_of(CORNERS)] * 2), page_index=2)


@pytest.mark.parametrize(
    ("data", "dpi"),
    [
        pytest.param(makers.jpeg(CORNERS, dpi=(300, 300)), 300, id="JPEG"),
        pytest.param(makers.tiff(CORNERS, dpi=(600, 600)), 600, id="TIFF"),
        pytest.param(makers.png(CORNERS, dpi=(200, 200)), 200, id="PNG"),
        pytest.param(makers.png(CORNERS), None, id="none told"),
        pytest.param(makers.jpeg(CORNERS, dpi=(1, 1)), None, id="one dot an inch"),
        pytest.param(makers.tiff(CORNERS, dpi=(65_000, 65_000)), None, id="beyond any scanner"),
    ],
)
def test_the_resolution_is_what_the_file_says_if_it_makes_sense(data, dpi):
    assert decode(data).dpi == (None if dpi is None else pytest.approx(dpi, abs=0.1))


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


def test_an_orientation_that_makes_no_sense_is_none():
    assert decode(makers.jpeg(CORNERS, orientation=42)).exif_orientation == 1
