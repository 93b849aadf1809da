"""Label files of any bytes: each line is a sample or a finding."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.labels import label_lines, sample_of
from ocr_tasks.dataset.regions import page_findings, regions_of
from ocr_tasks.dataset.rules import Finding, Place
from ocr_tasks.dataset.samples import LayoutSpec, Sample

PLACE = Place("train", "train.txt", 1, "page.jpg")
FACTS = ImageFacts(200, 100, "a", b"", "")
numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 1e308, 1e-308])
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["points", "transcription", "x"]), inner, max_size=3)
    ),
    max_leaves=25,
)


@given(st.binary(max_size=120))
@example(b"\tlabel")
@example(b"a.jpg\t\xff")
@example(b"\xef\xbb\xbfa.jpg\tb\r\n\r\n \x0b\n")
def test_every_line_that_is_not_blank_is_a_sample_or_a_finding(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("labels")
    (folder / "train.txt").write_bytes(data)
    lines = label_lines(str(folder), LayoutSpec())
    assert len(lines) == sum(bool(line.strip()) for line in data.split(b"\n"))
    for line in lines:
        read = sample_of(line)
        assert read.place.line == line.number
        if isinstance(read, Sample):
            assert f"{read.path}\t{read.label}".encode() == line.raw
        else:
            assert isinstance(read, Finding)
            assert read.rule.code in {"LINE_MALFORMED", "LABEL_NOT_UTF8"}


@given(st.text() | anything.map(json.dumps))
@example("[" * 100_000)
@example('[{"points": [[1, 1], [1, 1], [2, 2]], "transcription": "\\ud800"}]')
def test_any_label_of_a_page_is_regions_or_a_finding(label):
    found = [each.rule.code for each in page_findings(Sample(PLACE, label), FACTS)]
    try:
        regions = regions_of(label)
    except ValueError:
        assert found == ["LINE_MALFORMED"]
        return
    assert "LINE_MALFORMED" not in found
    assert ("PAGE_WITHOUT_TEXT" in found) == (not regions)
    assert all(region.corners.shape[1:] == (2,) for region in regions)
