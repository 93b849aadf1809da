"""What is not converted: what lies elsewhere, what is no source, settings that cannot be."""

from dataclasses import replace

import pytest

from ocr_tasks.errors import DatasetError, SettingsError
from tests.dataset.sources import FORMATS, convert, drawn, put, write_source

PAGES = [drawn("first")]


def test_links_are_not_followed_and_names_lead_nowhere_else(tmp_path):
    put(tmp_path / "secret.jpg", PAGES[0].image)
    put(tmp_path / "in" / "a.xml", FORMATS["page"][1](replace(PAGES[0], name="../secret")))
    put(tmp_path / "in" / "b.xml", FORMATS["page"][1](replace(PAGES[0], name="link")))
    (tmp_path / "in" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "in" / "c.xml").symlink_to(tmp_path / "in" / "a.xml")
    result = convert(tmp_path / "in", tmp_path / "set")
    assert [(each["file"], each["error_class"]) for each in result["bad_files"]] == [
        ("a.xml", "E_LABELS"),
        ("b.xml", "E_UNSUPPORTED"),
        ("c.xml", "E_LABELS"),
    ]
    assert result["samples"] == {}


def test_a_source_without_labels_and_one_that_is_not_there_are_refused(tmp_path):
    put(tmp_path / "in" / "notes.txt", b"nothing\n")
    with pytest.raises(DatasetError, match="nothing in"):
        convert(tmp_path / "in", tmp_path / "set")
    with pytest.raises(SettingsError, match="nothing at"):
        convert(tmp_path / "none", tmp_path / "set")


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("convert.format=tei", "convert.format"),
        ("convert.format=results", "needs convert.corrections"),
        ("convert.document='('", "convert.document"),
        ("convert.source=s3://key:secret@bucket/x", "holds a user"),
        ("convert.source=http://host/x", "scheme 'http'"),
        ("convert.dictionary=http://host/x", "scheme 'http'"),
        ("convert.min_confidence=2", "min_confidence"),
    ],
)
def test_wrong_settings_are_refused_with_their_name(tmp_path, pair, said):
    source = write_source(tmp_path / "in", "icdar", PAGES[:1])
    with pytest.raises(SettingsError, match=said):
        convert(source, tmp_path / "set", pair)


def test_a_dataset_of_one_layout_is_not_mixed_with_the_other(tmp_path):
    source = write_source(tmp_path / "in", "icdar", PAGES[:1])
    convert(source, tmp_path / "set", "layout.type=TextDetDataset")
    assert not convert(source, tmp_path / "set")["changed"]
    with pytest.raises(SettingsError, match="are TextDetDataset"):
        convert(source, tmp_path / "set", "layout.type=MSTextRecDataset")
