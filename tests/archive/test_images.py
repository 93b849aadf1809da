"""Image files to pixels: every format, mode, orientation, page and resolution."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from ocr_tasks.errors import NotImageError, UnsupportedError
from tests import makers
from tests.archive.decoding import CORNERS, decode
from tests.makers import difference, encode, image_of

GREY = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None], 40, axis=0)
LOSSY = 3.0  # grey levels


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
    assert (raster.height, raster.width) == raster.pixels.shape[:2]
    assert np.array_equal(raster.pixels, upright(orientation))


@ORIENTATIONS
def test_a_one_bit_tiff_orientation_is_applied_exactly_once(orientation):
    scan = image_of(CORNERS).convert("L").point(lambda grey: 255 * (grey > 128)).convert("1")
    tagged = {makers.ORIENTATION_TAG: orientation}
    data = encode(scan, "TIFF", compression="group4", tiffinfo=tagged)
    turn = TURNING[orientation]
    truth = np.asarray(scan if turn is None else scan.transpose(turn))
    assert np.array_equal(decode(data).pixels[:, :, 0] > 0, truth)


def test_an_orientation_that_makes_no_sense_is_none():
    assert decode(makers.jpeg(CORNERS, orientation=42)).exif_orientation == 1


def test_every_page_of_a_tiff_is_decoded_in_its_own_mode():
    pages = [
        image_of(CORNERS).convert("1", dither=Image.Dither.NONE),
        image_of(CORNERS),
        Image.fromarray(GREY),
        image_of(makers.draw_page()),
    ]
    data = makers.tiff_of(pages)
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


@pytest.mark.parametrize("bits", [8, 10, 12, 16, 20])
def test_greys_of_any_depth_keep_their_shades(bits):
    ramp = np.linspace(0, 2**bits - 1, 64).astype(np.int32)
    image = Image.fromarray(np.tile(ramp, (8, 1)))
    pixels = decode(encode(image, "TIFF")).pixels
    shades = pixels[0, :, 0].astype(int)
    assert np.abs(shades - np.linspace(0, 255, 64)).max() <= 2
