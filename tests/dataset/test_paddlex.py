"""PaddleX's own check takes the datasets that ours does, and makes a result of the same shape."""

import json
import subprocess
import sys

import pytest

from ocr_tasks.dataset.facts import decode_spec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.outputs import write_outputs
from ocr_tasks.jobs import dataset_refresh
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings
from tests.dataset.folders import CHARACTERS, checked, drawn_lines, write_lines, write_pages

THEIRS = """
import json, sys
from paddlex.modules.text_KIND.dataset_checker.dataset_src.check_dataset import check
print(json.dumps(check(sys.argv[1], sys.argv[2])))
"""


def check_by_paddlex(kind, folder, output):
    """What PaddleX's own check says of a dataset."""
    done = subprocess.run(
        [sys.executable, "-c", THEIRS.replace("KIND", kind), str(folder), str(output)],
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(120)
def test_attributes_are_those_that_paddlex_finds(tmp_path):
    parts = {"train": drawn_lines(14), "val": drawn_lines(5, first=21)}
    url = write_lines(tmp_path / "data", CHARACTERS, **parts)
    expected = check_by_paddlex("recognition", tmp_path / "data", tmp_path / "theirs")
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


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("kind", "samples"), [("recognition", (14, 5)), ("detection", (3, 2))])
def test_paddlex_takes_a_published_version(tmp_path, kind, samples):
    if kind == "recognition":
        parts = {"train": drawn_lines(14), "val": drawn_lines(5, first=21)}
        write_lines(tmp_path / "data", CHARACTERS, **parts)
    else:
        write_pages(tmp_path / "data", train=3, val=2)
    settings = DatasetRefreshSettings(dataset=str(tmp_path / "data"), output=str(tmp_path / "out"))
    version = dataset_refresh.run(settings, workers=1)
    folder = version["url"].removeprefix("file://")
    theirs = check_by_paddlex(kind, folder, tmp_path / "theirs")
    assert (theirs["train_samples"], theirs["val_samples"]) == samples
