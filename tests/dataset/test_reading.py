"""Datasets from their files: layouts, odd lines, groups, dictionaries; local, in memory, on S3."""

import os

import fsspec
import pytest

from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.labels import label_lines
from ocr_tasks.dataset.samples import LINES, PAGES, LayoutSpec
from ocr_tasks.errors import DatasetError, SettingsError
from tests.dataset.folders import CHARACTERS, checked, codes_of, drawn_lines, read, write_lines

PAGE_LABEL = '[{"transcription": "word", "points": [[1, 1], [9, 1], [9, 5], [1, 5]]}]'


@pytest.fixture
def folder(tmp_path):
    """A folder to which files can be written by name."""

    def write(**files):
        for name, text in {"dict": "a\nb\n", "val": "i/9.jpg\tb\n", **files}.items():
            data = text.encode() if isinstance(text, str) else text
            (tmp_path / f"{name.replace('__', '.')}.txt").write_bytes(data)
        return str(tmp_path)

    return write


def test_samples_come_in_the_order_of_parts_and_lines_with_their_place(folder):
    dataset = read(folder(train="i/1.jpg\ta\n\ni/2.jpg\tb a\n", test="i/3.jpg\tb\n"))
    assert [(str(each.place), each.path, each.label) for each in dataset.samples] == [
        ("train.txt:1", "i/1.jpg", "a"),
        ("train.txt:3", "i/2.jpg", "b a"),
        ("val.txt:1", "i/9.jpg", "b"),
        ("test.txt:1", "i/3.jpg", "b"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"i/1.jpg a", "LINE_MALFORMED", id="no tab"),
        pytest.param(b"i/1.jpg\ta\tb", "LINE_MALFORMED", id="two tabs"),
        pytest.param(b"\ta", "LINE_MALFORMED", id="no path"),
        pytest.param(b"\xef\xbb\xbfi/1.jpg\ta", "LINE_MALFORMED", id="a byte-order mark"),
        pytest.param(b"i/1.jpg\t\xe9", "LABEL_NOT_UTF8", id="Latin-1"),
        pytest.param(b"i/\xe9.jpg\ta", "LABEL_NOT_UTF8", id="a path in Latin-1"),
    ],
)
def test_a_line_that_is_no_sample_is_a_finding_and_its_neighbours_are_read(folder, data, code):
    dataset = read(folder(train=b"i/0.jpg\ta\n" + data + b"\ni/2.jpg\tb\n"))
    assert [(each.rule.code, each.place.line) for each in dataset.findings] == [(code, 2)]
    assert [each.path for each in dataset.of_part("train")] == ["i/0.jpg", "i/2.jpg"]


def test_lines_may_end_as_on_windows_and_labels_hold_any_other_character(folder):
    dataset = read(folder(train="i/1.jpg\ta\u2028b \u0085\r\ni/2.jpg\tb\r\n"))
    assert [each.label for each in dataset.of_part("train")] == ["a\u2028b \u0085", "b"]


@pytest.mark.parametrize(("label", "type_"), [("a", LINES), (PAGE_LABEL, PAGES), ("[a]", LINES)])
def test_the_first_label_says_which_layout_it_is_unless_the_settings_do(folder, label, type_):
    url = folder(train=f"i/1.jpg\t{label}\n")
    assert read(url).type == type_
    assert read(url, LayoutSpec(type=PAGES)).type == PAGES


def test_the_dictionary_is_a_character_a_line_and_the_space(folder):
    assert read(folder(train="x\ta\n", dict="a\nb\n\u2028\n")).dictionary == {*"ab \u2028"}


def test_a_part_may_have_several_label_files(folder):
    layout = LayoutSpec(train=("train.txt", "more.txt"))
    dataset = read(folder(train="x\ta\n", more="y\tb\n"), layout)
    assert [(each.part, each.place.file) for each in dataset.samples] == [
        ("train", "train.txt"),
        ("train", "more.txt"),
        ("val", "val.txt"),
    ]


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        (LayoutSpec(train=("gone.txt",)), "no gone.txt"),
        (LayoutSpec(val=("train.txt",)), "more than once"),
        (LayoutSpec(dictionary="none.txt"), "no none.txt"),
    ],
)
def test_a_dataset_without_its_files_is_refused_by_name(folder, layout, said):
    with pytest.raises(DatasetError, match=said):
        read(folder(train="x\ta\n"), layout)


def test_an_empty_part_is_a_finding_but_an_empty_test_part_is_none(folder):
    dataset = read(folder(train="", test=""))
    assert [(each.rule.code, each.place.part) for each in dataset.findings] == [
        ("PART_EMPTY", "train")
    ]


@pytest.mark.parametrize(
    ("spec", "group"),
    [
        (GroupSpec(), "w1"),
        (GroupSpec(column="page"), "7"),
        (GroupSpec(pattern=r"doc(\d+)_"), "12"),
        (GroupSpec(pattern=r"doc\d+"), "doc12"),
    ],
)
def test_the_group_is_told_by_a_file_or_the_images_name(folder, tmp_path, spec, group):
    url = folder(train="i/doc12_3.jpg\ta\n")
    told = '{"file": "i/doc12_3.jpg", "group": "w1", "page": 7}\n'
    (tmp_path / "any.meta.jsonl").write_text(told)
    assert read(url, groups=spec).samples[0].group == group


def test_a_sample_whose_name_has_no_group_has_none_if_others_have_one(folder):
    url = folder(train="i/doc12_3.jpg\ta\ni/other.jpg\tb\n")
    samples = read(url, groups=GroupSpec(pattern=r"doc\d+")).samples
    assert [sample.group for sample in samples][:2] == ["doc12", None]


def test_a_file_about_groups_that_is_broken_is_named_with_its_line(folder, tmp_path):
    (tmp_path / "train.meta.jsonl").write_text('{"file": "x"}\n[1]\n')
    with pytest.raises(DatasetError, match=r"train\.meta\.jsonl:2"):
        read(folder(train="x\ta\n"))


def test_a_pattern_that_is_none_is_a_wrong_setting(folder):
    with pytest.raises(SettingsError, match=r"groups\.pattern"):
        read(folder(train="x\ta\n"), groups=GroupSpec(pattern="("))


def lines():
    return {"train": drawn_lines(4), "val": drawn_lines(2, first=6)}


def test_a_dataset_in_memory_is_checked_as_one_on_disk(tmp_path, memory_url):
    write_lines(tmp_path / "data", CHARACTERS, **lines())
    (tmp_path / "data" / "images" / "g000_0001.jpg").write_bytes(b"")
    fsspec.filesystem("memory").put(str(tmp_path / "data"), memory_url, recursive=True)
    on_disk, in_memory = checked(str(tmp_path / "data")), checked(memory_url)
    assert codes_of(on_disk) == codes_of(in_memory) == ["IMAGE_TRUNCATED"]
    assert on_disk.facts == in_memory.facts


def test_a_dataset_in_s3_is_checked_as_one_on_disk(tmp_path, s3_endpoint):
    write_lines(tmp_path / "data", CHARACTERS, **lines())
    for path in (tmp_path / "data").rglob("*.*"):
        name = path.relative_to(tmp_path)
        s3_endpoint.put(f"set/{name}", path.read_bytes())
    on_disk, in_s3 = checked(str(tmp_path / "data")), checked(s3_endpoint.uri("set/data"))
    assert codes_of(in_s3) == []
    assert on_disk.facts == in_s3.facts


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../up.jpg", "i/../../up.jpg", "file:///x", ".."]
)
def test_paths_that_lead_out_of_the_dataset_are_not_followed(folder, path):
    answer = checked(folder(train=f"{path}\ta\n", val="dict.txt\tb\n"))
    assert codes_of(answer) == ["PATH_OUTSIDE", "IMAGE_UNREADABLE"]


def test_links_and_pipes_are_not_opened(folder, tmp_path):
    (tmp_path / "link.jpg").symlink_to(tmp_path / "dict.txt")
    os.mkfifo(tmp_path / "pipe.jpg")
    answer = checked(folder(train="link.jpg\ta\npipe.jpg\ta\n./dict.txt\tb\n"))
    assert codes_of(answer)[:3] == ["IMAGE_UNREADABLE"] * 3


def taken(root, *ratios):
    layout = LayoutSpec(train=("train.txt", "more.txt"), train_ratios=ratios)
    return {line.place().path for line in label_lines(root, layout)}


def test_of_a_file_with_a_ratio_that_share_is_taken_and_a_larger_one_has_all_of_it(tmp_path):
    whole = [f"a{number}.jpg\tx\n" for number in range(50)]
    more = [f"b{number}.jpg\tx\n" for number in range(1000)]
    (tmp_path / "train.txt").write_text("".join(whole))
    (tmp_path / "more.txt").write_text("".join(more))
    few, some = taken(str(tmp_path), 1, 0.2), taken(str(tmp_path), 1, 0.5)
    assert few < some < taken(str(tmp_path))
    assert len(few) == pytest.approx(50 + 200, abs=40)
    assert sum(path.startswith("a") for path in few) == 50
    with pytest.raises(SettingsError, match="as many"):
        taken(str(tmp_path), 0.5)


@pytest.mark.parametrize(
    "groups", [GroupSpec(pattern="zzz"), GroupSpec(pattern="(zz)?"), GroupSpec(column="nosuch")]
)
def test_a_rule_of_groups_that_finds_none_is_refused(tmp_path, groups):
    url = write_lines(tmp_path / "data", CHARACTERS, train=drawn_lines(3), val=drawn_lines(3, 3))
    with pytest.raises(SettingsError, match="of none of 6 samples"):
        read(url, groups=groups)


def test_an_image_in_two_groups_is_refused(tmp_path):
    url = write_lines(tmp_path / "data", CHARACTERS, train=drawn_lines(3), val=drawn_lines(3, 3))
    with (tmp_path / "data" / "val.meta.jsonl").open("a") as file:
        file.write('{"file": "images/g000_0000.jpg", "group": "other"}\n')
    with pytest.raises(DatasetError, match=r"g000_0000\.jpg in 'g000', which is in 'other'|other"):
        read(url)
