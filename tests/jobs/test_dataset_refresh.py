"""The pipeline dataset_refresh: check and split, by the functions and by the command."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ocr_tasks.dataset import swap
from ocr_tasks.errors import DatasetError, SettingsError
from ocr_tasks.jobs import dataset_refresh
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings
from ocr_tasks.settings import parse_overrides
from tests.dataset.folders import CHARACTERS, drawn_lines, write_lines
from tests.dataset.sources import SourceLine, drawn, settings_over, write_source

GROUPS = 60


@pytest.fixture
def lines(tmp_path):
    """A dataset whose first split was by line: every third group is in both parts."""
    every = drawn_lines(3 * GROUPS)
    train = [line for number, line in enumerate(every) if number % 9]
    write_lines(tmp_path / "data", CHARACTERS, train=train, val=every[::9])
    return tmp_path / "data"


@pytest.fixture
def settings(lines, tmp_path):
    return settings_over(lines, tmp_path / "out")


def label_files(folder):
    return {path.name: path.read_bytes() for path in Path(folder).glob("*.txt*")}


def all_lines(files):
    """The lines of both parts, sorted."""
    return sorted((files["train.txt"] + files["val.txt"]).splitlines())


def groups_of(folder, part):
    labels = (folder / f"{part}.txt").read_text(encoding="utf-8").splitlines()
    return {line.split("_")[0] for line in labels}


def test_a_leak_is_found_and_gone_after_the_split(settings, lines):
    leaky = dataset_refresh.check(settings(), workers=1)
    assert leaky["err_msg"] == "20 critical findings: 20 GROUP_LEAK"
    split = dataset_refresh.split(settings())
    assert split["groups"] == GROUPS
    assert sum(split["samples"].values()) == 3 * GROUPS
    assert not groups_of(lines, "train") & groups_of(lines, "val")
    assert dataset_refresh.check(settings(), workers=1)["done_flag"]


def test_a_check_splits_before_if_it_is_told_so_in_paddlexs_words(settings, lines):
    words = ("CheckDataset.split.enable=True", "CheckDataset.split.train_percent=70")
    passed = dataset_refresh.check(settings(*words, "CheckDataset.split.val_percent=30"), workers=1)
    assert passed["done_flag"]
    assert len(groups_of(lines, "val")) == pytest.approx(0.3 * GROUPS, abs=8)


def test_percentages_that_do_not_sum_to_100_touch_nothing(settings, lines):
    before = label_files(lines)
    for pairs in (["split.train_percent=90"], ["CheckDataset.split.val_percent=10"]):
        with pytest.raises(SettingsError, match="not to 100"):
            dataset_refresh.split(settings(*pairs))
    with pytest.raises(SettingsError):
        dataset_refresh.check(settings("split.enable=true", "split.val_percent=0"))
    assert label_files(lines) == before


def test_every_split_keeps_the_files_before_it_and_loses_no_line(settings, lines):
    first = label_files(lines)
    dataset_refresh.split(settings())
    second = label_files(lines)
    dataset_refresh.split(settings("split.seed=7"))
    third = label_files(lines)
    assert third["train.txt.bak"] == first["train.txt"]
    assert third["val.txt.bak.2"] == second["val.txt"]
    for files in (second, third):
        assert all_lines(files) == all_lines(first)


def test_a_split_again_changes_nothing_and_new_groups_move_no_old_one(settings, lines):
    dataset_refresh.split(settings())
    before = {part: groups_of(lines, part) for part in ("train", "val")}
    again = dataset_refresh.split(settings())
    assert (again["changed"], again["backups"]) == (False, {})
    more = drawn_lines(36, first=900)
    with (lines / "train.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{line.name}\t{line.label}\n" for line in more)
    with (lines / "train.meta.jsonl").open("a") as file:
        file.writelines(
            json.dumps({"file": each.name, "group": each.group}) + "\n" for each in more
        )
    dataset_refresh.split(settings())
    after = {part: groups_of(lines, part) for part in ("train", "val")}
    assert all(before[part] <= after[part] for part in before)
    assert sum(map(len, after.values())) == GROUPS + 12


def test_the_test_part_is_left_alone_unless_it_has_a_percentage(settings, lines):
    held = (lines / "val.txt").read_bytes()
    (lines / "test.txt").write_bytes(held)
    (lines / "val.txt").write_bytes(b"")
    dataset_refresh.split(settings())
    assert (lines / "test.txt").read_bytes() == held
    percents = ("split.train_percent=60", "split.test_percent=20")
    split = dataset_refresh.split(settings(*percents))
    assert sum(split["samples"].values()) == 3 * GROUPS
    assert (lines / "test.txt.bak.2").read_bytes() == held


def test_a_split_that_was_broken_off_is_finished_by_the_next_check(settings, lines, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(swap, "_put", None)  # all that comes after the journal
        with pytest.raises(TypeError):
            dataset_refresh.split(settings())
    assert dataset_refresh.check(settings(), workers=1)["done_flag"]
    assert (lines / "val.txt.bak").exists()


def test_a_dataset_without_its_label_files_is_refused_and_the_result_says_so(
    settings, lines, tmp_path
):
    (lines / "val.txt").unlink()
    with pytest.raises(DatasetError):
        dataset_refresh.check(settings())
    result = json.loads((tmp_path / "out" / "check_dataset_result.json").read_text())
    assert (result["done_flag"], result["err_type"]) == (False, "DatasetError")
    assert "no val.txt" in result["err_msg"]


def test_a_result_of_before_does_not_outlive_a_check_that_fails(settings, lines, tmp_path):
    dataset_refresh.split(settings())
    assert dataset_refresh.check(settings(), workers=1)["done_flag"]
    (lines / "dict.txt").unlink()
    with pytest.raises(DatasetError):
        dataset_refresh.check(settings())
    assert not json.loads((tmp_path / "out" / "check_dataset_result.json").read_text())["done_flag"]


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["dataset=http://host/x"], "scheme 'http'"),
        (["output=s3://key:secret@bucket/x"], "holds a user"),
        (["split.percent=80"], "split.percent: there is no such setting"),
        (["CheckDataset.split.percent=80"], "CheckDataset.split.percent: there is no"),
        (["CheckDataset.split.train_percent=101"], "split.train_percent"),
        (["CheckDataset.convert.to=ICDAR"], "CheckDataset.convert.to: there is no such setting"),
        (["CheckDataset.convert={enable: True, src_dataset_type: LabelMe}"], "convert.format"),
        (["layout.type=COCO"], "layout.type"),
        (["groups.pattern='('"], "groups.pattern"),
    ],
)
def test_wrong_settings_are_refused_with_their_name(lines, tmp_path, pairs, said):
    values = {"dataset": str(lines), "output": str(tmp_path / "out")} | parse_overrides(pairs)
    with pytest.raises(SettingsError, match=said.replace("(", r"\(")):
        dataset_refresh.check(DatasetRefreshSettings.load(overrides=values))


def test_an_output_in_the_dataset_is_refused(lines):
    settings = DatasetRefreshSettings(dataset=str(lines), output=str(lines / "out"))
    with pytest.raises(SettingsError, match="lies in the dataset"):
        dataset_refresh.check(settings)


PADDLEX = """
Global:
  model: PP-OCRv5_mobile_det
  mode: check_dataset
  dataset_dir: pages/
  device: gpu:0,1,2,3
  output: out
CheckDataset:
  convert: {enable: False, src_dataset_type: LabelMe}
  split: {enable: True, train_percent: 90, val_percent: null}
Train: {epochs_iters: 20}
Evaluate: {log_interval: 1}
Export: {}
Predict: {batch_size: 1}
"""


def test_a_file_of_paddlexs_is_read_as_it_is_and_overrides_go_over_it(tmp_path):
    (tmp_path / "module.yaml").write_text(PADDLEX)
    overrides = parse_overrides(["split.val_percent=10", "Global.output=other"])
    settings = DatasetRefreshSettings.load(str(tmp_path / "module.yaml"), overrides)
    assert (settings.dataset, settings.output) == ("pages/", "other")
    assert settings.layout.type == "TextDetDataset"
    split = settings.split
    assert (split.enable, split.train_percent, split.val_percent) == (True, 90, 10)


def test_the_command_exits_with_1_and_says_why_until_the_dataset_passes(call, lines, tmp_path):
    where = ("--dataset", lines, "--output", tmp_path / "out")
    code, shown, error = call("dataset-refresh", "check", *where, "--workers", 1)
    assert code == 1
    assert "GROUP_LEAK" in shown
    assert "E_CHECK 20 critical findings: 20 GROUP_LEAK" in error
    assert "180 of 180 images" in error
    code, shown, _ = call("dataset-refresh", "split", *where)
    assert code == 0
    assert "kept train.txt.bak, val.txt.bak" in shown
    code, shown, _ = call("dataset-refresh", "check", *where, "--workers", 1)
    assert code == 0
    assert shown.splitlines()[-1] == "Check dataset passed !"


def test_the_command_says_where_a_target_was_missed(call, tmp_path):
    write_lines(tmp_path / "data", CHARACTERS, train=drawn_lines(6), val=[])
    where = ("--dataset", tmp_path / "data", "--output", tmp_path / "out")
    code, shown, _ = call("dataset-refresh", "split", *where)
    assert code == 0
    assert "there are 2 groups, which are not parted" in shown
    written = json.loads((tmp_path / "out" / "split_dataset_result.json").read_text())
    assert written["missed"]


def test_the_command_says_what_became_of_every_region(call, tmp_path):
    line = SourceLine(((10, 5), (90, 5), (90, 20), (10, 20)), None)
    page = drawn("page")
    source = write_source(tmp_path / "in", "page", [replace(page, lines=[*page.lines, line])])
    (source / "gt_gone.txt").write_bytes(b"")
    where = ("--dataset", tmp_path / "set", "--output", tmp_path / "out")
    given = ("-o", f"convert.source={source}", "--workers", 1)
    code, shown, error = call("dataset-refresh", "convert", *where, *given)
    assert code == 0
    assert "1 pages, samples: 3 in train; kept: 0" in shown
    assert "left out: empty" in shown
    assert "gt_gone.txt#gone: E_LABELS there is no image called gone" in shown
    assert "1 of 1 pages" in error
    written = json.loads((tmp_path / "out" / "convert_result.json").read_text())
    assert (written["regions"], written["labelled"], written["left_out"]) == (4, 3, {"empty": 1})


@pytest.mark.parametrize(
    "command", ["convert", "run", "check", "split", "publish", "versions", "diff"]
)
def test_help_shows_an_example(call, command):
    code, shown, _ = call("dataset-refresh", command, "--help")
    assert code == 0
    assert f"ocr-tasks dataset-refresh {command}" in " ".join(shown.split())
