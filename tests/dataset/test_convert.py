"""Other people's labels become a dataset: the same of every format, nothing lost, nothing moved."""

import json
from dataclasses import replace

import cv2
import fsspec
import numpy as np
import pytest

from ocr_tasks.dataset.converters.labelled import LeftOut
from ocr_tasks.errors import DatasetError
from ocr_tasks.jobs import dataset_refresh
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings
from ocr_tasks.settings import parse_overrides
from tests.dataset.folders import CHARACTERS, checked, codes_of, drawn_lines, read, write_lines
from tests.dataset.sources import (
    FORMATS,
    MM10,
    SourceLine,
    alto,
    convert,
    drawn,
    files_of,
    labels_of,
    put,
    write_source,
)
from tests.makers import draw_page, jpeg, tiff

PAGES = [drawn("first"), drawn("second", 3), drawn("third", 6)]
every_format = pytest.mark.parametrize("format_", FORMATS)


def crops_of(dataset):
    """Every label with the pixels of its crop, in the order of their labels."""
    labels = labels_of(dataset)
    return sorted(
        (label, cv2.imread(str(dataset / path)).tobytes()) for path, label in labels.items()
    )


def regions_of(dataset):
    return sorted(
        json.loads(label)[0]["transcription"] + label for label in labels_of(dataset).values()
    )


def run(command, dataset, *pairs):
    values = {"dataset": str(dataset), "output": f"{dataset}-out"}
    settings = DatasetRefreshSettings.load(overrides=parse_overrides(pairs) | values)
    return getattr(dataset_refresh, command)(settings)


def test_all_formats_give_the_same_samples_in_either_layout(tmp_path):
    crops, regions = [], []
    for format_ in FORMATS:
        source = write_source(tmp_path / format_ / "in", format_, PAGES)
        result = convert(source, tmp_path / format_ / "lines", f"convert.format={format_}")
        assert result["label_files"] == {format_: 3}
        assert (result["pages"], result["regions"], result["labelled"]) == (3, 9, 9)
        assert (result["samples"], result["left_out"], result["bad_files"]) == (
            {"train": 9},
            {},
            [],
        )
        crops.append(crops_of(tmp_path / format_ / "lines"))
        convert(source, tmp_path / format_ / "pages", "layout.type=TextDetDataset")
        regions.append(regions_of(tmp_path / format_ / "pages"))
    assert all(each == crops[0] for each in crops)
    assert all(each == regions[0] for each in regions)
    assert [label for label, _ in crops[0]] == sorted(
        line.text for page in PAGES for line in page.lines
    )


def test_a_converted_dataset_is_split_and_passes_the_check(tmp_path):
    pages = [drawn(f"page{n}", 3 * n) for n in range(12)]
    source = write_source(tmp_path / "in", "hiertext", pages)
    convert(source, tmp_path / "set")
    assert codes_of(checked(str(tmp_path / "set"))) == ["PART_EMPTY"]
    split = run("split", tmp_path / "set", "split.seed=3")
    assert split["groups"] == 12
    assert min(split["samples"].values()) > 0
    assert "critical" not in {
        str(finding.rule.severity) for finding in checked(str(tmp_path / "set")).findings
    }


@every_format
def test_converting_again_changes_nothing_and_a_grown_source_only_adds(tmp_path, format_):
    source = write_source(tmp_path / "in", format_, PAGES[1:])
    assert convert(source, tmp_path / "set")["changed"]
    before = files_of(tmp_path / "set")
    again = convert(source, tmp_path / "set")
    assert (again["changed"], again["backups"]) == (False, {})
    assert files_of(tmp_path / "set") == before
    write_source(tmp_path / "in", format_, PAGES[:1])
    assert convert(source, tmp_path / "set")["backups"] == {
        "train.txt": "train.txt.bak",
        "val.txt": "val.txt.bak",
        "lines.meta.jsonl": "lines.meta.jsonl.bak",
    }
    after = files_of(tmp_path / "set")
    assert after["train.txt.bak"] == before["train.txt"]
    for name, data in before.items():
        if name.startswith("images/") or name == "dict.txt":
            assert after[name] == data
        else:
            assert set(data.splitlines()) <= set(after[name].splitlines())
    fresh = convert(source, tmp_path / "fresh")
    assert fresh["samples"] == {"train": 9}
    for name, data in files_of(tmp_path / "fresh").items():
        assert after[name] == data


def test_what_stands_in_val_or_test_stays_there_with_its_group(tmp_path):
    pages = [drawn(f"page{n}", 3 * n) for n in range(12)]
    source = write_source(tmp_path / "in", "page", pages)
    convert(source, tmp_path / "set")
    run(
        "split", tmp_path / "set", "split.seed=3", "split.train_percent=60", "split.test_percent=20"
    )
    before = {part: labels_of(tmp_path / "set", part) for part in ("train", "val", "test")}
    assert all(before.values())
    assert not convert(source, tmp_path / "set")["changed"]
    name = next(iter(before["val"])).split("/")[1].split("_")[0]
    grown = next(page for page in pages if page.name == name)
    more = SourceLine(((10, 2), (200, 2), (200, 15), (10, 15)), "one more")
    write_source(tmp_path / "in", "page", [replace(grown, lines=[*grown.lines, more])])
    assert convert(source, tmp_path / "set")["changed"]
    for part, labels in before.items():
        now = labels_of(tmp_path / "set", part)
        assert labels.items() <= now.items()
        assert ("one more" in now.values()) == (part == "val")


def test_what_a_split_left_out_as_a_copy_stays_left_out(tmp_path):
    pages = [drawn(f"page{n}", 3 * n) for n in range(12)]
    copies = [replace(page, name=f"copy{n}") for n, page in enumerate(pages)]
    source = write_source(tmp_path / "in", "page", [*pages, *copies])
    convert(source, tmp_path / "set")
    split = run(
        "split", tmp_path / "set", "split.seed=3", "split.train_percent=60", "split.val_percent=40"
    )
    assert split["left_out"] > 0
    before = files_of(tmp_path / "set")
    result = convert(source, tmp_path / "set")
    assert result["samples"]["left_out"] == split["left_out"]
    assert files_of(tmp_path / "set") == before


def test_labels_made_by_hand_and_those_of_other_sources_stay(tmp_path):
    by_hand = drawn_lines(4)
    write_lines(tmp_path / "set", CHARACTERS, train=by_hand[:3], val=by_hand[3:])
    first = write_source(tmp_path / "one", "page", PAGES[:1])
    second = write_source(tmp_path / "two", "alto", PAGES[1:])
    convert(first, tmp_path / "set")
    result = convert(second, tmp_path / "set")
    assert (result["samples"], result["kept"]) == ({"train": 6}, 7)
    train = labels_of(tmp_path / "set")
    assert {line.name: line.label for line in by_hand[:3]}.items() <= train.items()
    assert len(train) == 3 + 9
    assert labels_of(tmp_path / "set", "val") == {by_hand[3].name: by_hand[3].label}
    assert (tmp_path / "set" / "dict.txt").read_text().split() == CHARACTERS
    groups = {sample.group for sample in read(str(tmp_path / "set")).samples}
    assert groups == {"g000", "g001", "first", "second", "third"}


def test_a_corrected_label_replaces_the_old_one_and_a_page_that_broke_keeps_its_samples(tmp_path):
    source = write_source(tmp_path / "in", "icdar", PAGES)
    convert(source, tmp_path / "set")
    lines = [replace(PAGES[0].lines[0], text="corrected"), *PAGES[0].lines[1:2]]
    write_source(tmp_path / "in", "icdar", [replace(PAGES[0], lines=lines)])
    (source / "second.jpg").write_bytes(b"broken")
    (source / "gt_third.txt").write_bytes(b"\xff")
    result = convert(source, tmp_path / "set")
    assert [
        (each["file"], each["error_class"], each["regions"]) for each in result["bad_files"]
    ] == [
        ("gt_second.txt#second", "E_UNSUPPORTED", 3),
        ("gt_third.txt", "E_LABELS", 0),
    ]
    assert (result["regions"], result["labelled"]) == (5, 2)
    assert result["left_out"] == {"E_UNSUPPORTED": 3}
    labels = sorted(labels_of(tmp_path / "set").values())
    assert len(labels) == 2 + 3 + 3
    assert "corrected" in labels
    assert PAGES[0].lines[0].text not in labels


def test_illegible_lines_and_those_without_text_are_counted(tmp_path):
    lines = [
        replace(line, text=text)
        for line, text in zip(PAGES[0].lines, ("read", None, " "), strict=True)
    ]
    source = write_source(tmp_path / "in", "hiertext", [replace(PAGES[0], lines=lines)])
    result = convert(source, tmp_path / "lines")
    assert result["left_out"] == {LeftOut.ILLEGIBLE: 1, LeftOut.EMPTY: 1}
    assert list(labels_of(tmp_path / "lines").values()) == ["read"]
    convert(source, tmp_path / "pages", "layout.type=TextDetDataset")
    (label,) = labels_of(tmp_path / "pages").values()
    assert [each["transcription"] for each in json.loads(label)] == ["read", "###", ""]


def test_tenths_of_millimetres_are_told_by_the_pages_size(tmp_path):
    for unit, scale in (("pixel", 1), ("mm10", MM10), ("inch1200", 4)):
        source = write_source(tmp_path / unit, "alto", PAGES[:1])
        put(source / "first.xml", alto(PAGES[0], unit=unit, scale=scale))
        convert(source, tmp_path / f"{unit}-set")
        (path, *_) = labels_of(tmp_path / f"{unit}-set")
        assert cv2.imread(str(tmp_path / f"{unit}-set" / path)).shape[:2] == (30, 380)


def test_the_dictionary_is_the_recognisers_own_or_the_one_that_is_given(tmp_path):
    source = write_source(tmp_path / "in", "icdar", PAGES[:1])
    convert(source, tmp_path / "set")
    characters = (tmp_path / "set" / "dict.txt").read_text(encoding="utf-8").split("\n")
    assert len(characters) == 18_708 + 1  # and the end of the last line
    put(tmp_path / "other.txt", b"a\nb\n")
    given = f"convert.dictionary={tmp_path / 'other.txt'}"
    assert convert(source, tmp_path / "set", given)["backups"] == {"dict.txt": "dict.txt.bak"}
    assert (tmp_path / "set" / "dict.txt").read_bytes() == b"a\nb\n"
    assert not convert(source, tmp_path / "set")["changed"]
    with pytest.raises(DatasetError, match="dictionary"):
        convert(source, tmp_path / "set", f"convert.dictionary={tmp_path / 'none.txt'}")


def test_a_folder_of_pages_is_a_document_and_a_pattern_names_another(tmp_path):
    for folder in ("box1/page", "box2/page"):
        write_source(tmp_path / "in" / folder, "page", PAGES[:2])
    put(tmp_path / "in" / "third.jpg", PAGES[2].image)
    put(tmp_path / "in" / "third.xml", FORMATS["page"][1](PAGES[2]))
    convert(tmp_path / "in", tmp_path / "set")
    groups = {sample.group for sample in read(str(tmp_path / "set")).samples}
    assert groups == {"box1", "box2", "third"}
    convert(tmp_path / "in", tmp_path / "other", "convert.document=box|third")
    groups = {sample.group for sample in read(str(tmp_path / "other")).samples}
    assert groups == {"box", "third"}


def test_a_page_that_is_no_jpeg_or_lies_on_its_side_becomes_a_png_of_what_is_seen(tmp_path):
    picture = draw_page(["upright"], width=200)
    pages = {"a.tif": tiff(picture), "b.jpg": jpeg(np.rot90(picture), orientation=6)}
    for name, data in pages.items():
        put(tmp_path / "in" / name, data)
        put(tmp_path / "in" / f"gt_{name[0]}.txt", b"10,10,90,10,90,40,10,40,upright")
    convert(tmp_path / "in", tmp_path / "set", "layout.type=TextDetDataset")
    for path in labels_of(tmp_path / "set"):
        assert path.endswith(".png")
        image = cv2.imread(str(tmp_path / "set" / path))
        assert np.abs(image.astype(int) - picture).mean() < 2


def test_a_dataset_in_memory_and_in_s3_is_the_same_as_on_disk(tmp_path, memory_url, s3_endpoint):
    source = write_source(tmp_path / "in", "page", PAGES[:2], labels="page")
    convert(source, tmp_path / "set")
    expected = files_of(tmp_path / "set")
    fsspec.filesystem("memory").put(str(source), f"{memory_url}/in", recursive=True)
    for name, data in files_of(source).items():
        s3_endpoint.put(f"convert/in/{name}", data)
    for root in (memory_url, s3_endpoint.uri("convert")):
        result = convert(f"{root}/in", f"{root}/set")
        assert result["samples"] == {"train": 6}
        filesystem, path = fsspec.core.url_to_fs(f"{root}/set")
        found = {name[len(path) + 1 :]: filesystem.cat_file(name) for name in filesystem.find(path)}
        assert found == expected
        assert not convert(f"{root}/in", f"{root}/set")["changed"]


def test_paddlexs_words_convert_a_folder_in_its_place(tmp_path):
    write_source(tmp_path / "set", "icdar", [drawn(f"page{n}", 3 * n) for n in range(12)])
    words = ("CheckDataset.convert.enable=True", "CheckDataset.convert.src_dataset_type=ICDAR")
    result = run("check", tmp_path / "set", *words, "split.enable=true", "split.seed=3")
    assert result["done_flag"], result
    converted = json.loads((tmp_path / "set-out" / "convert_result.json").read_text())
    assert converted["samples"] == {"train": 36}
    assert not run("convert", tmp_path / "set")["changed"]
