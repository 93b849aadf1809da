"""PAGE XML of several years."""

import pytest

from ocr_tasks.dataset.converters.page_xml import pages_of_page_xml
from ocr_tasks.errors import LabelFileError
from tests.dataset.sources import PAGE_NS, assert_read_as_drawn, drawn, page_xml

VERSIONS = ["2013-07-15", "2016-07-15", "2017-07-15", "2018-07-15", "2019-07-15"]
COORDS = '<Coords points="1,2 30,2 30,9 1,9"/>'


def read(data):
    (page,) = pages_of_page_xml(data, "")
    return page


def page_with(lines):
    return f'<PcGts xmlns="{PAGE_NS.format("2013-07-15")}"><Page>{lines}</Page></PcGts>'.encode()


def line(inside, attributes=""):
    return page_with(f"<TextRegion><TextLine {attributes}>{COORDS}{inside}</TextLine></TextRegion>")


def text(value, index=""):
    return f"<TextEquiv {index}><Unicode>{value}</Unicode></TextEquiv>"


@pytest.mark.parametrize("version", VERSIONS)
def test_lines_come_with_name_polygon_and_text_and_the_page_with_image_and_size(version):
    drawing = drawn("a b")
    page = read(page_xml(drawing, version))
    assert page.image == "a b.tif"
    assert_read_as_drawn(page, drawing)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (text("one"), "one"),
        (text("second", 'index="1"') + text("first", 'index="0"'), "first"),
        (text("tenth", 'index="10"') + text("ninth", 'index="9"'), "ninth"),
        (text("other", 'index="1"') + text("without"), "without"),
        (text("first") + text("second"), "first"),
        (text("odd", 'index="x"'), "odd"),
        ("<TextEquiv><PlainText>plain</PlainText></TextEquiv>", ""),
        ("", ""),
        (f"<Word>{text('two')}</Word><Word/><Word>{text('words')}</Word>", "two words"),
        (f"<Word>{text('word')}</Word>{text('the line')}", "the line"),
        (text("a &amp; b &lt;c&gt;"), "a & b <c>"),
    ],
)
def test_the_text_is_the_lines_of_the_lowest_index_or_else_its_words(inside, said):
    assert [region.text for region in read(line(inside)).regions] == [said]


def test_four_corners_are_put_in_order_and_others_stay():
    quad = '<TextLine><Coords points="30,9 1,9 1,2 30,2"/></TextLine>'
    many = '<TextLine><Coords points="5,1 9,2 9,6 5,7 1,4"/></TextLine>'
    first, second = read(page_with(quad + many)).regions
    assert first.corners.tolist() == [[1, 2], [30, 2], [30, 9], [1, 9]]
    assert second.corners.tolist() == [[5, 1], [9, 2], [9, 6], [5, 7], [1, 4]]


@pytest.mark.parametrize(
    "coords",
    [
        "",
        "<Coords/>",
        '<Coords points=""/>',
        '<Coords points="1,2 3"/>',
        '<Coords points="1,2 three,4"/>',
        '<Coords points="1,2 9e99,4"/>',
        '<Baseline points="1,2 3,4"/>',
    ],
)
def test_a_line_without_a_polygon_is_counted(coords):
    good = f"<TextLine>{COORDS}</TextLine>"
    page = read(page_with(f"<TextLine>{coords}{text('x')}</TextLine>{good}"))
    assert page.left_out == {"malformed": 1}
    assert len(page.regions) == 1


def test_lines_are_named_by_number_unless_each_has_an_id_of_its_own():
    def names(*attributes):
        lines = "".join(f"<TextLine {each}>{COORDS}</TextLine>" for each in attributes)
        return [region.name for region in read(page_with(lines)).regions]

    assert names('id="a"', 'id="b"') == ["a", "b"]
    assert names('id="a"', 'id="a"') == names('id="a"', "") == ["0001", "0002"]


BOMB = (
    b'<!DOCTYPE a [<!ENTITY b "'
    + b"x" * 1000
    + b'"><!ENTITY c "'
    + b"&b;" * 1000
    + b'">]><PcGts><Page>&c;</Page></PcGts>'
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (BOMB, "DTD"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><PcGts/>', "DTD"),
        (b"<PcGts/>", "0 elements Page"),
        (b"<PcGts><Page/><Page/></PcGts>", "2 elements Page"),
        (b"<PcGts><Page>", "no XML"),
        (b"", "no XML"),
        (b'<?xml version="1.0" encoding="none"?><PcGts/>', "no XML"),
        (b"<PcGts>" + b"<a/>" * 4_000_001, "more elements"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_what_is_no_such_file_or_could_bite_is_refused(data, said):
    with pytest.raises(LabelFileError, match=said):
        read(data)


def test_depth_does_not_matter():
    deep = b"<a>" * 200_000 + b"</a>" * 200_000
    assert read(b"<PcGts><Page>" + deep + b"</Page></PcGts>").regions == ()
