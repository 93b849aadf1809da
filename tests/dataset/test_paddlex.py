"""PaddleX's own check takes the datasets that ours does, and makes a result of the same shape."""

import json
import subprocess
import sys

import pytest

from ocr_tasks.dataset.facts import decode_spec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.outputs import write_outputs
from tests.dataset.folders import CHARACTERS, checked, drawn_lines, write_lines

THEIRS = """
import json, sys
from paddlex.modules.text_recognition.dataset_checker.dataset_src.check_dataset import check
print(json.dumps(check(sys.argv[1], sys.argv[2])))
"""


@pytest.mark.timeout(120)
def test_attributes_are_those_that_paddlex_finds(tmp_path):
    parts = {"train": drawn_lines(14), "val": drawn_lines(5, first=21)}
    url = write_lines(tmp_path / "data", CHARACTERS, **parts)
    theirs = subprocess.run(
        [sys.executable, "-c", THEIRS, str(tmp_path / "data"), str(tmp_path / "theirs")],
        capture_output=True,
        check=True,
        text=True,
    )
    expected = json.loads(theirs.stdout.splitlines()[-1])
    ours = write_outputs(str(tmp_path / "ours"), checked(url), decode_spec(LimitSpec()))
    attributes = ours["attributes"]
    assert list(attributes) == list(expected)
    for key, value in expected.items():
        if key.endswith("_paths"):
            assert len(attributes[key]) == len(value)
            folders = {path.rpartition("/")[0] for path in [*attributes[key], *value]}
            assert folders == {"check_dataset/demo_img"}
        else:
            assert attributes[key] == value
