"""Pages that lie on their side, and those that only look so."""

import numpy as np
import pytest

from ocr_tasks import recognition
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.orientation import turned_back, turns_to_upright
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.imaging.crops import strip_of
from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.records import DetectedLines, LineText, Page, PageFacts
from tests.makers import draw_page, expected_page

TEXT = ["The quick brown fox jumps over it", "while the lazy dog sleeps in the sun", "and rain"]


def boxes(*rectangles):
    """Lines as (left, top, right, bottom)."""
    corners = [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in rectangles]
    return DetectedLines(np.array(corners, np.float32).reshape(-1, 4, 2), np.ones(len(corners)))


ON_END = boxes((10, 10, 30, 300), (40, 10, 60, 300), (70, 10, 90, 200))
PAGE = np.zeros((320, 120, 3), np.uint8)
PAGE[:160] = 255  # so that a line's two ends differ


class Confident:
    """Reads with one confidence what begins white, and with another what begins black."""

    def __init__(self, white, black):
        self.white, self.black = white, black

    def recognize(self, crops):
        return [
            LineText("text", self.white if crop[24, 2, 0] > 127 else self.black) for crop in crops
        ]


def test_a_page_is_turned_the_way_that_reads_better():
    # Turned counter-clockwise, what was at the top of a line on end is at its beginning.
    assert turns_to_upright(PAGE, ON_END, Confident(white=0.9, black=0.3)) == 1
    assert turns_to_upright(PAGE, ON_END, Confident(white=0.3, black=0.9)) == 3


@pytest.mark.parametrize(
    ("white", "black"), [(0.45, 0.1), (0.9, 0.88)], ids=["neither reads well", "both read alike"]
)
def test_a_page_whose_text_reads_badly_or_alike_is_left_as_it_lies(white, black):
    assert turns_to_upright(PAGE, ON_END, Confident(white, black)) == 0


class Unasked:
    def recognize(self, crops):
        raise AssertionError("an upright page costs no reading")


@pytest.mark.parametrize(
    "detected",
    [
        pytest.param(boxes(), id="no lines"),
        pytest.param(boxes((10, 10, 30, 300)), id="one line on end, as in a margin"),
        pytest.param(
            boxes(
                (0, 0, 110, 12), (0, 20, 110, 32), (0, 40, 110, 52), (0, 60, 8, 90), (9, 60, 17, 90)
            ),
            id="a few short lines on end below a text",
        ),
    ],
)
def test_an_upright_page_is_not_asked_about(detected):
    assert turns_to_upright(PAGE, detected, Unasked()) == 0


class Failing:
    def recognize(self, crops):
        raise MemoryError


def test_an_engine_that_fails_on_the_vote_turns_nothing():
    assert turns_to_upright(PAGE, ON_END, Failing()) == 0


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_polygons_come_back_to_where_their_pixels_are(turns):
    page = np.zeros((40, 60), np.uint8)
    page[5:9, 10:30] = 1
    rows, columns = np.nonzero(np.rot90(page, turns))
    low, high = (columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)
    found = np.array([[low, (high[0], low[1]), high, (low[0], high[1])]], np.float32)
    (polygon,) = turned_back(found, turns, *page.shape)
    assert polygon.min(axis=0).tolist() == [10, 5]
    assert polygon.max(axis=0).tolist() == [30, 9]


@pytest.mark.parametrize(("turns", "degrees"), [(0, 0), (1, 270), (2, 180), (3, 90)])
def test_a_page_that_was_turned_reads_as_the_upright_one(turns, degrees):
    upright = draw_page(TEXT, width=900, line_height=60)
    image = np.ascontiguousarray(np.rot90(upright, turns))
    height, width = image.shape[:2]
    facts = PageFacts(width, height, "a", "b", None, None, 1, 0.0, 0.0)
    engine = load_engine(EngineSpec())
    (result,) = recognize_pages([Page(expected_page(), facts, image)], engine, RecognitionSpec())
    assert [line.text for line in result.lines] == TEXT
    assert result.orientation_deg == degrees
    first = result.lines[0].polygon
    along = first[1] - first[0]  # its top edge, which runs as its text does
    assert round(np.degrees(np.arctan2(along[1], along[0]))) % 360 == degrees
    assert (first >= 0).all()
    assert (first <= [width, height]).all()
    dark = image[
        int(first[:, 1].min()) : int(first[:, 1].max()),
        int(first[:, 0].min()) : int(first[:, 0].max()),
    ]
    assert dark.min() < 100  # the box lies on ink, in the frame of the page as it came


def test_lines_of_a_turned_page_are_cut_out_of_an_image_in_one_piece(monkeypatch):
    """Of a turned view, OpenCV would copy the whole page for each of its lines."""
    cut_out_of = []

    def noted(page, polygon):
        cut_out_of.append(page)
        return strip_of(page, polygon)

    monkeypatch.setattr(recognition, "strip_of", noted)
    image = np.ascontiguousarray(np.rot90(draw_page(TEXT, width=900, line_height=60)))
    facts = PageFacts(image.shape[1], image.shape[0], "a", "b", None, None, 1, 0.0, 0.0)
    page = Page(expected_page(), facts, image)
    list(recognize_pages([page], load_engine(EngineSpec()), RecognitionSpec()))
    assert len(cut_out_of) == len(TEXT)
    assert all(whole.flags.c_contiguous for whole in cut_out_of)
