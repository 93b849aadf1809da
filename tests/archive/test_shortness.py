"""Files cut short at any place: told from damaged ones by the lengths in their headers."""

import pytest

from ocr_tasks.archive.media import HEAD_BYTES, IMAGES, sniff
from ocr_tasks.archive.shortness import is_cut_short
from ocr_tasks.errors import TruncatedError
from tests import makers
from tests.archive.decoding import decode
from tests.makers import encode, image_of

PAGE = makers.draw_noise()
WHOLE = {
    "JPEG": makers.jpeg(PAGE),
    "JPEG with a thumbnail": makers.jpeg_with_thumbnail(PAGE),
    "PNG": makers.png(PAGE),
    "BMP": makers.bmp(PAGE),
    "WebP": makers.webp(PAGE),
    "JPEG 2000": makers.jpeg2000(PAGE),
    "JPEG 2000 of tiles": encode(image_of(PAGE), "JPEG2000", tile_size=(32, 32)),
    "JPEG 2000 codestream": encode(image_of(PAGE), "JPEG2000", no_jp2=True),
}
FILES = pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)


@FILES
def test_a_whole_file_is_not_cut_short(data):
    assert not is_cut_short(data, sniff(data[:HEAD_BYTES]))
    decode(data)


@FILES
def test_wherever_an_image_is_cut_it_is_named_so(data):
    cuts = 0
    for size in [*range(4, min(200, len(data))), *range(200, len(data) - 16, len(data) // 100)]:
        cut = data[:size]
        if sniff(cut[:HEAD_BYTES]) in IMAGES:
            cuts += 1
            with pytest.raises(TruncatedError):
                decode(cut)
    assert cuts > 100
