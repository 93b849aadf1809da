"""The split: by groups, near its target, and stable while the data grow."""

import hashlib
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_tasks.dataset.groups import GroupSpec, groups_by
from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.labels import LabelLine, label_lines
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.dataset.seeds import part_of
from ocr_tasks.dataset.split import NewParts, SplitSpec, new_parts, recorded_seed
from ocr_tasks.errors import DatasetError, SettingsError
from tests.dataset.folders import REAL_LINES

names = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), min_size=1, max_size=8)
percents = st.integers(0, 100).flatmap(
    lambda train: st.integers(0, 100 - train).map(
        lambda val: SplitSpec(train_percent=train, val_percent=val, test_percent=100 - train - val)
    )
)


def lines_of(groups, each=2):
    """Label lines of images ``group/number``, so many of each group."""
    return [
        LabelLine("train", "train.txt", number, f"{group}/{number}\tlabel".encode())
        for group in groups
        for number in range(1, each + 1)
    ]


def by_folder(path):
    return path.rpartition("/")[0]


def split_of(lines, spec, recorded=None, images=None):
    """The split of those lines by their folders."""
    return new_parts(lines, by_folder, images or {}, spec, recorded)


def where(parts: NewParts):
    """Every line's path and part."""
    return {line.place().path: part for part, lines in parts.lines.items() for line in lines}


@given(st.lists(names, unique=True, max_size=12), percents)
def test_every_line_is_in_one_part_and_no_group_in_two(groups, spec):
    lines = lines_of(groups)
    parts = split_of(lines, spec)
    assert sorted(map(id, lines)) == sorted(id(x) for each in parts.lines.values() for x in each)
    assert len({(by_folder(path), part) for path, part in where(parts).items()}) == len(groups)


@given(st.lists(names, unique=True, max_size=12), st.lists(names, max_size=12), percents)
def test_no_group_moves_when_others_are_added_or_removed(groups, more, spec):
    before = split_of(lines_of(groups), spec)
    after = where(split_of(lines_of(dict.fromkeys([*more, *groups])), spec, before.seed))
    assert {path: after[path] for path in where(before)} == where(before)


@given(names, st.integers(1, 99))
def test_a_larger_train_part_keeps_what_it_had(group, percent):
    larger = part_of(group, {"train": percent + 1.0, "val": 99.0 - percent}, "0")
    if part_of(group, {"train": float(percent), "val": 100.0 - percent}, "0") == "train":
        assert larger == "train"


@pytest.mark.parametrize("seed", ["auto", "0", "another"])
def test_the_target_is_met_within_two_points_by_many_groups(seed):
    groups = [f"writer-{number}" for number in range(4_000)]
    spec = SplitSpec(train_percent=70, val_percent=20, test_percent=10, seed=seed)
    result = split_of(lines_of(groups), spec).result(spec)
    assert result["missed"] == {}
    assert result["groups"] == 4_000


@given(st.integers(200, 320), st.integers(0, 1000))
@settings(max_examples=25)
def test_two_hundred_groups_of_any_sizes_are_enough_for_the_seed_that_is_chosen(count, chance):
    sizes = random.Random(chance)
    lines = [
        line
        for number in range(count)
        for line in lines_of([f"{chance}-{number}"], sizes.choice([1, 2, 5, 30]))
    ]
    assert split_of(lines, SplitSpec()).result(SplitSpec())["missed"] == {}


def test_another_seed_makes_another_split():
    groups = [str(number) for number in range(100)]
    first, second = (where(split_of(lines_of(groups), SplitSpec(seed=seed))) for seed in ("0", "1"))
    assert first != second


def test_parts_that_miss_their_target_are_told():
    result = split_of(lines_of(["the only group"]), SplitSpec()).result(SplitSpec())
    assert sorted(result["missed"].values()) == [0, 100]


def test_the_seed_that_is_chosen_gives_both_parts_their_share_of_scripts_and_lengths():
    labels = ["кот", "a cat", "a cat that is longer than others are", "a cat among so many"]
    lines = [
        LabelLine("train", "train.txt", 1, f"{number}/a\t{labels[number % 4]}".encode())
        for number in range(400)
    ]
    strata = split_of(lines, SplitSpec()).result(SplitSpec())["strata"]
    assert sum(strata["train"].values()) + sum(strata["val"].values()) == 400
    for part in strata.values():
        assert part.keys() == {"CYRILLIC ≤10", "LATIN ≤10", "LATIN ≤25", "LATIN ≤50"}
        for count in part.values():
            assert count / sum(part.values()) == pytest.approx(0.25, abs=0.06)


def test_a_recorded_seed_is_kept_unless_another_is_asked_for():
    lines = lines_of([str(number) for number in range(50)])
    assert split_of(lines, SplitSpec(), recorded="7").seed == "7"
    assert split_of(lines, SplitSpec(seed="9"), recorded="7").seed == "9"


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", "7", "[" * 5000, '{"seed": null}'])
def test_a_record_that_does_not_say_the_seed_is_refused(tmp_path, record):
    assert recorded_seed(str(tmp_path)) is None
    (tmp_path / "split.json").write_text(record)
    with pytest.raises(DatasetError, match=r"split\.json"):
        recorded_seed(str(tmp_path))


def facts(pixels, look=0):
    return ImageFacts(400, 40, pixels, hashlib.sha256(bytes([look])).digest(), "")


def pair_name(number):
    """A text for two groups each that is like no other."""
    return f"{hashlib.sha256(str(number // 2).encode()).hexdigest()} of a pair"


def copies_of(count):
    """So many groups of a line, and images of which each is that of the group before, in pairs."""
    lines = [
        LabelLine("train", "train.txt", 1, f"{number}/a\t{pair_name(number)}".encode())
        for number in range(count)
    ]
    return lines, {f"{number}/a": number // 2 for number in range(count)}


@pytest.mark.parametrize("kind", ["the same pixels", "nearly the same"])
def test_no_image_of_train_is_in_val_and_what_would_be_is_left_out(kind):
    lines, pairs = copies_of(200)
    images = {
        path: facts(str(pair)) if kind == "the same pixels" else facts(path, pair)
        for path, pair in pairs.items()
    }
    parts = split_of(lines, SplitSpec(seed="0"), images=images)
    pairs_in = {
        part: {pairs[line.place().path] for line in inside} for part, inside in parts.lines.items()
    }
    assert not pairs_in["train"] & pairs_in["val"]
    assert parts.lines["left_out"]
    assert sum(map(len, parts.lines.values())) == 200
    plain = where(split_of(lines, SplitSpec(seed="0")))
    for path, part in where(parts).items():
        assert part in {plain[path], "left_out"}
        assert part != "left_out" or plain[path] == "val"


def test_texts_of_train_are_left_out_of_val_only_if_that_is_asked_for():
    lines, pairs = copies_of(200)
    short = [
        LabelLine("train", "train.txt", 1, f"s{number}/a\tyes".encode()) for number in range(50)
    ]
    assert split_of([*lines, *short], SplitSpec(seed="0")).lines["left_out"] == []
    parts = split_of([*lines, *short], SplitSpec(seed="0", drop="texts"))
    assert parts.lines["left_out"]
    assert all(line.place().path in pairs for line in parts.lines["left_out"])
    val = {pairs.get(line.place().path) for line in parts.lines["val"]} - {None}
    assert not val & {pairs.get(line.place().path) for line in parts.lines["train"]}


def test_lines_without_a_group_go_by_their_pixels():
    lines, pairs = copies_of(100)
    images = {path: facts(str(pair)) for path, pair in pairs.items()}
    parts = new_parts(lines, lambda path: None, images, SplitSpec(seed="0"))
    assert parts.lines["left_out"] == []
    assert len(parts.sizes) == 50


def test_lines_without_a_group_go_by_their_image():
    lines = [LabelLine("train", "train.txt", number, b"same.jpg\ta") for number in range(20)]
    parts = new_parts(lines, lambda path: None, {}, SplitSpec())
    assert sorted(map(len, parts.lines.values())) == [0, 0, 20]


def test_an_empty_part_gets_nothing():
    groups = [str(number) for number in range(300)]
    parts = split_of(lines_of(groups), SplitSpec(train_percent=100, val_percent=0))
    counts = {part: len(lines) for part, lines in parts.lines.items()}
    assert counts == {"train": 600, "val": 0, "left_out": 0}


def test_without_a_percentage_the_test_part_is_none_of_the_parts():
    assert set(SplitSpec().percents()) == {"train", "val"}


@pytest.mark.parametrize(
    "spec",
    [
        SplitSpec(train_percent=80, val_percent=10),
        SplitSpec(train_percent=80, val_percent=20, test_percent=1),
        SplitSpec(train_percent=0, val_percent=0),
    ],
)
def test_percentages_that_do_not_sum_to_a_hundred_are_refused(spec):
    with pytest.raises(SettingsError, match="not to 100"):
        spec.refuse_wrong_sum()


@pytest.mark.parametrize("spec", [SplitSpec(), SplitSpec(train_percent=33.4, val_percent=66.6)])
def test_percentages_that_sum_to_a_hundred_are_taken(spec):
    spec.refuse_wrong_sum()


def test_of_several_label_files_of_a_part_the_first_gets_all_and_the_others_are_empty():
    layout = LayoutSpec(train=("train.txt", "more.txt"))
    parts = split_of(lines_of(["g"]), SplitSpec(train_percent=100, val_percent=0))
    assert parts.files(layout) == {
        "train.txt": b"g/1\tlabel\ng/2\tlabel\n",
        "more.txt": b"",
        "val.txt": b"",
        "left_out.txt": b"",
        "split.json": b'{"seed": "0"}\n',
    }


@pytest.mark.skipif(not REAL_LINES.exists(), reason=f"there are no real lines at {REAL_LINES}")
def test_of_real_lines_no_group_moves_when_a_fifth_of_the_groups_is_added():
    group_of = groups_by(str(REAL_LINES), ["train.meta.jsonl", "val.meta.jsonl"], GroupSpec())
    lines = label_lines(str(REAL_LINES), LayoutSpec())
    groups = sorted({group_of(line.place().path) for line in lines})
    later = set(groups[::6])
    first = [line for line in lines if group_of(line.place().path) not in later]
    before = new_parts(first, group_of, {}, SplitSpec())
    after = new_parts(lines, group_of, {}, SplitSpec(), before.seed)
    assert len(later) / (len(groups) - len(later)) == pytest.approx(0.2, abs=0.01)
    assert before.result(SplitSpec())["missed"] == {}
    placed = where(after)
    assert all(placed[path] == part for path, part in where(before).items())
    parts = {
        part: {group_of(line.place().path) for line in inside}
        for part, inside in after.lines.items()
    }
    assert not parts["train"] & parts["val"]


@pytest.mark.parametrize("count", [2, 3, 6, 10])
def test_few_groups_leave_no_part_empty(count):
    for name in range(8):
        parts = split_of(lines_of([f"{name}-{number}" for number in range(count)]), SplitSpec())
        assert parts.lines["train"], name
        assert parts.lines["val"], name


@pytest.mark.parametrize("kind", ["a group", "the same pixels", "nearly the same"])
def test_what_a_standing_test_part_has_is_left_out_of_the_others(kind):
    lines, pairs = copies_of(200)
    held = {path for path, pair in pairs.items() if pair < 20 and int(path.split("/")[0]) % 2}
    lines = [
        replace(line, part="test", file="test.txt") if line.place().path in held else line
        for line in lines
    ]
    images = {
        path: facts(str(pair)) if kind == "the same pixels" else facts(path, pair)
        for path, pair in pairs.items()
    }
    by_pair = {path: f"pair {pair}" for path, pair in pairs.items()}
    group_of = by_pair.get if kind == "a group" else by_folder
    parts = new_parts(lines, group_of, {} if kind == "a group" else images, SplitSpec(seed="0"))
    assert set(parts.lines) == {"train", "val", "left_out"}
    split = {line.place().path for part in ("train", "val") for line in parts.lines[part]}
    assert not {pairs[path] for path in split} & {pairs[path] for path in held}
    assert len(parts.lines["left_out"]) >= 20
    assert sum(map(len, parts.lines.values())) == 180
