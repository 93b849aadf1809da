"""HierText's JSON: one object, or an image a line."""

import json

import pytest

from ocr_tasks.dataset.converters.hiertext import looks_like_hiertext, pages_of_hiertext
from ocr_tasks.errors import LabelFileError

BOX = [[1, 2], [30, 2], [30, 9], [1, 9]]


def line(text="word", vertices=BOX, **more):
    return {"text": text, "vertices": vertices, "legible": True, "words": []} | more


def image(*lines, name="img", **more):
    paragraph = {"vertices": BOX, "legible": True, "lines": list(lines)}
    return {"image_id": name, "paragraphs": [paragraph]} | more


def read(data):
    return list(
        pages_of_hiertext(data if isinstance(data, bytes) else json.dumps(data).encode(), "")
    )


def test_one_object_and_an_image_a_line_are_the_same():
    images = [image(line("a"), name="1"), image(line("b"), line("c"), name="2")]
    whole = read({"info": {}, "annotations": images})
    by_line = read(b"\n".join(json.dumps(each).encode() for each in images))
    for pages in (whole, by_line):
        assert [(page.image, [each.text for each in page.regions]) for page in pages] == [
            ("1", ["a"]),
            ("2", ["b", "c"]),
        ]
    (alone,) = read(images[0])
    assert alone.image == "1"


def test_lines_keep_their_corners_and_are_named_by_paragraph_and_number():
    polygon = [[1, 2], [3, 1], [9, 4.5], [8, 8], [1, 7]]
    (page,) = read(image(line(vertices=polygon), line(), image_width=40, image_height=20))
    assert [region.name for region in page.regions] == ["p001_l001", "p001_l002"]
    assert page.regions[0].corners.tolist() == polygon
    assert (page.frame.width, page.frame.height, page.frame.per_inch) == (40, 20, None)


def test_what_is_not_legible_is_not_readable_be_it_a_line_or_a_paragraph_without_lines():
    blurred = {"vertices": BOX, "legible": False, "lines": []}
    (page,) = read({"image_id": "x", "paragraphs": [blurred, {"lines": [line("", legible=False)]}]})
    assert [(each.name, each.readable) for each in page.regions] == [
        ("p001", False),
        ("p002_l001", False),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {"text": "no place"},
        line(vertices=[[1, 2], [3]]),
        line(vertices=[[1, "2"], [3, None]]),
        line(vertices=[1, 2, 3, 4]),
        line(vertices=[[1, float("nan")]] * 4),
        line(vertices=[[1, 10**400]] * 4),
        line(vertices=[[1, 1e12]] * 4),
        line(vertices=[[1, 1]] * 5000),
        line(text=7),
        line(text="half a character \ud800"),
    ],
    ids=lambda bad: str(bad)[:50].encode("ascii", "backslashreplace").decode(),
)
def test_a_line_that_is_none_is_counted_and_its_neighbours_are_read(bad):
    (page,) = read(image(line("a"), bad, line("b")))
    assert page.left_out == {"malformed": 1}
    assert [region.text for region in page.regions] == ["a", "b"]


@pytest.mark.parametrize(
    "bad",
    [{}, {"image_id": 7, "paragraphs": []}, {"image_id": "x"}, [], {"image_id": "\ud800"}],
    ids=str,
)
def test_an_image_that_is_none_is_told_and_the_others_are_read(bad):
    first, fault, last = read({"annotations": [image(name="1"), bad, image(name="3")]})
    assert isinstance(fault, LabelFileError)
    assert "image 2" in str(fault)
    assert (first.image, last.image) == ("1", "3")


def test_a_line_of_the_file_that_is_no_json_is_told_with_its_number():
    good = json.dumps(image()).encode()
    first, fault, last = read(good + b"\n{broken\n" + good)
    assert "line 2: it is no JSON" in str(fault)
    assert first.image == last.image == "img"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 100_000, b"7", b'{"annotations": 7}', b"\xff\xfe"]
)
def test_a_file_without_any_image_is_refused(data):
    with pytest.raises(LabelFileError):
        read(data)


def test_other_json_is_not_taken_for_labels():
    assert looks_like_hiertext(b'{"info": {}, "annotations": [')
    assert looks_like_hiertext(b'{"image_id": "x", "paragraphs": [')
    assert not looks_like_hiertext(b'{"file": "images/1.jpg", "group": "1"}')
    assert not looks_like_hiertext(b"")
