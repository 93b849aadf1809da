"""The pipeline dataset_refresh from the gate on: what is refused, and what is published."""

import json
import shutil
from uuid import uuid4

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import (
    CheckFailedError,
    DatasetError,
    QualityRefusedError,
    SettingsError,
)
from ocr_tasks.jobs import dataset_refresh, dataset_versions
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings
from tests.dataset.folders import CHARACTERS, drawn_lines, write_lines, write_pages
from tests.dataset.sources import settings_over


@pytest.fixture
def lines(tmp_path):
    write_lines(tmp_path / "data", CHARACTERS, train=drawn_lines(60), val=drawn_lines(15, first=60))
    return tmp_path / "data"


@pytest.fixture
def settings(lines, tmp_path):
    return settings_over(lines, tmp_path / "out")


def run(settings):
    return dataset_refresh.run(settings, workers=1)


def test_the_word_of_the_gate_is_kept_with_the_version_and_tells_what_was_observed(settings):
    version = run(settings())
    word = json.loads(storage.read_bytes(storage.join(version["url"], "quality.json")))
    assert (word["success"], word["failed"]) == (True, [])
    assert word["fingerprint"] == version["fingerprint"]
    held = {
        (result["expectation_config"]["type"], result["expectation_config"]["kwargs"]["column"])
        for suite in word["suites"].values()
        for result in suite["results"]
    }
    assert ("expect_column_values_to_be_unique", "path") in held
    assert ("expect_column_values_to_be_between", "parts_of_group") in held
    assert len(held) == 15


@pytest.mark.parametrize(
    ("pair", "column"),
    [
        ("quality.min_train=61", "is_train"),
        ("quality.min_val=16", "is_val"),
        ("quality.max_warning_share=0.01", "has_warning"),
    ],
)
def test_what_is_not_enough_is_refused_and_named(settings, lines, pair, column):
    labels = (lines / "train.txt").read_text(encoding="utf-8")
    (lines / "train.txt").write_text(labels.replace("\n", "^\n", 2), encoding="utf-8")
    (lines / "dict.txt").write_text("\n".join([*CHARACTERS, "^"]), encoding="utf-8")
    assert run(settings())["warnings"] == 2
    with pytest.raises(QualityRefusedError, match=column):
        run(settings(pair))
    assert len(dataset_versions.versions(settings().output, "data")) == 1


def test_critical_findings_are_refused_and_nothing_is_published(settings, lines):
    (lines / "images" / "g000_0000.jpg").unlink()
    with pytest.raises(CheckFailedError, match="IMAGE_MISSING"):
        run(settings())
    with pytest.raises(SettingsError, match="no version of 'data'"):
        dataset_versions.versions(settings().output, "data")
    word = json.loads(storage.read_bytes(f"{settings().output}/draft_dataset/quality.json"))
    assert not word["success"]


def test_only_the_draft_that_the_gate_has_passed_can_be_published(settings, lines):
    word = dataset_refresh.quality(settings(), workers=1)
    with pytest.raises(QualityRefusedError, match="no draft"):
        dataset_refresh.publish(settings(), "0" * 32)
    image = lines / "images" / "g000_0000.jpg"
    shutil.copy(lines / "images" / "g001_0003.jpg", image)
    with pytest.raises(DatasetError, match="has changed since it was checked"):
        dataset_refresh.publish(settings(), word["fingerprint"])


def test_a_try_again_of_one_dag_run_finds_its_own_version_new_and_others_do_not(settings):
    word = dataset_refresh.quality(settings(), workers=1)
    for dag_run_id, is_new in (("monday", True), ("monday", True), ("tuesday", False)):
        version = dataset_refresh.publish(settings(), word["fingerprint"], dag_run_id)
        assert version["is_new"] is is_new


def test_a_dataset_in_s3_is_published_there(s3_endpoint, lines, tmp_path):
    place = s3_endpoint.uri(uuid4().hex)
    for path in lines.rglob("*"):
        if path.is_file():
            storage.write(f"{place}/lines/{path.relative_to(lines)}", path.read_bytes())
    values = {"dataset": f"{place}/lines", "output": f"{place}/out", "split": {"enable": True}}
    version = run(DatasetRefreshSettings.load(overrides=values))
    assert version["url"].startswith(f"{place}/out/datasets/lines/")
    local = {"dataset": str(lines), "output": str(tmp_path / "out"), "split": {"enable": True}}
    assert (
        run(DatasetRefreshSettings.load(overrides=local))["fingerprint"] == (version["fingerprint"])
    )


def test_pages_are_published_too(tmp_path):
    write_pages(tmp_path / "pages", train=4, val=2)
    settings = DatasetRefreshSettings(dataset=str(tmp_path / "pages"), output=str(tmp_path / "out"))
    version = run(settings)
    assert (version["type"], version["samples"]["train"]) == ("TextDetDataset", 4)
    assert not storage.exists(storage.join(version["url"], "dict.txt"))


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "a b"])
def test_a_name_that_is_no_folders_is_refused(settings, name):
    with pytest.raises(SettingsError, match="name"):
        run(settings(f"name={name}"))


def test_the_commands_publish_list_and_tell_what_changed(call, lines, tmp_path):
    where = ("--dataset", lines, "--output", tmp_path / "out")
    code, shown, _ = call("dataset-refresh", "run", *where, "-o", "name=drawn", "--workers", 1)
    assert (code, "published" in shown) == (0, True)
    assert "drawn: 60 in train, 15 in val, 25 groups" in shown
    code, shown, _ = call("dataset-refresh", "publish", *where, "-o", "name=drawn")
    assert (code, "this version is there already" in shown) == (0, True)
    labels = (lines / "train.txt").read_text(encoding="utf-8").splitlines()
    (lines / "train.txt").write_text("\n".join(labels[1:]) + "\n", encoding="utf-8")
    assert call("dataset-refresh", "publish", *where, "-o", "name=drawn")[0] == 0
    told = ("--output", tmp_path / "out", "--name", "drawn")
    _, shown, _ = call("dataset-refresh", "versions", *told)
    first = shown.split("│")[1].strip()
    assert shown.count("train ") == 2
    code, shown, _ = call("dataset-refresh", "diff", first[:9], "latest", *told)
    assert code == 0
    assert labels[0].split("\t")[0] in shown
    assert "74 samples are the same" in shown


def test_a_gate_that_refuses_exits_with_1_and_its_code(call, lines, tmp_path):
    where = ("--dataset", lines, "--output", tmp_path / "out")
    code, _, error = call("dataset-refresh", "run", *where, "-o", "quality.min_val=99")
    assert code == 1
    assert "E_QUALITY" in error


def test_a_version_that_somebody_changed_is_told_and_not_called_there(call, lines, tmp_path):
    where = ("--dataset", lines, "--output", tmp_path / "out")
    told = ("--output", tmp_path / "out", "--name", "data")
    assert call("dataset-refresh", "publish", *where)[0] == 0
    assert call("dataset-refresh", "versions", *told, "--verify")[0] == 0
    (folder,) = (tmp_path / "out" / "datasets" / "data").glob("[0-9a-f]*")
    image = folder / "images" / "g000_0000.jpg"
    image.write_bytes(bytes(len(image.read_bytes())))
    assert call("dataset-refresh", "versions", *told)[0] == 0
    code, shown, error = call("dataset-refresh", "versions", *told, "--verify")
    assert (code, "damaged" in shown, "g000_0000.jpg is not what" in error) == (1, True, True)
    with (folder / "train.txt").open("a") as file:
        file.write("x\ty\n")
    code, _, error = call("dataset-refresh", "publish", *where)
    assert (code, "E_DAMAGED" in error, "train.txt" in error) == (1, True, True)


def test_one_damaged_version_does_not_hide_the_others(call, lines, tmp_path):
    where = ("--dataset", lines, "--output", tmp_path / "out")
    told = ("--output", tmp_path / "out", "--name", "data")
    call("dataset-refresh", "publish", *where)
    other = tmp_path / "out" / "datasets" / "data" / ("0" * 32)
    other.mkdir()
    (other / "version.json").write_text("{}")
    code, shown, error = call("dataset-refresh", "versions", *told)
    assert (code, "train 60" in shown, "0" * 32 in shown) == (1, True, True)
    assert "E_DAMAGED" in error
    assert call("dataset-refresh", "diff", "latest", "latest", *told)[0] == 0
    assert call("dataset-refresh", "diff", "0", "latest", *told)[0] == 1


def test_an_output_that_leads_into_the_dataset_by_a_link_is_refused(settings, lines, tmp_path):
    (tmp_path / "link").symlink_to(lines)
    inside = DatasetRefreshSettings(dataset=str(lines), output=str(tmp_path / "link" / "out"))
    with pytest.raises(SettingsError, match="lies in the dataset"):
        run(inside)
