"""ALTO 2 to 4: strings, spaces, hyphens, and units."""

import pytest

from ocr_tasks.dataset.converters.alto import pages_of_alto
from ocr_tasks.errors import LabelFileError
from tests.dataset.sources import ALTO_NS, alto, assert_read_as_drawn, drawn

BOX = 'HPOS="1" VPOS="2" WIDTH="29" HEIGHT="7"'
CORNERS = [[1, 2], [30, 2], [30, 9], [1, 9]]


def read(data):
    (page,) = pages_of_alto(data, "")
    return page


ALTO_3 = ALTO_NS.format(3)


def page_with(lines, description="", namespace=ALTO_3):
    layout = f"<Layout><Page><PrintSpace>{lines}</PrintSpace></Page></Layout>"
    return f'<alto xmlns="{namespace}">{description}{layout}</alto>'.encode()


def string(content, more=""):
    return f'<String CONTENT="{content}" {more}/>'


@pytest.mark.parametrize("version", [2, 3, 4])
def test_lines_come_with_name_polygon_and_text_and_the_page_with_image_and_size(version):
    drawing = drawn("a")
    page = read(alto(drawing, version))
    assert page.image == "C:\\scans\\a.tif"
    assert_read_as_drawn(page, drawing)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (string("one") + "<SP/>" + string("two"), "one two"),
        (string("one") + string("two"), "one two"),
        (string("one") + "<SP/>" + string("two") + string("."), "one two."),
        (string("Amts") + '<HYP CONTENT="-"/>', "Amts-"),
        (string("Amts") + '<HYP CONTENT="\u00ad"/>', "Amts-"),
        (string("Amts") + '<HYP CONTENT="⸗"/>', "Amts⸗"),
        (string("Amts") + "<HYP/>", "Amts-"),
        (string("Amts-") + '<HYP CONTENT="-"/>', "Amts-"),
        (string("Amts", 'SUBS_TYPE="HypPart1" SUBS_CONTENT="Amtsblatt"') + "<HYP/>", "Amts-"),
        (string("blatt", 'SUBS_TYPE="HypPart2" SUBS_CONTENT="Amtsblatt"'), "blatt"),
        (string("a &amp; b"), "a & b"),
        ("<String/>", ""),
        ("", ""),
    ],
)
def test_the_text_is_what_stands_on_the_line(inside, said):
    (region,) = read(page_with(f"<TextLine {BOX}>{inside}</TextLine>")).regions
    assert region.text == said


@pytest.mark.parametrize(
    "line",
    [
        f"<TextLine {BOX}/>",
        '<TextLine HPOS="0" VPOS="0" WIDTH="1" HEIGHT="1"><Shape>'
        '<Polygon POINTS="1,2 30,2 30,9 1,9"/></Shape></TextLine>',
        '<TextLine><Shape><Polygon POINTS="1 2 30 2 30 9 1 9"/></Shape></TextLine>',
        '<TextLine><String CONTENT="a" HPOS="1" VPOS="3" WIDTH="5" HEIGHT="6"/>'
        '<String CONTENT="b" HPOS="20" VPOS="2" WIDTH="10" HEIGHT="5"/></TextLine>',
    ],
    ids=["its box", "its polygon", "a polygon without commas", "its strings"],
)
def test_the_place_of_a_line_is_its_polygon_or_a_box(line):
    (region,) = read(page_with(line)).regions
    assert region.corners.tolist() == CORNERS


@pytest.mark.parametrize(
    "line", ["<TextLine/>", '<TextLine HPOS="1"/>', '<TextLine HPOS="x" VPOS="1" WIDTH="1"/>']
)
def test_a_line_without_a_place_is_counted(line):
    page = read(page_with(line + f"<TextLine {BOX}/>"))
    assert (page.left_out, len(page.regions)) == ({"malformed": 1}, 1)


@pytest.mark.parametrize(
    ("unit", "per_inch"), [("pixel", None), ("mm10", 254), ("inch1200", 1200), (" mm10 ", 254)]
)
def test_units_are_told_by_how_many_an_inch_has(unit, per_inch):
    described = f"<Description><MeasurementUnit>{unit}</MeasurementUnit></Description>"
    assert read(page_with("", described)).frame.per_inch == per_inch
    assert read(page_with("")).frame.per_inch is None


@pytest.mark.parametrize("namespace", ["http://schema.ccs-gmbh.com/ALTO", ""])
def test_older_files_in_another_namespace_or_none_are_read_too(namespace):
    assert len(read(page_with(f"<TextLine {BOX}/>", namespace=namespace)).regions) == 1


def test_an_unknown_unit_or_several_pages_are_refused():
    described = "<Description><MeasurementUnit>furlong</MeasurementUnit></Description>"
    with pytest.raises(LabelFileError, match="furlong"):
        read(page_with("", described))
    with pytest.raises(LabelFileError, match="2 elements Page"):
        read(b"<alto><Layout><Page/><Page/></Layout></alto>")
