import math
import time

import numpy as np
import pytest

from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import SettingsError


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


def test_a_page_takes_as_long_as_the_option_says():
    engine = load_engine(EngineSpec(kind="fake", options={"seconds_a_page": 0.05}))
    page = np.zeros((40, 60, 3), np.uint8)
    started = time.perf_counter()
    engine.detector.detect(page)
    engine.detector.detect(page)
    assert time.perf_counter() - started >= 0.1


@pytest.mark.parametrize("seconds", [-1, -0.001, math.nan, math.inf, "0.5", True, None, [1]])
def test_what_is_no_number_of_seconds_is_refused(seconds):
    with pytest.raises(SettingsError, match=r"engine\.options\.seconds_a_page=") as refusal:
        load_engine(EngineSpec(kind="fake", options={"seconds_a_page": seconds}))
    assert repr(seconds) in str(refusal.value)


def test_an_option_that_it_has_not_is_refused():
    with pytest.raises(SettingsError, match=r"engine\.kind=fake has no engine\.options\.a_page"):
        load_engine(EngineSpec(kind="fake", options={"seconds_a_page": 0, "a_page": 1}))
