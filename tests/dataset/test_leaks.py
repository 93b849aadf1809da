"""What two parts have in common."""

import pytest

from ocr_tasks.dataset.leaks import group_leaks, text_leaks
from ocr_tasks.dataset.rules import Place
from ocr_tasks.dataset.samples import Sample


def samples(**parts):
    """Samples of each part, by pairs of label and group."""
    return [
        Sample(Place(part, f"{part}.txt", line, f"{part}-{line}.jpg"), label, group)
        for part, pairs in parts.items()
        for line, (label, group) in enumerate(pairs, start=1)
    ]


def test_a_group_in_two_parts_is_told_once_with_how_many_are_where():
    leaks = list(
        group_leaks(
            samples(
                train=[("one", "g1"), ("two", "g1"), ("three", "g2")],
                val=[("four", "g3"), ("five", "g1"), ("six", "g1")],
            )
        )
    )
    assert [str(each.place) for each in leaks] == ["val.txt:2"]
    assert leaks[0].message == "group g1: 2 in train, 2 in val"


def test_a_group_in_three_parts_is_told_for_the_second_and_the_third():
    parts = {part: [("a text", "g1")] for part in ("train", "val", "test")}
    assert [each.place.part for each in group_leaks(samples(**parts))] == ["val", "test"]


def test_samples_without_a_group_leak_none():
    assert list(group_leaks(samples(train=[("one", None)], val=[("two", None)]))) == []


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("A sentence.", True),
        ("a  SENTENCE.", True),
        (" A sentence. ", True),
        ("A sentence", False),
        ("Another sentence.", False),
    ],
)
def test_a_text_of_train_leaks_whatever_its_spaces_and_case(text, leaks):
    found = list(text_leaks(samples(train=[("A sentence.", None)], val=[(text, None)])))
    assert bool(found) == leaks


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("The sentence of sheet 12", True),
        ("The sentence of sheet 12.", True),
        ("The santence of sheet 12", True),
        ("The sentence of sheet 13", False),
        ("The santance of sheet 12", False),
    ],
)
def test_a_long_text_leaks_if_nothing_but_a_letter_is_another(text, leaks):
    trained = [("The sentence of sheet 12", None)]
    found = list(text_leaks(samples(train=trained, val=[(text, None)])))
    assert bool(found) == leaks


def test_a_text_twice_in_one_part_is_no_leak():
    assert list(text_leaks(samples(train=[("one", None)] * 2, val=[("two", None)] * 2))) == []
