"""The report of what failed, and the folder with the objects that did."""

import hashlib
import json
import re
import shlex
import sys
from uuid import uuid4

import pytest

from ocr_tasks import storage
from ocr_tasks.cli.main import main
from ocr_tasks.errors import DamagedFileError, SettingsError
from ocr_tasks.jobs import archive_ocr
from tests.jobs.runs import do_in_turn, page, parts_in, settings_for
from tests.makers import fill_folder, jpeg, pdf, png, tar, zip_of

CUT = jpeg(page("cut"))[:-200]
HOSTILE_NAME = "../x;rm -rf $HOME\n\x1b[31m.png"
BAD_PDF = b"%PDF-1.4\nnothing that was meant"
FILES = {
    "a b.jpg": CUT,
    "bad.pdf": BAD_PDF,
    "box.tar": tar([("1.png", png(page("one"))), ("2.jpg", CUT), (HOSTILE_NAME, png(page("x")))]),
    "box.zip": zip_of([("1.png", png(page("two"))), ("2.jpg", CUT + b"zip")]),
    "empty.jpg": b"",
    "good.png": png(page("good")),
    "notes.txt": b"no scan",
    "torn.tar": tar([("1.png", png(page("three")))])[:-9_000],
}
BY_CLASS = {
    "E_ARCHIVE_PATH": [("box.tar", HOSTILE_NAME)],
    "E_BAD_ARCHIVE": [("torn.tar", None)],
    "E_BAD_PDF": [("bad.pdf", None)],
    "E_EMPTY": [("empty.jpg", None)],
    "E_TRUNCATED": [("a b.jpg", None), ("box.tar", "2.jpg"), ("box.zip", "2.jpg")],
}
COPIES = {
    ("box.tar", HOSTILE_NAME): png(page("x")),
    ("torn.tar", None): FILES["torn.tar"],
    ("bad.pdf", None): BAD_PDF,
    ("empty.jpg", None): b"",
    ("a b.jpg", None): CUT,
    ("box.tar", "2.jpg"): CUT,
    ("box.zip", "2.jpg"): CUT + b"zip",
}


@pytest.fixture(params=["local", "s3"])
def run(request, tmp_path):
    """A sealed run june; the folder its input and output are in."""
    if request.param == "local":
        place = storage.absolute(str(tmp_path))
    else:
        place = request.getfixturevalue("s3_endpoint").uri(uuid4().hex)
    for name, data in FILES.items():
        storage.write(f"{place}/in/{name}", data)
    do_in_turn(settings_for(f"{place}/in", f"{place}/out", decode={"pdf_dpi": 144}), "june")
    return place


@pytest.fixture
def local_run(tmp_path):
    scans = fill_folder(tmp_path / "in", FILES)
    do_in_turn(settings_for(scans, tmp_path / "out"), "june")
    return tmp_path


def lines_in(folder):
    return [
        json.loads(line) for line in storage.read_bytes(f"{folder}/failures.jsonl").splitlines()
    ]


def by_class(failures):
    found = {}
    for each in failures:
        place = (each["source_uri"].rsplit("/", 1)[-1], each["source_member"])
        found.setdefault(each["error_class"], []).append(place)
    return found


def test_failed_and_quarantined_pages_are_listed_by_class_and_place(run):
    report = archive_ocr.failures(f"{run}/out", "june")
    assert by_class(report["failures"]) == BY_CLASS
    counts = {each["error_class"]: each["pages"] for each in report["classes"]}
    assert counts == {code: len(places) for code, places in BY_CLASS.items()}
    assert {each["status"] for each in report["failures"]} == {"failed", "quarantined"}
    assert (report["failed"], report["pages"], report["sealed"]) == (7, 12, True)
    assert report["quarantine"] is None
    json.dumps(report)


def test_every_class_comes_with_its_remedy(local_run):
    classes = archive_ocr.failures(str(local_run / "out"), "june")["classes"]
    remedies = {each["error_class"]: each["remedy"] for each in classes}
    assert remedies["E_EMPTY"] == "Scan or upload the object again."
    assert all(remedies.values())


def test_of_a_run_under_way_the_committed_shards_are_listed(local_run):
    settings = settings_for(local_run / "in", local_run / "out")
    planned = archive_ocr.plan(settings, "july")
    none_yet = archive_ocr.failures(settings.output, "july")
    assert (none_yet["failed"], none_yet["sealed"], none_yet["committed"]) == (0, False, 0)
    archive_ocr.infer(settings.output, "july", "00000")
    report = archive_ocr.failures(settings.output, "july")
    assert (report["failed"], report["committed"]) == (2, 1)
    assert report["shards"] == len(planned["shards"])


def test_a_shard_that_is_gone_from_a_sealed_run_is_named(local_run):
    parts_in(local_run / "out")["part-00001.parquet"].unlink()
    with pytest.raises(DamagedFileError, match=r"part-00001\.parquet"):
        archive_ocr.failures(str(local_run / "out"), "june")


def test_the_quarantine_holds_a_copy_of_each_document_under_a_name_of_ours(run):
    folder = f"{run}/bad"
    told = archive_ocr.failures(f"{run}/out", "june", folder)["quarantine"]
    assert told == {"folder": folder, "copied": len(COPIES), "not_copied": []}
    lines = lines_in(folder)
    assert set(storage.names_in(folder)) == {"failures.jsonl", *(line["file"] for line in lines)}
    for line in lines:
        assert re.fullmatch(r"[0-9a-f]{32}\.(jpg|png|pdf|tar|bin)", line["file"])
        data = storage.read_bytes(f"{folder}/{line['file']}")
        assert data == COPIES[line["source_uri"].rsplit("/", 1)[-1], line["source_member"]]
        assert line["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_document_of_which_many_pages_failed_is_copied_once(tmp_path):
    scans = fill_folder(tmp_path / "in", {"two.pdf": pdf([page("one"), page("two")])})
    do_in_turn(settings_for(scans, tmp_path / "out", decode={"max_pixels": 10}), "june")
    report = archive_ocr.failures(str(tmp_path / "out"), "june", str(tmp_path / "bad"))
    assert (report["failed"], report["quarantine"]["copied"]) == (2, 1)
    assert len({line["file"] for line in lines_in(tmp_path / "bad")}) == 1


def test_what_cannot_be_copied_is_said(local_run):
    (local_run / "in" / "bad.pdf").unlink()
    (local_run / "in" / "a b.jpg").write_bytes(b"another one")
    told = archive_ocr.failures(str(local_run / "out"), "june", str(local_run / "bad"))
    said = {
        (each["source_uri"].rsplit("/", 1)[-1], each["source_member"]): each["why_not"]
        for each in told["quarantine"]["not_copied"]
    }
    assert said == {
        ("bad.pdf", None): "the object is gone since the run was planned",
        ("a b.jpg", None): "the object was replaced since the run was planned",
    }
    lines = {line["source_uri"].rsplit("/", 1)[-1]: line for line in lines_in(local_run / "bad")}
    assert lines["bad.pdf"]["not_copied"] == said["bad.pdf", None]
    assert lines["bad.pdf"]["file"] is lines["bad.pdf"]["sha256"] is None


def test_every_reproducer_shows_its_fault_again(run, monkeypatch, capsys):
    archive_ocr.failures(f"{run}/out", "june", f"{run}/bad")
    for line in lines_in(f"{run}/bad"):
        words = shlex.split(line["reproducer"])
        assert words[0] == "ocr-tasks"
        assert "decode.pdf_dpi=144" in words
        assert "engine.kind=fake" in words
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as exit_:
            main()
        assert exit_.value.code == 1
        assert line["error_class"] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("quarantine", "refusal"),
    [
        pytest.param("out", "is not empty", id="a folder with something in it"),
        pytest.param("in/bad", "lies in the input", id="in the input"),
        pytest.param("http://host/bad", "scheme 'http' may not be used", id="another scheme"),
        pytest.param("s3://key:planted@bucket", "user, key, password", id="credentials"),
    ],
)
def test_a_folder_that_cannot_serve_is_refused_before_anything_is_copied(
    local_run, monkeypatch, quarantine, refusal
):
    monkeypatch.chdir(local_run)
    before = {path: path.stat().st_mtime_ns for path in local_run.rglob("*")}
    with pytest.raises(SettingsError, match=refusal) as refused:
        archive_ocr.failures("out", "june", quarantine)
    assert "planted" not in str(refused.value)
    assert {path: path.stat().st_mtime_ns for path in local_run.rglob("*")} == before


def test_where_nothing_failed_no_folder_is_made(tmp_path):
    scans = fill_folder(tmp_path / "in", {"good.png": FILES["good.png"]})
    do_in_turn(settings_for(scans, tmp_path / "out"), "june")
    report = archive_ocr.failures(str(tmp_path / "out"), "june", str(tmp_path / "bad"))
    assert (report["failed"], report["quarantine"]["copied"]) == (0, 0)
    assert not (tmp_path / "bad").exists()
