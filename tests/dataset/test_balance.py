"""How a dataset is balanced."""

from ocr_tasks.dataset.balance import balance_of
from ocr_tasks.dataset.rules import Place
from ocr_tasks.dataset.samples import LINES, PAGES, Dataset, Sample


def dataset(type_=LINES, **parts):
    samples = tuple(
        Sample(Place(part, f"{part}.txt", line, f"{part}-{line}.jpg"), label)
        for part, labels in parts.items()
        for line, label in enumerate(labels, start=1)
    )
    return Dataset("file:///data", type_, samples, frozenset("abcdefgh \u043a"), b"", {})


def test_scripts_and_lengths_are_told_by_part():
    told = balance_of(dataset(train=["abc", "a", "\u043a\u043a", "12"], val=["abcde"]))
    assert told["scripts"] == {"train": {"LATIN": 2, "CYRILLIC": 1, "NONE": 1}, "val": {"LATIN": 1}}
    train = told["lengths"]["train"]
    assert (train["shortest"], train["median"], train["longest"]) == (1, 2, 3)
    assert told["lengths"]["val"]["quarter"] == 5


def test_characters_that_train_has_seldom_or_never_are_told():
    told = balance_of(dataset(train=["ab"] * 5 + ["aacc"], val=["ad", "ddh"]))
    assert told["characters"] == {"in_dictionary": 10, "in_train": 3, "rare_in_train": 1}
    assert told["untrained"] == {"d": 3, "h": 1}


def test_pages_and_a_dataset_without_samples_have_none_or_nothing():
    assert balance_of(dataset(PAGES, train=["[]"])) == {}
    assert balance_of(dataset())["scripts"] == {}
