"""What the tests of training share: real crops, a network with the default weights, a data set."""

from pathlib import Path

import cv2
import pytest

from ocr_tasks.imaging.crops import Pixels, strip_of
from ocr_tasks.training.weights import Base, load_base
from tests.dataset.folders import CHARACTERS, drawn_lines, write_lines

TRUTH = Path(__file__).parents[1] / "data" / "sample_truth.jsonl"
ARCHIVE = Path(__file__).parents[1] / "data" / "sample_archive"


@pytest.fixture(scope="session")
def base() -> Base:
    """The default recogniser, as a training begins with it; whoever trains it loads another."""
    return load_base(None, None)


@pytest.fixture(scope="session")
def real_strips() -> list[Pixels]:
    """Lines of real pages, as they are served."""
    page = cv2.imread(str(ARCHIVE / "theatre" / "act-1-page-11.jpg"))
    from ocr_tasks.engines.loading import load_engine
    from ocr_tasks.engines.spec import EngineSpec

    found = load_engine(EngineSpec()).detector.detect(page)
    return [strip_of(page, polygon) for polygon in found.polygons[:6]]


@pytest.fixture
def dataset_url(tmp_path: Path) -> str:
    """A data set of 12 drawn lines to learn, and 4 to watch."""
    return write_lines(
        tmp_path / "lines", CHARACTERS, train=drawn_lines(12), val=drawn_lines(4, first=100)
    )
