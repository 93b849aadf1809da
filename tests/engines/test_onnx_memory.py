"""What ONNX Runtime holds in memory, measured in a process of its own."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json
import numpy as np
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.results.rows import peak_rss_mb

def read_a_shard():
    engine = load_engine(EngineSpec(kind="onnx", threads=1))
    for height, width in ((1600, 1120), (736, 1600), (1200, 1600)):
        engine.detector.detect(np.full((height, width, 3), 255, np.uint8))
        for lines, columns in ((4, 320), (1, 1600), (3, 736), (4, 1216), (2, 2400)):
            engine.recognizer.recognize(np.full((lines, 48, columns, 3), 255, np.uint8))

peaks = []
for _ in range(4):
    read_a_shard()
    peaks.append(peak_rss_mb())
print(json.dumps(peaks))
"""


@pytest.fixture(scope="module")
def peaks() -> list[float]:
    """The most memory held, in MB, after each of four shards with pages and lines of all sizes."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    told: list[float] = json.loads(done.stdout)
    return told


def test_engines_that_are_loaded_again_and_shapes_that_come_again_take_no_more_memory(
    peaks: list[float],
) -> None:
    assert peaks[-1] < peaks[0] * 1.05


def test_detector_and_recogniser_take_turns_in_one_arena(peaks: list[float]) -> None:
    # Measured: 565 to 660; with an arena and memory patterns for each: 764 and more.
    assert peaks[-1] < 720
