"""The pages of TIFFs: whole, cut short, damaged in one place, and made to lead nowhere."""

import io
import struct

import pytest

from ocr_tasks.archive.tiff import count_directories, refuse_lost_page
from ocr_tasks.errors import NotImageError, TruncatedError
from tests import makers
from tests.archive.decoding import decode

PAGES = [makers.draw_noise(40, 30, seed) for seed in range(4)]


def tiff(**options):
    first, *others = [makers.image_of(page) for page in PAGES]
    return makers.encode(first, "TIFF", save_all=True, append_images=others, **options)


def count(data, most=99):
    return count_directories(io.BytesIO(data), most)


WHOLE = {
    "raw": tiff(),
    "LZW": tiff(compression="tiff_lzw"),
    "BigTIFF": tiff(big_tiff=True),
    "JPEG": tiff(compression="jpeg", quality=95),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_pages_are_counted_by_the_chain_and_no_further_than_asked(data):
    assert count(data) == 4
    assert count(data, most=2) == 3


def test_both_orders_of_bytes_are_followed():
    big_endian = b"MM\0*" + struct.pack(">IH12xIH12xI", 8, 1, 26, 1, 0)
    assert count(big_endian) == 2


@pytest.mark.parametrize("name", WHOLE)
def test_a_tiff_that_is_cut_keeps_the_pages_that_came_and_says_what_was_lost(name):
    data = WHOLE[name]
    seen = set()
    for size in range(16, len(data), max(1, len(data) // 200)):
        cut = data[:size]
        try:
            pages = count(cut)
        except TruncatedError:
            seen.add(0)
            continue
        read = []
        for index in range(pages):
            try:
                read.append(decode(cut, index).pixels)
            except TruncatedError:
                break
        if len(read) < 4:  # else only the padding at the end is gone
            assert pages > len(read), f"{4 - len(read)} pages vanish from the first {size} bytes"
        for pixels, page in zip(read, PAGES, strict=False):
            assert makers.difference(pixels, page) < 12
        seen.add(len(read))
    assert seen >= {0, 1, 2, 3}


def test_a_damaged_directory_costs_its_own_page():
    data = bytearray(WHOLE["raw"])
    second = struct.unpack_from("<I", data, _end_of_entries(data, 8))[0]
    assert _end_of_entries(data, second) == second + 2 + 120
    data[second + 2 : _end_of_entries(data, second)] = b"\xee" * 120
    assert count(bytes(data)) == 4
    with pytest.raises(NotImageError):
        decode(bytes(data), 1)
    for index in (0, 2, 3):
        assert makers.difference(decode(bytes(data), index).pixels, PAGES[index]) == 0


def _end_of_entries(data, directory):
    return directory + 2 + 12 * struct.unpack_from("<H", data, directory)[0]


def test_a_chain_that_bites_its_tail_ends_there():
    data = bytearray(WHOLE["raw"])
    struct.pack_into("<I", data, _end_of_entries(data, 8), 8)
    assert count(bytes(data)) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"II*\0\x08\0\0",
        b"II+\0\x08\0\0\0\x10\0\0\0",
        b"II*\0" + b"\xff" * 400,
        b"II+\0" + b"\xff" * 400,
        b"II*\0\x08\0\0\0\xff\xff" + bytes(100),
    ],
    ids=["header", "BigTIFF's header", "ones", "BigTIFF of ones", "entries without end"],
)
def test_a_chain_that_leads_nowhere_is_an_error_of_the_file(data):
    with pytest.raises(TruncatedError):
        count(data)
    with pytest.raises(TruncatedError):
        refuse_lost_page(data, 0)


def test_a_tiff_without_a_page_is_none():
    with pytest.raises(NotImageError):
        count(b"II*\0" + bytes(12))
