"""Raster files to pixels: JPEG, PNG, TIFF, BMP, WebP, JPEG 2000."""

import io
import warnings

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ocr_tasks.archive.media import JPEG, JPEG2000, TIFF
from ocr_tasks.archive.raster import DecodeSpec, Raster, Rung
from ocr_tasks.archive.shortness import is_cut_short
from ocr_tasks.archive.tiff import refuse_lost_page
from ocr_tasks.errors import (
    NotImageError,
    PageError,
    TooLargeError,
    TruncatedError,
    UnsupportedError,
)

ORIENTATION_TAG = 0x0112
STRIPS_AND_TILES = ((273, 279), (324, 325))  # a TIFF's tags of their offsets and lengths
PLAUSIBLE_DPI = (30.0, 2400.0)
BEST = Rung()
OPENCV_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
}
WIDE_GREYS = {"I", "I;16", "I;16B", "I;16L"}
STRIP_ROWS = 256
# Of a cut one, OpenCV gives the upper half, and OpenJPEG the tiles that came.
LENIENT = {JPEG, JPEG2000}
# What Pillow may take bytes for. It knows more, and starts Ghostscript for an EPS.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000")
REDUCIBLE = {"L", "LA", "RGB", "RGBA", "CMYK"}  # of others a mean is no shade

# Of odd metadata, which decoding does not need. Once for all, as filters are not for threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# Pillow's own limit warns at a size of its choosing; ours is checked on every header instead.
Image.MAX_IMAGE_PIXELS = None


def decode_frame(
    data: bytes, media_type: str, page_index: int, spec: DecodeSpec, rung: Rung = BEST
) -> Raster:
    """One page of an image file, with its EXIF orientation applied.

    Raises:
        PageError: NotImageError, TruncatedError, TooLargeError or UnsupportedError.
        MemoryError: there is not enough for the pixels.
    """
    if media_type == TIFF:
        refuse_lost_page(data, page_index)
    if media_type in LENIENT and is_cut_short(data, media_type):
        raise TruncatedError("the image has no end mark")
    try:
        return _decode(data, media_type, page_index, spec, rung)
    except NotImageError as error:
        if is_cut_short(data, media_type):
            raise TruncatedError(f"less has come than was announced: {error}") from error
        raise


def _decode(data: bytes, media_type: str, page_index: int, spec: DecodeSpec, rung: Rung) -> Raster:
    try:
        image = _opened(io.BytesIO(data))
    except NotImageError:  # of OpenCV's own limit on pixels see the process's environment
        if not rung.second_decoder:
            raise
        pixels = _decode_with_opencv(data, media_type, page_index, cv2.IMREAD_COLOR)
        return Raster(pixels, pixels.shape[1], pixels.shape[0], None, None, 1)
    with image:
        try:
            image.seek(page_index)
        except Exception as error:
            raise _damage(error, f"page {page_index} cannot be found") from error
        try:
            return _decode_opened(image, data, media_type, page_index, spec, rung)
        except NotImageError as error:
            if media_type == TIFF and _end_of_pixels(image) > len(data):
                raise TruncatedError(f"it ends within the page's pixels: {error}") from error
            raise


def _end_of_pixels(tiff: Image.Image) -> int:
    """Where the last strip or tile of a TIFF's page ends, as its directory says."""
    tags = tiff.getexif()
    ends = [0]
    for offsets, lengths in STRIPS_AND_TILES:
        places = zip(_whole(tags.get(offsets)), _whole(tags.get(lengths)), strict=False)
        ends += [offset + length for offset, length in places]
    return max(ends)


def _whole(value: object) -> list[int]:
    """The whole numbers of a tag, of which Pillow gives no tuple where there is only one."""
    values = value if isinstance(value, tuple) else (value,)
    return [one for one in values if isinstance(one, int)]


def _decode_opened(
    image: Image.Image, data: bytes, media_type: str, page_index: int, spec: DecodeSpec, rung: Rung
) -> Raster:
    width, height, dpi = image.width, image.height, _dpi(image)
    by_opencv = (media_type == JPEG and image.mode in {"L", "RGB"}) != rung.second_decoder
    # Only a JPEG's decoder leaves pixels out; of others every one is decoded first.
    reduced = rung.reduce if by_opencv and media_type == JPEG else 1
    if width * height > spec.max_pixels * reduced**2:
        raise TooLargeError(f"{width} x {height} pixels are more than {spec.max_pixels}")
    if by_opencv:
        orientation = _orientation(image)
        flags = OPENCV_REDUCED[reduced] | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = _decode_with_opencv(data, media_type, page_index, flags)
        if media_type != TIFF:  # which OpenCV turns whatever the flags say
            pixels = _turned(pixels, orientation)
    else:
        pixels, orientation = _decode_with_pillow(image, media_type, rung.reduce)
    if orientation in {5, 6, 7, 8} and media_type != TIFF:  # whose size Pillow tells upright
        width, height = height, width
    return Raster(pixels, width, height, dpi, None, orientation)


def _opened(file: io.BytesIO) -> Image.Image:
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise NotImageError("no decoder knows these bytes") from error
    except Exception as error:
        raise _damage(error, "its header cannot be read") from error


def _damage(error: Exception, what: str) -> PageError:
    """What a Pillow plugin's error means; they raise what they like on damaged bytes."""
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return TruncatedError(f"{what}: {error}")
    return NotImageError(f"{what}: {error}")


def _orientation(image: Image.Image) -> int:
    """The EXIF or TIFF orientation, 1 to 8; 1 where there is none or it makes no sense."""
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1
    return value if value in range(1, 9) else 1


def _dpi(image: Image.Image) -> float | None:
    try:
        dpi = float(image.info["dpi"][0])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
        return None
    return dpi if PLAUSIBLE_DPI[0] <= dpi <= PLAUSIBLE_DPI[1] else None


def _decode_with_opencv(
    data: bytes, media_type: str, page_index: int, flags: int
) -> NDArray[np.uint8]:
    """A page as ``flags`` say. OpenCV is twice as fast with JPEGs as Pillow."""
    buffer = np.frombuffer(data, np.uint8)
    if media_type == TIFF:
        _, frames = cv2.imdecodemulti(buffer, flags, range=(page_index, page_index + 1))
        pixels = frames[0] if frames else None
    else:
        pixels = cv2.imdecode(buffer, flags)
    if pixels is None:
        raise NotImageError(f"the {media_type} cannot be decoded")
    return pixels.astype(np.uint8, copy=False)


def _decode_with_pillow(
    image: Image.Image, media_type: str, reduce: int
) -> tuple[NDArray[np.uint8], int]:
    """The pixels upright, and the orientation the file had them in."""
    # Pillow turns a TIFF as it loads it, then forgets; to find a PNG's tag, it has to load it.
    orientation = _orientation(image) if media_type == TIFF else None
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        raise _damage(error, "it cannot be decoded") from error
    pixels = _as_bgr(_reduced(image, reduce))
    if orientation is not None:
        return pixels, orientation
    orientation = _orientation(image)
    return _turned(pixels, orientation), orientation


def _reduced(image: Image.Image, reduce: int) -> Image.Image:
    """Each ``reduce`` pixels as one, before colours are converted, which takes the most memory."""
    if image.mode == "1":
        image = image.convert("L")
    if reduce == 1 or image.mode not in REDUCIBLE:
        return image
    smaller = image.reduce(reduce)
    smaller.info = image.info
    return smaller


def _as_bgr(image: Image.Image) -> NDArray[np.uint8]:
    """Any mode as 8-bit BGR: wide greys scaled to the depth in use, transparency on white.

    It is done in strips, as each step of a conversion takes as much memory as the page again.
    """
    if image.mode == "F":
        raise UnsupportedError("floating-point pixels")
    if image.mode in WIDE_GREYS:
        return _eight_bits(np.asarray(image))
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        strip = image.crop((0, top, width, bottom))
        strip.info = image.info
        pixels[top:bottom] = _strip_as_rgb(strip)[:, :, ::-1]
    return pixels


def _strip_as_rgb(strip: Image.Image) -> NDArray[np.uint8]:
    if strip.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in strip.info:
        layer = strip.convert("RGBA")
        strip = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.asarray(strip.convert("RGB"))


def _eight_bits(greys: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Greys of more than 8 bits as BGR: scanners store 10 or 12 in 16, so the peak decides."""
    depth = max(int(greys.max()), 255).bit_length()
    pixels = np.empty((*greys.shape, 3), np.uint8)
    for top in range(0, len(greys), STRIP_ROWS):
        strip = greys[top : top + STRIP_ROWS].astype(np.int64) >> (depth - 8)
        pixels[top : top + STRIP_ROWS] = np.clip(strip, 0, 255)[:, :, np.newaxis]
    return pixels


def _turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The pixels upright, by the eight cases of the EXIF tag (CIPA DC-008, 4.6.4)."""
    if orientation in {5, 6, 7, 8}:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
