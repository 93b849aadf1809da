"""Real pages, written down in each format, become the same samples, and pass the check."""

import json
from pathlib import Path

import cv2
import pytest

from ocr_tasks.dataset.converters.cutting import label_of
from tests.dataset.folders import REAL_PAGES, checked
from tests.dataset.sources import (
    FORMATS,
    Page,
    SourceLine,
    convert,
    labels_of,
    put,
    write_source,
)
from tests.dataset.test_convert import run

PAGES = REAL_PAGES.parent / "pages"

here = pytest.mark.skipif(not PAGES.exists(), reason=f"there are no real pages at {PAGES}")


def real_pages(a_genre: int, corners: int | None = None) -> list[Page]:
    """The first pages of each genre, if their polygons have that many corners."""
    taken: dict[str, list[Page]] = {}
    for line in (PAGES / "pages.jsonl").read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        some = taken.setdefault(told["genre"], [])
        if len(some) < a_genre and corners in {
            None,
            *(len(each["poly"]) for each in told["lines"]),
        }:
            lines = [SourceLine(each["poly"], each["text"]) for each in told["lines"]]
            image = (PAGES / told["file"]).read_bytes()
            name = Path(told["file"]).stem
            some.append(Page(name, image, told["width"], told["height"], lines))
    return [page for some in taken.values() for page in some]


def crops_of(dataset: Path) -> list[tuple[str, bytes]]:
    return sorted(
        (label, cv2.imread(str(dataset / path)).tobytes())
        for path, label in labels_of(dataset).items()
    )


@here
def test_real_pages_give_the_same_crops_in_three_formats_and_pass_the_check(tmp_path):
    pages = real_pages(1)[::2]
    assert len(pages) == 6
    told = sorted(label_of(line.text) for page in pages for line in page.lines)
    put(tmp_path / "dict.txt", "\n".join(sorted({*"".join(told)} - {" "})).encode())
    crops = {}
    for format_ in ("hiertext", "page", "alto"):
        source = write_source(tmp_path / format_, format_, pages)
        dictionary = f"convert.dictionary={tmp_path / 'dict.txt'}"  # for long s and the like
        result = convert(source, tmp_path / f"{format_}-set", dictionary)
        assert result["regions"] == sum(len(page.lines) for page in pages)
        assert set(result["left_out"]) <= {"empty"}
        assert result["bad_files"] == []
        crops[format_] = crops_of(tmp_path / f"{format_}-set")
    assert crops["hiertext"] == crops["page"] == crops["alto"]
    assert [label for label, _ in crops["page"]] == [label for label in told if label]
    split = run("split", tmp_path / "page-set", "split.seed=0")
    assert min(split["samples"].values()) > 0
    found = {each.rule.code for each in checked(str(tmp_path / "page-set")).critical}
    assert found == set()


@here
def test_real_receipts_give_the_same_crops_in_all_formats(tmp_path):
    pages = [page for page in real_pages(3, corners=4) if page.name.startswith("receipt")]
    assert len(pages) == 3
    crops = []
    for format_ in FORMATS:
        source = write_source(tmp_path / format_, format_, pages)
        convert(source, tmp_path / f"{format_}-set")
        crops.append(crops_of(tmp_path / f"{format_}-set"))
    assert len(crops[0]) > 100
    assert all(each == crops[0] for each in crops)


@pytest.mark.skipif(not REAL_PAGES.exists(), reason=f"there are no real pages at {REAL_PAGES}")
def test_icdars_files_of_2015_give_the_labels_that_paddlex_has_of_them(tmp_path):
    expected = {}
    for line in (REAL_PAGES / "train.txt").read_text(encoding="utf-8").splitlines()[:40]:
        path, label = line.split("\t")
        expected[Path(path).stem] = [
            each | {"transcription": label_of(each["transcription"])} for each in json.loads(label)
        ]
        rows = [
            ",".join(str(side) for point in each["points"] for side in point)
            + f",{each['transcription']}"
            for each in json.loads(label)
        ]
        put(tmp_path / "in" / f"gt_{Path(path).stem}.txt", ("\ufeff" + "\r\n".join(rows)).encode())
        put(tmp_path / "in" / Path(path).name, (REAL_PAGES / path).read_bytes())
    result = convert(tmp_path / "in", tmp_path / "set", "layout.type=TextDetDataset")
    assert result["pages"] == 40
    assert result["left_out"] == {}
    found = {
        path.split("/")[1].rsplit("_", 1)[0]: json.loads(label)
        for path, label in labels_of(tmp_path / "set").items()
    }
    assert found == expected
