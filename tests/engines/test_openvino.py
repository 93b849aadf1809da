"""What only OpenVINO has: threads that it would pin, and kernels that it makes for each shape."""

import json
import subprocess
import sys

SCRIPT = """
import json
import os
import threading
import numpy as np
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.results.rows import peak_rss_mb

engine = load_engine(EngineSpec(kind="openvino", threads=1))
mine, seen, done = os.sched_getaffinity(0), set(), threading.Event()

def watch():
    while not done.wait(0.01):
        for task in os.listdir("/proc/self/task"):
            seen.add(tuple(os.sched_getaffinity(int(task))))

peaks = []
for part in ("warm up", "watched"):
    if part == "watched":
        threading.Thread(target=watch).start()
    for height in range(1300, 2300, 200):
        engine.detector.detect(np.full((height, 1600, 3), 255, np.uint8))
    for width in range(64, 1600, 64):
        engine.recognizer.recognize(np.full((1, 48, width, 3), 255, np.uint8))
    peaks.append(peak_rss_mb())
done.set()
print(json.dumps({"peaks": peaks, "pinned": [cores for cores in seen if set(cores) != mine]}))
"""


def test_pages_and_lines_of_many_sizes_take_no_more_memory_and_no_core_for_themselves():
    """Threads that are pinned would share the first core with those of every other worker.

    Only the second round is watched: in the first one oneDNN binds a thread to each core in
    turn, for less than a millisecond, to ask what the core can do.
    """
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    told = json.loads(done.stdout)
    assert told["pinned"] == []
    assert told["peaks"][-1] < 1.05 * told["peaks"][0], told["peaks"]
