"""Where results may lie: never in the input, whichever links lead there."""

import pytest

from ocr_tasks.errors import SettingsError
from ocr_tasks.jobs import archive_ocr
from ocr_tasks.stores.filesystems import lies_in
from tests.jobs.runs import settings_for
from tests.makers import draw_page, fill_folder, png


@pytest.fixture
def linked(tmp_path):
    """An input; ``back`` is a link into it, and ``to_in`` one to it."""
    fill_folder(tmp_path / "in", {"a.png": png(draw_page(["a"])), "bad.jpg": b"\xff\xd8\xff bad"})
    (tmp_path / "in/sub").mkdir()
    (tmp_path / "back").symlink_to("in/sub")
    (tmp_path / "to_in").symlink_to(tmp_path / "in")
    return tmp_path


INSIDE = pytest.mark.parametrize(
    ("source", "place"),
    [
        ("in", "in/out"),
        ("in", "back"),
        ("in", "back/out/deep"),
        ("to_in", "in/out"),
        ("in", "to_in"),
        ("to_in/", "back/out"),
    ],
)


@INSIDE
def test_an_output_in_the_input_is_refused(linked, source, place):
    with pytest.raises(SettingsError, match="lies in the input"):
        archive_ocr.plan(settings_for(linked / source, linked / place), "r1")
    assert list((linked / "in/sub").iterdir()) == []


@INSIDE
def test_a_quarantine_in_the_input_is_refused(linked, source, place):
    archive_ocr.run(settings_for(linked / source, linked / "out"), "r1", workers=1)
    with pytest.raises(SettingsError, match="lies in the input"):
        archive_ocr.failures(str(linked / "out"), "r1", str(linked / place))
    assert list((linked / "in/sub").iterdir()) == []


def test_a_link_that_leads_elsewhere_does_no_harm(linked):
    (linked / "other").mkdir()
    (linked / "away").symlink_to("other")
    assert archive_ocr.run(settings_for(linked / "in", linked / "away"), "r1", workers=1)["pages"]


@pytest.mark.parametrize(
    ("url", "folder", "expected"),
    [
        ("s3://bucket/in/out", "s3://bucket/in", True),
        ("s3://bucket/in2", "s3://bucket/in", False),
        ("s3://bucket/in", "s3://bucket", True),
        ("file:///tmp/s3", "s3://tmp", False),
        ("file:///tmp", "file:///", True),
        ("file:///tmp/in/../out", "file:///tmp/in", False),
    ],
)
def test_one_place_lies_in_another_or_not(url, folder, expected):
    assert lies_in(url, folder) is expected


def test_a_retry_reads_no_file_that_a_link_leads_to_by_now(linked):
    out, bad = linked / "out", linked / "in/bad.jpg"
    archive_ocr.run(settings_for(linked / "in", out), "r1", workers=1)
    (linked / "secret.png").write_bytes((linked / "in/a.png").read_bytes())
    bad.unlink()
    bad.symlink_to(linked / "secret.png")
    archive_ocr.retry(str(out), "r1", "r2", workers=1)
    (failed,) = archive_ocr.failures(str(out), "r2")["failures"]
    assert (failed["source_uri"], failed["error_class"]) == (f"file://{bad}", "E_CHANGED")
