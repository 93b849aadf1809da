"""Real pages, real engine: what a page reads depends on that page alone."""

import hashlib
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.paddle_models import model_folders
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.processor import computes_in_bf16
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.recognition import RecognitionSpec, recognize_pages

SAMPLE = (Path(__file__).parent / "data" / "sample_archive").as_uri()
WHOLE = {
    "letters/copy-0201.jpg": 0,  # handwriting
    "letters/memoir-1914.jpg": 0,  # a typescript
    "library/annual-report-1984.pdf": 0,  # rendered
    "theatre/act-1-page-11.jpg": 0,  # a typescript in verse
}
CUT = "library/proceedings-1881.tif"  # print in two columns; its upper third will do
AS_RUN = RecognitionSpec()


class OnceDetector:
    """The real detector, which looks at equal pages only once, to save the tests' time."""

    def __init__(self, detector):
        self.detector = detector
        self.found = {}

    def detect(self, page):
        digest = hashlib.sha256(page.tobytes()).hexdigest()
        if digest not in self.found:
            self.found[digest] = self.detector.detect(page)
        return self.found[digest]


@pytest.fixture(scope="module")
def engine():
    loaded = load_engine(EngineSpec(threads=1))
    return replace(loaded, detector=OnceDetector(loaded.detector))


def is_wanted(expected):
    file = expected.source_uri.removeprefix(f"{SAMPLE}/")
    return expected.page_index == 0 and (file in WHOLE or file == CUT)


def upper_third(page):
    image = page.image[: len(page.image) // 3].copy()
    return replace(page, image=image, facts=replace(page.facts, height=len(image)))


@pytest.fixture(scope="module")
def pages():
    wanted = [expected for expected in list_pages(SAMPLE, DecodeSpec()) if is_wanted(expected)]
    decoded = list(read_pages(wanted, DecodeSpec()))
    return [
        upper_third(page) if page.expected.source_uri.endswith(CUT) else page for page in decoded
    ]


@pytest.fixture(scope="module")
def as_run(pages, engine):
    """What the pages read as one after another with the defaults."""
    return by_page(recognize_pages(pages, engine, AS_RUN))


def by_page(answers):
    answers = list(answers)
    found = {answer.expected.page_id: answer for answer in answers}
    assert len(found) == len(answers)
    return found


def assert_same_reading(one, other):
    assert one.keys() == other.keys()
    for page_id, page in one.items():
        lines, others = page.lines, other[page_id].lines
        assert [line.text for line in lines] == [line.text for line in others]
        assert [line.line_index for line in lines] == [line.line_index for line in others]
        assert np.array_equal(
            np.array([line.polygon for line in lines]),
            np.array([line.polygon for line in others]),
        )
        assert [line.confidence for line in lines] == pytest.approx(
            [line.confidence for line in others], abs=1e-3
        )


def test_every_sample_page_has_lines_on_the_page_in_reading_order(pages, as_run):
    assert len(as_run) == len(WHOLE) + 1
    for page in pages:
        lines = as_run[page.expected.page_id].lines
        assert len(lines) >= 10
        assert [line.reading_order for line in lines] == list(range(len(lines)))
        corners = np.array([line.polygon for line in lines])
        height, width = page.image.shape[:2]
        assert corners.min() >= 0
        assert (corners.max(axis=(0, 1)) <= [width, height]).all()


def test_a_page_reads_the_same_whichever_pages_come_before_it(pages, engine, as_run):
    permuted = random.Random(1).sample(pages, len(pages))
    assert_same_reading(by_page(recognize_pages(permuted, engine, AS_RUN)), as_run)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(RecognitionSpec(batch_lines=1), id="lines one by one"),
        pytest.param(RecognitionSpec(batch_lines=3), id="three lines a batch"),
        pytest.param(RecognitionSpec(batch_lines=8), id="eight lines a batch"),
        pytest.param(RecognitionSpec(open_pages=1), id="pages one by one"),
        pytest.param(RecognitionSpec(open_pages=2), id="two pages at a time"),
    ],
)
def test_a_page_reads_the_same_whatever_shares_its_batches(pages, engine, as_run, spec):
    assert_same_reading(by_page(recognize_pages(pages, engine, spec)), as_run)


def test_a_page_reads_the_same_with_any_number_of_threads(pages, as_run):
    engine = load_engine(EngineSpec(threads=2))
    assert_same_reading(by_page(recognize_pages(pages, engine, AS_RUN)), as_run)


@pytest.fixture(params=["openvino fp32", "openvino bf16", "onnx fp32", "paddle fp32"])
def another_engine(request, tmp_path):
    kind, precision = request.param.split()
    if precision == "bf16" and not computes_in_bf16():
        pytest.skip("this CPU does not compute in bfloat16")
    spec = EngineSpec(kind=kind, precision=precision, threads=1)
    if kind == "paddle":
        det, rec = model_folders(tmp_path)
        options = {"engine": "onnxruntime"}
        spec = replace(spec, det_model=str(det), rec_model=str(rec), options=options)
    return load_engine(spec)


@pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves
def test_with_every_engine_a_page_reads_the_same_in_other_company(pages, another_engine):
    few = [upper_third(page) for page in pages[:4]]
    alone = [
        answer
        for page in few
        for answer in recognize_pages([page], another_engine, RecognitionSpec(batch_lines=1))
    ]
    together = recognize_pages(few[::-1], another_engine, RecognitionSpec(batch_lines=5))
    assert_same_reading(by_page(together), by_page(alone))
    assert sum(len(answer.lines) for answer in alone) > 20
