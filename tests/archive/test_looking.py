"""What lies in hostile documents and archives, as decoders tell it within their limits."""

import bz2
import gzip
import io
import lzma
import tarfile

import pytest

from ocr_tasks.archive import decoders
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import ArchiveSpec, DecodeSpec
from ocr_tasks.archive.shards import Manifest, ShardSpec, plan_shards
from ocr_tasks.records import Page, PageFailure
from tests import makers
from tests.archive.hostile import tiff_that_says
from tests.archive.reading import read
from tests.archive.test_members_hostile import HOSTILE_NAMES, header

PAGE = makers.draw_corners()
PICTURE = makers.png(PAGE)
ARCHIVES = pytest.mark.parametrize(
    "pack",
    [makers.tar, lambda members: makers.tar(members, "gz"), makers.zip_of],
    ids=["tar", "tar.gz", "zip"],
)


def listed(folder, spec, **files):
    return list(list_pages(makers.fill_folder(folder, files), spec))


def in_short(pages):
    return [(page.source_member, page.error_class) for page in pages]


def frames(count):
    return makers.tiff_of([makers.image_of(PAGE)] * count)


@pytest.mark.parametrize(
    "make", [lambda count: makers.blank_pdf([(9, 9)] * count), frames], ids=["PDF", "TIFF"]
)
@pytest.mark.parametrize(("more", "error"), [(0, None), (1, "E_TOO_LARGE")])
def test_a_document_has_no_more_pages_than_it_may(tmp_path, make, more, error):
    spec = DecodeSpec(max_pages=4)
    data = make(4 + more)
    pages = listed(tmp_path, spec, a=data, b=makers.tar([("1.png", PICTURE), ("2", data)]))
    here = [error] if error else [None] * 4
    assert [page.error_class for page in pages] == [*here, None, *here]


def test_a_document_has_no_more_bytes_than_it_may(tmp_path):
    spec = DecodeSpec(max_document_mb=1)
    large = makers.tiff(makers.draw_noise(600, 600))
    members = [("1.png", PICTURE), ("2.tif", large), ("3.png", PICTURE)]
    pages = listed(tmp_path, spec, a=large, b=makers.tar(members), c=makers.zip_of(members))
    told = ["E_TOO_LARGE", *[None, "E_TOO_LARGE", None] * 2]
    assert [page.error_class for page in pages] == told
    assert "max_document_mb" in pages[0].error_message
    read_back = [type(answer) for answer in read(pages, spec)]
    assert read_back == [PageFailure if error else Page for error in told]


@ARCHIVES
def test_what_came_before_a_bomb_is_read_and_the_rest_is_one_row(tmp_path, pack):
    spec = DecodeSpec(archives=ArchiveSpec(max_unpacked_gb=1e-3))
    members = [("1.png", PICTURE), ("2.png", PICTURE), ("3", bytes(2_000_000)), ("4.png", PICTURE)]
    pages = listed(tmp_path, spec, x=pack(members), y=PICTURE)
    assert in_short(pages) == [
        ("1.png", None),
        ("2.png", None),
        (None, "E_ARCHIVE_BOMB"),
        (None, None),
    ]
    for answer in read(pages, spec):
        if answer.expected.error_class is None:
            assert makers.difference(answer.image, PAGE) == 0


@ARCHIVES
def test_files_of_more_pages_than_an_archive_may_have_are_a_bomb(tmp_path, pack):
    spec = DecodeSpec(archives=ArchiveSpec(max_members=8))
    members = [("1.tif", frames(3)), ("2.tif", frames(5)), ("3.png", PICTURE), ("4.png", PICTURE)]
    assert in_short(listed(tmp_path, spec, x=pack(members))) == [
        *[("1.tif", None)] * 3,
        *[("2.tif", None)] * 5,
        ("3.png", "E_ARCHIVE_BOMB"),
        (None, "E_ARCHIVE_BOMB"),
    ]


@ARCHIVES
def test_members_that_lead_out_of_their_archive_are_rows_and_the_others_are_read(tmp_path, pack):
    names = ["../up.png", "a.png", "a/../../up.png", "..\\up.png", "/abs.png", "b/../c.png"]
    pages = listed(tmp_path / "in", DecodeSpec(), x=pack([(name, PICTURE) for name in names]))
    errors = ["E_ARCHIVE_PATH", None, "E_ARCHIVE_PATH", "E_ARCHIVE_PATH", None, None]
    assert in_short(pages) == list(zip(names, errors, strict=True))
    answers = read(pages)
    assert [getattr(answer, "error_class", None) for answer in answers] == errors
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "x"]


@ARCHIVES
def test_members_of_one_basename_stay_apart_with_their_own_pixels(tmp_path, pack):
    other = makers.png(PAGE[::-1])
    members = [("a/p.png", PICTURE), ("b/p.png", other), ("a/P.png", other)]
    pages = listed(tmp_path, DecodeSpec(), x=pack(members))
    assert len({page.page_id for page in pages}) == 3
    for answer, drawn in zip(read(pages), [PAGE, PAGE[::-1], PAGE[::-1]], strict=True):
        assert makers.difference(answer.image, drawn) == 0


@pytest.mark.parametrize("compression", ["", "gz"])
def test_odd_names_are_kept_stored_and_read(tmp_path, compression):
    data = makers.tar([(name, PICTURE) for name in HOSTILE_NAMES], compression)
    pages = listed(tmp_path, DecodeSpec(), **{"x y\n$(z).tar": data})
    assert Manifest(plan_shards(pages, ShardSpec(), 1).read_all()).expected() == pages
    assert len({page.source_member for page in pages}) == len(HOSTILE_NAMES)
    assert all(isinstance(answer, Page) for answer in read(pages))


SMALL = DecodeSpec(memory_mb=128, archives=ArchiveSpec(max_ratio=1e6))
ZEROS = bytes(250_000_000)


def test_a_header_that_fills_the_memory_costs_its_archive_alone(tmp_path):
    bomb = gzip.compress(header(size=len(ZEROS), kind=tarfile.XHDTYPE) + ZEROS, 1)
    pages = listed(tmp_path, SMALL, a=bomb, b=PICTURE)
    assert [page.error_class for page in pages] == ["E_MEMORY", None]


def test_a_member_that_fills_the_memory_costs_itself_alone(tmp_path):
    bomb = b"%PDF-1.4\n" + ZEROS
    sink = io.BytesIO(makers.zip_of([("1.png", PICTURE), ("2.pdf", bomb), ("3.tif", frames(2))]))
    pages = listed(tmp_path, SMALL, x=sink.getvalue())
    assert in_short(pages) == [
        ("1.png", None),
        ("2.pdf", "E_MEMORY"),
        ("3.tif", None),
        ("3.tif", None),
    ]


def test_a_slow_archive_is_given_its_time_while_it_goes_on(tmp_path):
    """Six megabytes of noise take longer to unpack than a page may take to decode."""
    noise = makers.draw_noise(1_400, 1_400).tobytes()
    members = [("noise", noise), ("1.png", PICTURE)]
    spec = DecodeSpec(timeout_seconds=0.5)
    pages = listed(tmp_path, spec, a=makers.tar(members, "bz2"))
    assert in_short(pages) == [("noise", "E_UNSUPPORTED"), ("1.png", None)]
    (page,) = read(pages[1:], spec)
    assert makers.difference(page.image, PAGE) == 0


def test_zeros_without_end_take_no_longer_than_they_may(tmp_path):
    """A gigabyte of them behind the end mark, in two thousand bytes."""
    data = bz2.compress(header("1.txt") + bytes(1_024)) + bz2.compress(bytes(20_000_000)) * 50
    spec = DecodeSpec(timeout_seconds=0.5, archives=ArchiveSpec(max_ratio=1e6))
    pages = listed(tmp_path, spec, **{"a": data, "b.png": PICTURE})
    assert in_short(pages) == [("1.txt", "E_EMPTY"), (None, "E_TIMEOUT"), (None, None)]


def test_behind_many_members_that_end_the_decoder_the_rest_is_one_row(
    tmp_path, taken_over, monkeypatch
):
    monkeypatch.setattr(decoders, "MAX_DEATHS", 2)
    guilty = tiff_that_says("crash")
    members = [("1.png", PICTURE), *[(f"{n}.tif", guilty) for n in range(2, 5)]]
    pages = listed(tmp_path, DecodeSpec(), a=makers.tar(members), b=PICTURE)
    assert in_short(pages) == [
        ("1.png", None),
        ("2.tif", "E_CRASHED"),
        ("3.tif", "E_CRASHED"),
        (None, "E_CRASHED"),
        (None, None),
    ]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lzma.compress(makers.tar([("a.png", PICTURE)]))[:60], id="xz cut short"),
        pytest.param(b"BZh9" + bytes(50), id="bzip2 of nothing"),
        pytest.param(gzip.compress(b"") * 50, id="gzip of nothing, many times"),
    ],
)
def test_what_cannot_be_unpacked_is_one_row(tmp_path, data):
    (page,) = listed(tmp_path, DecodeSpec(), a=data)
    assert page.error_class in {"E_BAD_ARCHIVE", "E_UNSUPPORTED", "E_EMPTY"}
