"""Zips with names that the library stumbles over: one bad name costs one member."""

import io
import zipfile

import pytest

from ocr_tasks.archive.media import ZIP
from ocr_tasks.archive.members import OpenArchive
from ocr_tasks.archive.raster import ArchiveSpec
from ocr_tasks.errors import BadArchiveError
from tests import makers

BAD = b"g\xff\xfe\xfd.jpg"


def opened(data):
    return OpenArchive(io.BytesIO(data), ZIP, len(data), ArchiveSpec())


def read(archive, index):
    with archive.open(index) as file:
        return file.read()


def with_bad_name(members, comment=b""):
    """A zip in which ``gäö.jpg`` is called by bytes that are no UTF-8, though marked as such."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.comment = comment
        for name, data in members:
            archive.writestr(name, data)
    return sink.getvalue().replace("gäö.jpg".encode(), BAD + b"!")


@pytest.mark.parametrize("comment", [b"", b"a comment"])
def test_a_name_that_is_not_what_it_is_marked_as_costs_one_member(comment):
    names = ["first.jpg", "gäö.jpg", "漢字.jpg", "gäö.jpg/b.jpg", "last.jpg"]
    archive = opened(with_bad_name([(name, name.encode()) for name in names], comment))
    members = list(archive.members())
    assert [member.name for member in members] == [
        "first.jpg",
        r"g\xff\xfe\xfd.jpg!",
        "漢字.jpg",
        r"g\xff\xfe\xfd.jpg!/b.jpg",
        "last.jpg",
    ]
    assert [member.fault for member in members] == [None] * 5
    for number in (0, 2, 4):
        assert read(archive, members[number].index) == names[number].encode()
    for number in (1, 3):
        with pytest.raises(BadArchiveError, match="member"):
            read(archive, members[number].index)


def test_a_zip_of_nothing_but_bad_names_has_a_row_for_each():
    archive = opened(with_bad_name([(f"{number}gäö.jpg", b"x") for number in range(3)]))
    assert [member.name for member in archive.members()] == [
        rf"{number}g\xff\xfe\xfd.jpg!" for number in range(3)
    ]


def test_a_directory_that_is_damaged_beyond_its_bad_name_is_damaged():
    data = with_bad_name([("gäö.jpg", b"x"), ("b.jpg", b"y")])
    with pytest.raises(BadArchiveError):
        opened(makers.damaged(data, data.rindex(b"PK\x01\x02"), 4))


@pytest.mark.parametrize("name", ["", "\0", "/"])
def test_a_member_of_empty_name_is_read(name):
    entry = zipfile.ZipInfo("x")
    entry.filename = entry.orig_filename = name
    archive = opened(makers.zip_of([(entry, b"first"), ("b.jpg", b"second")]))
    assert [read(archive, member.index) for member in archive.members()] == [b"first", b"second"]
