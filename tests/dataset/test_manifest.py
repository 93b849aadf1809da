"""The draft of a version: what its tables say of files and samples."""

import pytest

from ocr_tasks.dataset.check import check_dataset
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.manifest import draft_of, files_in, files_table
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.stamps import file_of
from tests.dataset.folders import CHARACTERS, checked, drawn_lines, write_lines


@pytest.fixture
def source(tmp_path):
    return write_lines(
        tmp_path / "data", CHARACTERS, train=drawn_lines(6), val=drawn_lines(3, first=6)
    )


def test_label_files_of_any_name_become_those_that_every_reader_looks_for(tmp_path, source):
    data = tmp_path / "data"
    (data / "train.txt").rename(data / "letters.txt")
    labels = (data / "val.txt").read_text(encoding="utf-8")
    (data / "val.txt").write_text(labels.replace("images/", "./images/"), encoding="utf-8")
    layout = LayoutSpec(train=("letters.txt",))
    groups = GroupSpec(pattern=r"(g\d+)_")
    dataset = read_dataset(source, layout, groups)
    draft = draft_of(check_dataset(dataset, LimitSpec(), {}, workers=1))
    assert set(draft.made) == {"train.txt", "val.txt", "dict.txt", "lines.meta.jsonl"}
    assert draft.made["train.txt"] == (data / "letters.txt").read_bytes()
    assert draft.made["val.txt"].decode() == labels
    assert draft.made["dict.txt"] == (data / "dict.txt").read_bytes()
    assert draft.made["lines.meta.jsonl"].splitlines()[0] == (
        b'{"file": "images/g000_0000.jpg", "group": "g000"}'
    )


def test_a_sample_is_told_with_script_spare_steps_and_findings(tmp_path, source):
    data = tmp_path / "data"
    labels = (data / "train.txt").read_text(encoding="utf-8")
    first = labels.splitlines()[0].split("\t")[0]
    (data / "train.txt").write_text(f"{first}\tвид~~~\n" + labels.split("\n", 1)[1], "utf-8")
    rows = draft_of(checked(source)).samples.to_pylist()
    told = {key: rows[0][key] for key in ("script", "characters", "outside_dict", "group")}
    assert told == {"script": "CYRILLIC", "characters": 6, "outside_dict": 6, "group": "g000"}
    assert (rows[0]["critical"], rows[0]["warnings"]) == (1, 1)
    assert (rows[1]["script"], rows[1]["critical"], rows[1]["warnings"]) == ("LATIN", 0, 0)
    steps = min(3200, -(-48 * rows[0]["width"] // rows[0]["height"])) // 8
    assert rows[0]["spare_steps"] == steps - (6 + 2)  # three ~ in a row need two steps more


def test_a_manifest_that_was_touched_is_refused(source):
    data = bytearray(file_of(files_table(draft_of(checked(source)).files)))
    data[100] ^= 1
    with pytest.raises(ValueError, match="written"):
        files_in(bytes(data))
