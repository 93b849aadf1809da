"""Versions: named by their content, never half there, never changed."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.dataset import versions
from ocr_tasks.dataset.differences import diff_versions
from ocr_tasks.dataset.drafts import write_draft
from ocr_tasks.dataset.manifest import draft_of, files_in
from ocr_tasks.dataset.versions import find_version, list_versions, publish_version
from ocr_tasks.errors import DamagedFileError, DatasetError, SettingsError
from tests.dataset.folders import CHARACTERS, checked, drawn_lines, write_lines

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("KILLS", "8"))
TOLD = {"name": "lines", "created_at": "2026-01-01T00:00:00"}


@pytest.fixture
def source(tmp_path):
    return write_lines(
        tmp_path / "data", CHARACTERS, train=drawn_lines(12), val=drawn_lines(3, first=12)
    )


@pytest.fixture(params=["local", "s3"])
def url(request, tmp_path):
    """Where versions go: a folder, and an S3 server."""
    if request.param == "local":
        return str(tmp_path / "out" / "datasets" / "lines")
    return request.getfixturevalue("s3_endpoint").uri(f"{tmp_path.name} [x]/datasets/lines")


def publish(url, source, told=TOLD):
    reports = {"report.html": b"<p>fine</p>"}
    return publish_version(url, source, draft_of(checked(source)), reports, told)


def content(url):
    """Every object below a URL, by its path there; none where there is nothing."""
    if not storage.names_in(url):
        return {}
    begin = f"{storage.absolute(url)}/"
    return {
        each.uri.removeprefix(begin): storage.read_bytes(each.uri)
        for each in storage.list_objects(url)
    }


def test_a_version_has_every_file_with_the_digest_that_its_manifest_tells(url, source):
    version, is_new = publish(url, source)
    assert is_new
    files = content(version["url"])
    told = {each.path: each for each in files_in(files["manifest.parquet"])}
    assert {each.role for each in told.values()} == {"image", "labels", "groups", "dictionary"}
    for path, each in told.items():
        assert (len(files[path]), hashlib.sha256(files[path]).hexdigest()) == (
            each.bytes,
            each.sha256,
        )
    beside = {"manifest.parquet", "samples.parquet", "report.html"}
    assert files.keys() - told.keys() == beside | {"version.json"}
    assert version["beside"].keys() == beside
    for name, sha256 in version["beside"].items():
        assert hashlib.sha256(files[name]).hexdigest() == sha256


def test_a_version_is_a_dataset_with_the_samples_and_groups_it_was_made_of(tmp_path, source):
    version, _ = publish(str(tmp_path / "out"), source)
    again, before = checked(version["url"]), checked(source)
    assert again.findings == ()
    assert [(each.part, each.path, each.label, each.group) for each in again.dataset.samples] == [
        (each.part, each.path, each.label, each.group) for each in before.dataset.samples
    ]
    assert draft_of(again).fingerprint == version["fingerprint"]


def test_the_same_content_is_the_same_version_wherever_it_lies(tmp_path, url, source):
    first, _ = publish(url, source)
    copy = write_lines(
        tmp_path / "copy", CHARACTERS, train=drawn_lines(12), val=drawn_lines(3, first=12)
    )
    second, is_new = publish(url, copy, TOLD | {"created_at": "2027-01-01T00:00:00"})
    assert (second, is_new) == (first, False)


@pytest.mark.parametrize(
    "file", ["images/g000_0000.jpg", "train.txt", "dict.txt", "train.meta.jsonl"]
)
def test_any_change_of_content_is_another_version(tmp_path, source, file):
    before = draft_of(checked(source)).fingerprint
    path = tmp_path / "data" / file
    changed = {
        "train.txt": lambda data: data.replace(b" ", b"  ", 1),
        "dict.txt": lambda data: data + b"Q\n",
        "train.meta.jsonl": lambda data: data.replace(b"g000", b"h000"),
    }.get(file, lambda _: (tmp_path / "data/images/g000_0001.jpg").read_bytes())
    path.write_bytes(changed(path.read_bytes()))
    assert draft_of(checked(source)).fingerprint != before


def test_an_image_that_changed_since_the_check_is_not_published(tmp_path, source):
    draft = draft_of(checked(source))
    (tmp_path / "data/images/g001_0003.jpg").write_bytes(b"other")
    with pytest.raises(DatasetError, match=r"g001_0003\.jpg has changed"):
        publish_version(str(tmp_path / "out"), source, draft, {}, TOLD)
    (tmp_path / "data/images/g001_0003.jpg").unlink()
    with pytest.raises(DatasetError, match="is gone"):
        publish_version(str(tmp_path / "out"), source, draft, {}, TOLD)
    assert list_versions(str(tmp_path / "out")) == []


def test_what_is_half_there_is_no_version_and_is_finished_by_the_next(url, source, monkeypatch):
    draft = draft_of(checked(source))
    real, calls = versions._create, iter(range(100))

    def dying(folder, name, data):
        if next(calls) == 9:
            raise KeyboardInterrupt
        return real(folder, name, data)

    with monkeypatch.context() as patch:
        patch.setattr(versions, "_create", dying)
        with pytest.raises(KeyboardInterrupt):
            publish_version(url, source, draft, {}, TOLD)
    assert content(storage.join(url, draft.fingerprint))
    assert list_versions(url) == []
    _, is_new = publish_version(url, source, draft, {}, TOLD)
    assert is_new
    assert len(list_versions(url)) == 1


def test_a_file_of_a_version_that_somebody_else_wrote_is_named(tmp_path, source):
    draft = draft_of(checked(source))
    folder = tmp_path / "out" / draft.fingerprint
    folder.mkdir(parents=True)
    (folder / "train.txt").write_bytes(b"mine\n")
    with pytest.raises(DamagedFileError, match=r"train\.txt is not what was published"):
        publish_version(str(tmp_path / "out"), source, draft, {}, TOLD)
    assert (folder / "train.txt").read_bytes() == b"mine\n"


def test_versions_are_found_by_the_begin_of_their_fingerprint_or_as_the_latest(tmp_path, source):
    url = str(tmp_path / "out")
    first, _ = publish(url, source)
    (tmp_path / "data/dict.txt").write_bytes((tmp_path / "data/dict.txt").read_bytes() + b"Q\n")
    second, _ = publish(url, source, TOLD | {"created_at": "2026-02-01T00:00:00"})
    assert list_versions(url) == [first, second]
    assert find_version(url, first["fingerprint"][:8]) == first
    assert find_version(url, "latest") == second
    for begin in ("", "zz"):
        with pytest.raises(SettingsError, match="begin so"):
            find_version(url, begin)


def test_a_damaged_version_file_is_named(tmp_path, source):
    version, _ = publish(str(tmp_path / "out"), source)
    (Path(version["url"].removeprefix("file://")) / "version.json").write_text("{")
    (listed,) = list_versions(str(tmp_path / "out"))
    assert "version.json" in listed["fault"]
    with pytest.raises(DamagedFileError, match=r"version\.json"):
        find_version(str(tmp_path / "out"), version["fingerprint"])


def test_a_diff_tells_what_was_added_removed_relabelled_moved_and_repainted(tmp_path, source):
    url, data = str(tmp_path / "out"), tmp_path / "data"
    old, _ = publish(url, source)
    train = (data / "train.txt").read_text(encoding="utf-8").splitlines()
    val = (data / "val.txt").read_text(encoding="utf-8").splitlines()
    removed, moved, relabelled = train[0], train[1], train[2]
    path, label = relabelled.split("\t")
    more = drawn_lines(3, first=90)
    for line in more:
        (data / line.name).write_bytes(line.image)
    (data / train[5].split("\t")[0]).write_bytes(more[0].image)
    added = [f"{line.name}\t{line.label}" for line in more]
    new_train = [f"{path}\t{label} salt", *train[3:], *added]
    (data / "train.txt").write_text("\n".join(new_train) + "\n", encoding="utf-8")
    (data / "val.txt").write_text("\n".join([*val, moved]) + "\n", encoding="utf-8")
    new, _ = publish(url, source)
    diff = diff_versions(old, new)
    counts = {kind: told["count"] for kind, told in diff.items() if isinstance(told, dict)}
    assert counts == {
        "added": 3,
        "removed": 1,
        "relabelled": 1,
        "moved": 1,
        "regrouped": 0,
        "repainted": 1,
        "new_groups": 0,
        "lost_groups": 0,
    }
    assert diff["removed"]["examples"] == [
        {"path": removed.split("\t")[0], "old": "train", "new": None}
    ]
    assert diff["relabelled"]["examples"] == [{"path": path, "old": label, "new": f"{label} salt"}]
    assert diff["moved"]["examples"][0] | {"path": ""} == {"path": "", "old": "train", "new": "val"}
    same = diff_versions(new, new)
    assert same["same"] == 17
    assert not any(told["count"] for told in same.values() if isinstance(told, dict))


PUBLISHER = """
import sys
from ocr_tasks.dataset.drafts import read_draft
from ocr_tasks.dataset.versions import publish_version
out, source, fingerprint = sys.argv[1:]
draft, turn = read_draft(out, fingerprint), 0
print("ready", flush=True)
while True:
    turn += 1
    publish_version(f"{out}/{turn}", source, draft, {}, {"name": "lines", "created_at": "now"})
"""


def killed_while_it_publishes(out, source, fingerprint, seconds):
    """A process that publishes over and over, killed after so many seconds; how far it came."""
    child = subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, out, source, fingerprint],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return max((int(name) for name in storage.names_in(out) if name.isdigit()), default=1)


def test_killed_at_any_moment_there_is_a_whole_version_or_none(tmp_path, source):
    chance = random.Random(7)
    draft = draft_of(checked(source))
    whole = {each.path: each.sha256 for each in draft.files}
    halves = 0
    for kill in range(KILLS):
        out = str(tmp_path / str(kill))
        write_draft(out, draft, {"fingerprint": draft.fingerprint, "success": True})
        seconds = chance.uniform(0.001, 0.4)
        last = killed_while_it_publishes(out, source, draft.fingerprint, seconds)
        url = f"{out}/{last}"
        standing = content(storage.join(url, draft.fingerprint))
        for path in standing.keys() & whole.keys():
            assert hashlib.sha256(standing[path]).hexdigest() == whole[path]
        if "train.txt" in standing:  # what a trainer opens first
            assert sum(path.startswith("images/") for path in standing) == 15
        halves += not list_versions(url)
        publish_version(url, source, draft, {}, TOLD)
        assert len(list_versions(url)) == 1
        assert content(storage.join(url, draft.fingerprint)).keys() > whole.keys()
        shutil.rmtree(out)
    assert halves
