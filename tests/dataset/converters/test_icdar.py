"""ICDAR's text files, by the lines that they have."""

import pytest

from ocr_tasks.dataset.converters.icdar import looks_like_icdar, pages_of_icdar
from ocr_tasks.errors import LabelFileError

BOX = [[1, 2], [30, 2], [30, 9], [1, 9]]


def page_of(data, stem="gt_img_1"):
    (page,) = pages_of_icdar(data if isinstance(data, bytes) else data.encode(), stem)
    return page


@pytest.mark.parametrize(
    ("line", "corners", "text"),
    [
        pytest.param("1,2,30,2,30,9,1,9,word", BOX, "word", id="since 2015"),
        pytest.param("1, 2, 30, 2, 30, 9, 1, 9, word", BOX, "word", id="with spaces"),
        pytest.param("1,2,30,2,30,9,1,9,one, two", BOX, "one, two", id="a comma in the text"),
        pytest.param('1,2,30,2,30,9,1,9,"word"', BOX, '"word"', id="quotes are text since 2015"),
        pytest.param("1,2,30,2,30,9,1,9,10,11", BOX, "10,11", id="a text of numbers"),
        pytest.param("1,2,30,2,30,9,1,9,", BOX, "", id="no text"),
        pytest.param("1.0,2,30.0,2,30,9,1,9.0,x", BOX, "x", id="decimals"),
        pytest.param('1 2 30 9 "word"', BOX, "word", id="2013, with spaces"),
        pytest.param('1, 2, 30, 9, "word"', BOX, "word", id="2013, with commas"),
        pytest.param('1 2 30 9 "a \\"b\\" c\\\\d"', BOX, 'a "b" c\\d', id="2013, escaped"),
        pytest.param(
            '-1 2 30 9 "x"', [[-1, 2], [30, 2], [30, 9], [-1, 9]], "x", id="over the edge"
        ),
    ],
)
def test_a_line_is_corners_and_a_text(line, corners, text):
    (region,) = page_of(line).regions
    assert region.corners.tolist() == corners
    assert (region.text, region.readable) == (text, True)


def test_three_hashes_are_a_text_that_nobody_could_read():
    regions = page_of('1,2,30,2,30,9,1,9,###\n1 2 30 9 "###"\n1 2 30 9 "# #"\n').regions
    assert [region.readable for region in regions] == [False, False, True]


def test_a_script_before_the_text_is_no_text_where_every_line_has_one():
    box = "1,2,30,2,30,9,1,9"
    regions = page_of(f"{box},Latin,one, two\n{box},Symbols,###\n{box},None,").regions
    assert [(each.text, each.readable) for each in regions] == [
        ("one, two", True),
        ("###", False),
        ("", True),
    ]
    (first, second) = page_of(f"{box},Latin,America\n{box},North").regions
    assert (first.text, second.text) == ("Latin,America", "North")


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_not_matter():
    page = page_of(b"\xef\xbb\xbf1,2,30,2,30,9,1,9,a\r\n\r\n1,2,30,2,30,9,1,9,b\r\n")
    assert [(region.name, region.text) for region in page.regions] == [("0001", "a"), ("0002", "b")]
    assert page.left_out.total() == 0


def test_only_a_newline_parts_lines():
    assert [each.text for each in page_of("1,2,30,2,30,9,1,9,a\u2028b\x0bc").regions] == [
        "a\u2028b\x0bc"
    ]


def test_lines_that_are_no_regions_are_counted_and_their_neighbours_keep_their_numbers():
    page = page_of("1,2,30,2,30,9,1,9,a\nnonsense\n1,2,3,4,x\n1,2,30,2,30,9,1,9,b")
    assert page.left_out == {"malformed": 2}
    assert [region.name for region in page.regions] == ["0001", "0004"]


def test_the_files_name_is_that_of_the_image():
    assert page_of("", "gt_img_7").image == "img_7"
    assert page_of("", "X00016").image == "X00016"


def test_a_file_that_is_not_utf8_is_refused():
    with pytest.raises(LabelFileError, match="not UTF-8: byte 22"):
        page_of(b"1,2,30,2,30,9,1,9,ok\n\xff")
    with pytest.raises(LabelFileError, match="not UTF-8"):
        page_of("1,2,30,2,30,9,1,9,é".encode("latin-1"))


@pytest.mark.parametrize(
    ("head", "stem", "looks"),
    [
        (b"1,2,30,2,30,9,1,9,a\n", "any", True),
        (b'\xef\xbb\xbf1 2 3 4 "a"\n', "any", True),
        (b"", "gt_empty", True),
        (b"", "notes", False),
        (b"images/1.jpg\tlabel\n", "train", False),
        (b"a\nb\nc\n", "dict", False),
    ],
)
def test_other_text_files_are_not_taken_for_labels(head, stem, looks):
    assert looks_like_icdar(head, stem) is looks
