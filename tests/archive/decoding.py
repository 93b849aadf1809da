"""What the tests of image files share: a page of known pixels, and its way out of a file."""

from ocr_tasks.archive.images import decode_frame
from ocr_tasks.archive.media import HEAD_BYTES, sniff
from ocr_tasks.archive.raster import DecodeSpec
from tests import makers

SPEC = DecodeSpec()
CORNERS = makers.draw_corners()


def decode(data, page_index=0, spec=SPEC):
    return decode_frame(data, sniff(data[:HEAD_BYTES]), page_index, spec)
