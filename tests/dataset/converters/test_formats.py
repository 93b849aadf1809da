"""Whatever bytes come, the reader of a format gives pages or says why not, and nothing else."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocr_tasks.dataset.converters.cutting import label_of
from ocr_tasks.dataset.converters.formats import FORMATS, HEAD_BYTES, format_of
from ocr_tasks.dataset.converters.labelled import LabelledPage
from ocr_tasks.dataset.regions import FURTHEST, MOST_CORNERS
from ocr_tasks.errors import LabelFileError
from tests.dataset.sources import FORMATS as WRITERS
from tests.dataset.sources import drawn

every_format = pytest.mark.parametrize("name", FORMATS)
VALID = {name: write(drawn("page")) for name, (_, write) in WRITERS.items()}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["image_id", "paragraphs", "lines", "vertices", "text", "legible"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def read(name, data):
    """The pages in ``data``, each of which is held against what a page promises."""
    try:
        answers = list(FORMATS[name].read(data, "gt_page"))
    except LabelFileError:
        return []
    pages = [answer for answer in answers if isinstance(answer, LabelledPage)]
    assert all(isinstance(answer, LabelledPage | LabelFileError) for answer in answers)
    for page in pages:
        names = [region.name for region in page.regions]
        assert len(set(names)) == len(names)
        for region in page.regions:
            assert region.corners.shape == (len(region.corners), 2)
            assert len(region.corners) <= MOST_CORNERS
            assert np.isfinite(region.corners).all()
            assert (abs(region.corners) <= 2 * FURTHEST).all()
            label_of(region.text).encode()
    return pages


@every_format
@given(st.binary(max_size=200))
@example(b"")
@example(b"\xef\xbb\xbf")
@example(b"\x00" * 10)
def test_any_bytes_are_pages_or_a_named_error(name, data):
    read(name, data)
    format_of(data, "any", FORMATS[name].endings[0])


@st.composite
def damaged(draw, data):
    """The bytes with some of them replaced, taken out or repeated."""
    first = draw(st.integers(0, len(data)))
    last = draw(st.integers(first, min(len(data), first + 60)))
    put = draw(st.binary(max_size=6) | st.just(data[first:last] * 2) | st.just(b"9" * 400))
    return data[:first] + put + data[last:]


@every_format
@given(st.data())
def test_a_damaged_file_is_pages_or_a_named_error(name, data):
    read(name, data.draw(damaged(VALID[name])))


@given(json_values)
def test_any_json_is_pages_or_a_named_error(value):
    for each in (value, {"annotations": value}, {"image_id": "x", "paragraphs": value}):
        read("hiertext", json.dumps(each).encode())


@every_format
def test_a_file_shows_its_format(name):
    ending = FORMATS[name].endings[0]
    found = format_of(VALID[name][:HEAD_BYTES], "any", ending)
    assert found is FORMATS[name]
    assert len(read(name, VALID[name])) == 1


@pytest.mark.parametrize(
    ("head", "ending"),
    [
        (b"<mets/>", ".xml"),
        (b"<html><body>alto</body></html>", ".xml"),
        (b'{"page_id": "x"}', ".jsonl"),
        (b"read me", ".txt"),
        (b"", ".xml"),
    ],
)
def test_files_of_other_kinds_show_none(head, ending):
    assert format_of(head, "any", ending) is None


def test_xml_of_two_bytes_a_character_shows_its_format_too():
    text = VALID["alto"].decode().replace('<?xml version="1.0"?>', "")
    data = text.encode("utf-16")
    assert format_of(data[:HEAD_BYTES], "any", ".xml") is FORMATS["alto"]
    assert len(read("alto", data)) == 1


@every_format
@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", [b"<", b"<a ", b"[", b"1,2 ", b"1,", b'"', b"\\"])
def test_a_megabyte_of_nonsense_is_over_in_seconds(name, piece):
    assert sum(page.region_count for page in read(name, piece * (1_000_000 // len(piece)))) <= 1
