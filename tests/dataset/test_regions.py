"""The regions of pages: what they may look like, and which are wrong."""

import json

import pytest

from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.regions import page_findings, regions_of
from ocr_tasks.dataset.rules import Place
from ocr_tasks.dataset.samples import Sample
from tests.dataset.folders import REAL_PAGES, checked, codes_of

PAGE = ImageFacts(200, 100, "a", b"", "")
PLACE = Place("train", "train.txt", 1, "page.jpg")


def found(label, facts=PAGE):
    text = label if isinstance(label, str) else json.dumps(label)
    return [each.rule.code for each in page_findings(Sample(PLACE, text), facts)]


def region(*points, transcription="word"):
    return {"points": [list(point) for point in points], "transcription": transcription}


BOX = ((10, 10), (90, 10), (90, 30), (10, 30))


@pytest.mark.parametrize(
    ("points", "codes"),
    [
        pytest.param(BOX, [], id="a box"),
        pytest.param(BOX[::-1], [], id="a box, counter-clockwise"),
        pytest.param(BOX[:3], [], id="a triangle"),
        pytest.param(((0, 0), (200, 0), (200, 100), (0, 100)), [], id="the whole page"),
        pytest.param(((-1, -1), (201, 0), (200, 101), (0, 100)), [], id="rounded outwards"),
        pytest.param(BOX[:2], ["POLYGON_EMPTY"], id="two corners"),
        pytest.param((), ["POLYGON_EMPTY"], id="no corners"),
        pytest.param(((10, 10),) * 4, ["POLYGON_EMPTY"], id="one corner four times"),
        pytest.param(((1, 1), (50, 1), (90, 1), (40, 1)), ["POLYGON_EMPTY"], id="a line"),
        pytest.param((BOX[0], BOX[2], BOX[1], BOX[3]), ["POLYGON_CROSSED"], id="a bow tie"),
        pytest.param(
            ((150, 10), (260, 10), (240, 30), (150, 30)), ["POLYGON_OUTSIDE"], id="mostly outside"
        ),
        pytest.param(
            ((-50, 10), (90, 10), (90, 30), (-50, 30)), ["POLYGON_OVER_EDGE"], id="partly outside"
        ),
        pytest.param(
            ((310, 10), (390, 10), (390, 30), (310, 30)), ["POLYGON_OUTSIDE"], id="elsewhere"
        ),
    ],
)
def test_polygons_have_an_area_on_the_page_and_do_not_cross_themselves(points, codes):
    assert found([region(*points)]) == codes


@pytest.mark.parametrize(
    "label",
    [
        "no JSON",
        "{}",
        "[1]",
        "[" * 100_000,
        [{"points": [[1, 2]]}],
        [{"transcription": "word"}],
        [{"points": [[1, 2]], "transcription": 7}],
        [{"points": [[1, 2, 3]], "transcription": ""}],
        [{"points": [[1, "2"]], "transcription": ""}],
        [{"points": 5, "transcription": ""}],
        [{"points": [[10**400, 1], [2, 3], [4, 5]], "transcription": ""}],
        [{"points": [[1, 1e300], [2, 3], [4, 5]], "transcription": ""}],
        [{"points": [[1, 1]] * 5000, "transcription": ""}],
        '[{"points": [[NaN, 1], [2, 3], [4, 5]], "transcription": ""}]',
    ],
    ids=lambda label: str(label)[:40],
)
def test_a_label_that_is_no_list_of_regions_is_malformed(label):
    assert found(label) == ["LINE_MALFORMED"]


def test_texts_of_regions_are_held_against_the_rules_of_texts():
    assert found([region(*BOX, transcription="e\u0301t^e")]) == ["LABEL_NOT_NFC", "LABEL_HAS_MARKS"]


def test_a_page_without_regions_is_told_and_one_that_could_not_be_decoded_is_checked_too():
    assert found([]) == ["PAGE_WITHOUT_TEXT"]
    assert found([region(*BOX[:2])], facts=None) == ["POLYGON_EMPTY"]
    assert found([region((500, 1), (900, 1), (900, 50))], facts=None) == []


def test_corners_come_as_they_are():
    (one,) = regions_of(json.dumps([region(*BOX)]))
    assert one.corners.tolist() == [list(map(float, point)) for point in BOX]


@pytest.mark.skipif(not REAL_PAGES.exists(), reason=f"there are no real pages at {REAL_PAGES}")
def test_nothing_is_found_in_real_pages_but_that_there_is_no_val_part(tmp_path):
    (tmp_path / "images").mkdir()
    for image in (REAL_PAGES / "images").iterdir():
        (tmp_path / "images" / image.name).write_bytes(image.read_bytes())
    (tmp_path / "train.txt").write_bytes((REAL_PAGES / "train.txt").read_bytes())
    (tmp_path / "val.txt").write_bytes(b"")
    answer = checked(str(tmp_path))
    assert answer.dataset.type == "TextDetDataset"
    assert codes_of(answer) == ["PART_EMPTY"]
    assert len(answer.facts) == 80
