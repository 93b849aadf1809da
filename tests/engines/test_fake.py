import numpy as np
import pytest

from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec


@pytest.fixture
def engine():
    return load_engine(EngineSpec(kind="fake"))


@pytest.mark.parametrize("grey", [0, 127, 255])
def test_a_page_of_one_colour_has_no_line(engine, grey):
    found = engine.detector.detect(np.full((40, 60, 3), grey, np.uint8))
    assert found.polygons.shape == (0, 4, 2)
    assert found.scores.shape == (0,)


def test_any_other_page_has_one_line_as_large_as_itself(engine):
    page = np.full((40, 60, 3), 255, np.uint8)
    page[3, 4] = 0
    found = engine.detector.detect(page)
    assert found.polygons.tolist() == [[[0, 0], [60, 0], [60, 40], [0, 40]]]
    assert found.scores.tolist() == [1.0]


def test_crops_read_alike_if_and_only_if_they_are_equal(engine):
    crops = np.zeros((3, 48, 32, 3), np.uint8)
    crops[1, 0, 0, 0] = 1
    first, second, third = engine.recognizer.recognize(crops)
    assert first == third
    assert first.text != second.text


def test_what_a_crop_reads_does_not_depend_on_its_batch(engine):
    crops = np.arange(4 * 48 * 32 * 3, dtype=np.uint32).reshape(4, 48, 32, 3).astype(np.uint8)
    crops[:, 0, 0, 0] = 1, 2, 3, 4
    alone = [engine.recognizer.recognize(crop[np.newaxis])[0] for crop in crops]
    assert engine.recognizer.recognize(crops) == alone
