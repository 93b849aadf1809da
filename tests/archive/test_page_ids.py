"""Page ids name places: no two places share one, whatever their names are."""

import hashlib

import pytest

from ocr_tasks.archive.listing import _Source, list_pages
from ocr_tasks.archive.members import Member
from ocr_tasks.storage import StoredObject
from tests import makers
from tests.archive.decoding import SPEC

PICTURE = makers.jpeg(makers.draw_page(width=160))


def ids_of(uri, *names, index=0):
    """The page ids of an object and of its members that are called so."""
    members = [None, *(Member(index, name, 1, None, None) for name in names)]
    return [
        _Source(StoredObject(uri, 1, "", True), member).page("image/jpeg").page_id
        for member in members
    ]


def test_a_member_without_a_name_is_another_place_than_its_archive(tmp_path):
    whole = makers.tar([("", PICTURE), ("b.jpg", PICTURE)])
    url = makers.fill_folder(tmp_path, {"x.tar": whole.rstrip(b"\0") + b"junk" * 1_000})
    pages = list(list_pages(url, SPEC))
    assert [(page.source_member, page.error_class) for page in pages] == [
        ("", None),
        ("b.jpg", None),
        (None, "E_BAD_ARCHIVE"),
    ]
    assert len({page.page_id for page in pages}) == len({page.source_id for page in pages}) == 3


def test_a_nul_in_a_name_parts_no_fields():
    """S3 takes one into a key, and a pax header into a member's path."""
    ids = ids_of("s3://b/a", "c\0d", "c", "d\0000", "")
    ids += ids_of("s3://b/a\0c", "d", "")
    ids += ids_of("s3://b/a\0\0000", "")
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("member", "fields"),
    [
        pytest.param(None, "file:///x.tar\0\0000", id="an object"),
        pytest.param("sub/ä b.jpg", "file:///x.tar\0sub/ä b.jpg\0007", id="a member"),
    ],
)
def test_ids_of_ordinary_places_never_change(member, fields):
    """Runs are compared page by page, also over versions of this package."""
    source = hashlib.sha256(fields.encode()).hexdigest()[:32]
    page = hashlib.sha256(f"{source}\0000".encode()).hexdigest()[:32]
    names = [] if member is None else [member]
    assert ids_of("file:///x.tar", *names, index=7)[-1] == page
