"""Mutated files, through real decoders: always pages or errors of pages, and in time.

``FUZZ=1000 python -m pytest tests/archive/test_fuzz.py --hypothesis-show-statistics`` tries a
thousand times as many, new ones each time, and tells how they ended.
"""

import bz2
import gzip
import io
import lzma
import os
import zipfile

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from ocr_tasks.archive import media
from ocr_tasks.archive.decode import decode_page
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.archive.documents import Document
from ocr_tasks.archive.media import ARCHIVES, DOCUMENTS, HEAD_BYTES, PAGED, sniff
from ocr_tasks.archive.raster import ArchiveSpec, DecodeSpec
from ocr_tasks.errors import PAGE_ERRORS, PageError
from ocr_tasks.records import Page
from tests import makers
from tests.archive.mutations import mutated
from tests.archive.typeset import text, typeset
from tests.encrypted import encrypted_pdf
from tests.makers import encode, image_of

TIMES = int(os.environ.get("FUZZ", "1"))
SPEC = DecodeSpec(
    pdf_dpi=72,
    max_pixels=2_000_000,
    max_pages=50,
    timeout_seconds=10,
    memory_mb=256,
    archives=ArchiveSpec(max_members=50, max_unpacked_gb=0.05),
)
PAGE = makers.draw_noise(24, 36)
TEXT = makers.draw_page(["fuzz"], width=90, line_height=20)
BILEVEL = image_of(TEXT).convert("1")
MEMBERS = [("a.png", makers.png(TEXT)), ("b/c.tif", makers.tiff(PAGE)), ("d.txt", b"text" * 99)]


def fuzzing(examples):
    """So many examples of each seed, or ``FUZZ`` times as many that were never tried before."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        phases=[Phase.generate] if TIMES > 1 else [Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


SEEDS = st.integers(0, 2**64 - 1)  # of a random change: it is these that are drawn


IMAGES = {
    "jpeg": makers.jpeg(TEXT),
    "progressive": makers.jpeg(PAGE, progressive=True, orientation=6),
    "cmyk": encode(image_of(PAGE).convert("CMYK"), "JPEG"),
    "png": makers.png(TEXT, exif=makers.exif_with(3)),
    "palette": encode(image_of(TEXT).quantize(4), "PNG", transparency=1),
    "bilevel png": encode(BILEVEL, "PNG"),
    "tiff": makers.tiff_of([image_of(PAGE), image_of(TEXT).convert("L")]),
    "lzw": makers.tiff(PAGE, compression="tiff_lzw", orientation=8),
    "group4": encode(BILEVEL, "TIFF", compression="group4"),
    "jpeg tiff": makers.tiff(TEXT, compression="jpeg"),
    "bigtiff": makers.tiff(PAGE, big_tiff=True, compression="tiff_adobe_deflate"),
    "webp": makers.webp(TEXT),
    "jp2": makers.jpeg2000(TEXT),
    "bmp": makers.bmp(PAGE),
    "pdf": makers.pdf([TEXT, PAGE]),
    "drawn pdf": makers.drawn_pdf(rotation=90),
    "typeset pdf": typeset(text()),
    "encrypted pdf": encrypted_pdf(""),
}
TAR = makers.tar(MEMBERS)
PACKED = {
    "tar": TAR,
    "tar.gz": gzip.compress(TAR),
    "tar.bz2": bz2.compress(TAR),
    "tar.xz": lzma.compress(TAR),
    "zip": makers.zip_of(MEMBERS),
    "stored zip": makers.zip_of(MEMBERS, zipfile.ZIP_STORED),
    "tiff": IMAGES["tiff"],
    "pdf": IMAGES["pdf"],
}
REPACKED = {"tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}
KNOWN = {value for value in vars(media).values() if isinstance(value, str)}
KNOWN |= {media_type for _, _, media_type in media._SIGNATURES}
KNOWN |= {"text/plain", "application/x-office-package"}


@fuzzing(100)
@given(st.one_of(st.binary(max_size=80), st.sampled_from([*IMAGES.values()])), SEEDS)
def test_any_bytes_have_a_media_type(data, seed):
    data = mutated(data, seed)
    told = sniff(data[:HEAD_BYTES])
    assert told in KNOWN
    assert (told == media.EMPTY) == (not data[:HEAD_BYTES].strip(b"\0"))


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.timeout(120 + 60 * TIMES)
@fuzzing(12)
@given(seed=SEEDS)
def test_a_mutated_document_ends_as_a_page_or_as_an_error_of_one(kind, seed):
    data = mutated(IMAGES[kind], seed, [*IMAGES.values()])
    media_type = sniff(data[:HEAD_BYTES])
    if media_type not in DOCUMENTS:
        return
    page_index = seed % 2 if kind in {"tiff", "pdf"} else 0
    expected = makers.expected_page(media_type=media_type, page_index=page_index)
    document = Document(io.BytesIO(data), len(data), str(seed))
    with POOL.borrowed(SPEC) as decoder:
        answer = decode_page(expected, document, decoder, 0.0)
    if isinstance(answer, Page):
        height, width = answer.image.shape[:2]
        assert 0 < height <= answer.facts.height
        assert 0 < width <= answer.facts.width
        assert width * height <= SPEC.max_pixels
        way = "embedded" if answer.embedded else answer.facts.degraded
        event(f"{kind}: a page, {way}")
    else:
        assert answer.error_class in PAGE_ERRORS
        assert answer.message
        event(f"{kind}: {answer.error_class}{unforeseen(answer.message)}")


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.timeout(120 + 60 * TIMES)
@fuzzing(25)
@given(seed=SEEDS)
def test_a_mutated_archive_ends_as_members_or_as_errors_of_pages(kind, seed):
    if kind in REPACKED and seed % 2:  # what is in it changes, and not how that is packed
        data = REPACKED[kind](mutated(TAR, seed, [*IMAGES.values()]))
    else:
        data = mutated(PACKED[kind], seed, [*IMAGES.values()])
    media_type = sniff(data[:HEAD_BYTES])
    if media_type not in ARCHIVES | PAGED:
        return
    with POOL.borrowed(SPEC) as decoder:
        found = list(decoder.look(io.BytesIO(data), media_type, len(data)))
        assert found
        for one in found:
            assert 1 <= one.pages <= SPEC.max_pages
            if one.fault is None and one.member is not None:
                event(f"{kind}: {unpacked(decoder, data, seed, media_type, one.member)}")
            elif one.fault is not None:
                assert one.fault.code in PAGE_ERRORS
                event(f"{kind}: {one.fault.code}{unforeseen(str(one.fault))}")
    indices = [one.member.index for one in found if one.member is not None]
    assert indices == sorted(set(indices))


def unpacked(decoder, data, seed, media_type, member):
    """What became of a member as it was read."""
    file = io.BytesIO(data)
    try:
        parts = decoder.unpack(file, f"{seed}", media_type, len(data), member.index, member.size)
        assert sum(map(len, parts)) <= member.size + 1
    except PageError as error:
        return f"a member, {error.code}{unforeseen(str(error))}"
    return "a member"


def unforeseen(message):
    return " (unforeseen)" if message.startswith("the decoder failed") else ""
