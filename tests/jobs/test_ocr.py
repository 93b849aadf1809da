"""Reading a few inputs without a run, from Python."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_tasks.errors import SettingsError
from ocr_tasks.jobs.ocr import OcrSettings, read
from tests.makers import draw_noise

FAKE = OcrSettings.load(overrides={"engine": {"kind": "fake"}})
SAMPLE = Path(__file__).parents[1] / "data" / "sample_archive"


def _noise(seed: int) -> np.ndarray:
    return draw_noise(40, 60, seed)


def test_arrays_and_files_of_the_same_pixels_read_alike(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "page.png"), _noise(1))
    pages = {page.name: page for page in read([_noise(1), tmp_path / "page.png"], FAKE)}
    assert set(pages) == {"array-0", "page"}
    assert pages["array-0"].text == pages["page"].text != ""


def test_a_grey_array_is_read_as_its_bgr_equal() -> None:
    grey = _noise(2)[:, :, 0]
    (from_grey,) = read(grey, FAKE)
    (from_bgr,) = read(np.dstack([grey, grey, grey]), FAKE)
    assert from_grey.text == from_bgr.text != ""


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4), np.uint8)],
    ids=["floats", "two channels", "empty"],
)
def test_an_array_that_is_no_picture_is_refused(array: np.ndarray) -> None:
    with pytest.raises(SettingsError, match="input 0"):
        list(read([array], FAKE))


def test_pages_of_one_name_get_files_of_their_own(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "in" / folder / "p.png"), _noise(ord(folder)))
    saved = [url for page in read(tmp_path / "in", FAKE) for url in page.save(f"{tmp_path}/out")]
    assert len(set(saved)) == 4
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_a_real_page_comes_with_text_boxes_and_confidence() -> None:
    page = cv2.imread(str(SAMPLE / "theatre" / "act-1-page-11.jpg"))
    assert page is not None
    (top,) = read(page)
    assert "baisse la tête sans répondre" in top.text
    assert top.error is None
    height, width = top.image.shape[:2]
    for line in top.lines:
        assert 0.4 <= line.confidence <= 1
        assert line.polygon.min() >= 0
        assert (line.polygon <= (width, height)).all()


def test_a_name_that_was_made_up_is_taken_too(tmp_path: Path) -> None:
    for name in ("a/p.png", "b/p.png", "c/p-2.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "in" / name), _noise(len(name)))
    names = [page.name for page in read(tmp_path / "in", FAKE)]
    assert sorted(names) == ["p", "p-2", "p-2-2"]


def test_a_page_that_two_inputs_name_is_read_once(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "p.png"), _noise(1))
    assert len(list(read([tmp_path, tmp_path / "p.png"], FAKE))) == 1
