"""The files of a source: which hold labels, in which format, and what of them cannot be taken."""

import json
import re
from dataclasses import replace

import pytest

from ocr_tasks import storage
from ocr_tasks.dataset.converters.sources import read_source
from tests.dataset.sources import FORMATS, drawn, hiertext, put, write_source

PAGE = drawn("page")


def source_of(folder, kind="auto", document=None, passed_over=()):
    return read_source(storage.absolute(str(folder)), kind, document, passed_over)


def told(source):
    return [(each.file, each.message, each.regions) for each in source.bad]


def test_a_mix_of_formats_is_read_and_other_files_are_counted(tmp_path):
    for format_ in FORMATS:
        write_source(tmp_path, format_, [replace(PAGE, name=format_)])
    put(tmp_path / "mets.xml", b"<mets/>")
    put(tmp_path / "readme.txt", b"read me")
    put(tmp_path / "train.meta.jsonl", b'{"file": "x", "paragraphs": []}')
    put(tmp_path / "notes.pdf", b"%PDF")
    source = source_of(tmp_path)
    assert source.files == dict.fromkeys(FORMATS, 1)
    assert (source.others, source.bad) == (2, [])
    assert {page.labels.region_count for page in source.pages.values()} == {3}


def test_a_named_format_takes_every_file_of_its_ending_for_one(tmp_path):
    write_source(tmp_path, "page", [PAGE])
    put(tmp_path / "mets.xml", b"<mets/>")
    put(tmp_path / "gt_page.txt", b"1,2,3,4,5,6,7,8,x")
    source = source_of(tmp_path, "page")
    assert source.files == {"page": 2}
    assert told(source) == [("mets.xml", "it has 0 elements Page in place of one", 0)]


def test_files_that_are_passed_over_are_not_read(tmp_path):
    put(tmp_path / "train.txt", b"1,2,3,4,5,6,7,8,x")
    assert source_of(tmp_path, passed_over={"train.txt"}).bad == []
    assert len(source_of(tmp_path).bad) == 1


def test_a_page_that_is_there_twice_is_taken_once_and_told(tmp_path):
    value = json.loads(hiertext(PAGE))
    value["annotations"] *= 2
    put(tmp_path / "all.jsonl", json.dumps(value).encode())
    put(tmp_path / "page.jpg", PAGE.image)
    source = source_of(tmp_path)
    assert list(source.pages) == ["all.jsonl#page"]
    assert told(source) == [("all.jsonl#page", "the page is there twice", 3)]


def test_a_file_that_is_larger_than_its_format_may_be_is_not_read_whole(tmp_path):
    put(tmp_path / "page.jpg", PAGE.image)
    with (tmp_path / "page.xml").open("wb") as file:
        file.write(FORMATS["page"][1](PAGE))
        file.truncate(1 << 26)
    ((name, message, _),) = told(source_of(tmp_path))
    assert (name, message) == ("page.xml", f"{1 << 26} bytes are more than such a file may have")


@pytest.mark.parametrize(
    ("folder", "pattern", "document"),
    [
        ("", None, "page"),
        ("page", None, "page/page"),
        ("box1/PAGE", None, "box1"),
        ("box1/letters/alto", None, "box1/letters"),
        ("box1", r"box\d", "box1"),
        ("box1", r"box(\d)", "1"),
        ("box1", "none", "box1/page"),
    ],
)
def test_the_document_of_a_page(tmp_path, folder, pattern, document):
    write_source(tmp_path / folder, "page", [PAGE])
    source = source_of(tmp_path, document=pattern and re.compile(pattern))
    assert [page.document for page in source.pages.values()] == [document]


@pytest.mark.parametrize("format_", ["icdar", "hiertext"])
def test_images_of_scenes_are_each_by_themselves(tmp_path, format_):
    write_source(tmp_path / "scenes", format_, [PAGE, replace(PAGE, name="other")])
    documents = {page.document for page in source_of(tmp_path).pages.values()}
    assert documents == {"scenes/page", "scenes/other"}
