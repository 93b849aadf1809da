import hashlib
import multiprocessing
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import (
    DamagedFileError,
    SealRefusedError,
    SettingsError,
    StorageError,
)
from ocr_tasks.jobs import archive_ocr
from tests.jobs.runs import (
    BY_STATUS,
    PAGES,
    do_in_turn,
    parts_in,
    rows_in,
    settings_for,
    state_of,
)
from tests.makers import draw_page, fill_folder, jpeg, png


def test_every_page_of_the_input_becomes_one_row(settings):
    seal = do_in_turn(settings)
    rows = rows_in(settings.output)
    assert len({row["page_id"] for row in rows}) == len(rows) == PAGES
    assert Counter(row["status"] for row in rows) == BY_STATUS
    by_place = {
        (row["source_uri"].rsplit("/", 1)[-1], row["source_member"], row["page_index"])
        for row in rows
    }
    assert by_place >= {
        ("leaves.tar", "x/1.png", 0),
        ("leaves.tar", "x/2.png", 0),
        *(("c.pdf", None, index) for index in range(3)),
    }
    assert seal["pages"] == PAGES


def test_a_shard_tells_what_it_committed(settings):
    planned = archive_ocr.plan(settings, "r1")
    heard = []
    told = archive_ocr.infer(planned["output"], "r1", "00000", tick=heard.append)
    assert (told["shard_id"], told["pages"], told["by_status"]) == ("00000", 2, {"ok": 2})
    assert heard == [1, 1]


def test_a_committed_shard_is_left_alone_and_tells_the_same(settings, monkeypatch):
    planned = archive_ocr.plan(settings, "r1")
    first = archive_ocr.infer(planned["output"], "r1", "00000")
    before = state_of(settings.output)
    heard = []
    monkeypatch.delattr(archive_ocr, "read_pages")  # nothing is read again
    assert archive_ocr.infer(planned["output"], "r1", "00000", tick=heard.append) == first
    assert state_of(settings.output) == before
    assert sum(heard) == first["pages"]


def test_the_seal_tells_what_the_run_came_to(settings):
    seal = do_in_turn(settings)
    assert seal["by_status"] == BY_STATUS
    assert seal["by_error"] == {"E_TRUNCATED": 1, "E_UNSUPPORTED": 1}
    assert seal["lines"] == 8
    assert seal["conf_mean"] == 1.0
    assert seal["engine"]["engine"] == "fake"
    assert [file["pages"] for file in seal["files"]] == [2, 2, 2, 2, 2, 1]
    for file in seal["files"]:
        data = (Path(settings.output) / file["path"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_sealed_run_keeps_its_seal(settings):
    seal = do_in_turn(settings)
    assert archive_ocr.seal(settings.output, "r1") == seal


def test_a_run_is_not_sealed_while_a_shard_is_missing(settings):
    planned = archive_ocr.plan(settings, "r1")
    for shard_id in planned["shards"][:-1]:
        archive_ocr.infer(planned["output"], "r1", shard_id)
    with pytest.raises(SealRefusedError, match=planned["shards"][-1]):
        archive_ocr.seal(planned["output"], "r1")
    assert not (Path(settings.output) / "_runs" / "r1" / "seal.json").exists()


def test_running_a_finished_run_again_changes_nothing(settings):
    heard = []
    first = archive_ocr.run(settings, "r1", 2, lambda *progress: heard.append(progress))
    assert heard[0] == (0, PAGES)
    assert heard[-1] == (PAGES, PAGES)
    assert heard == sorted(heard)
    before = state_of(settings.output)
    assert archive_ocr.run(settings, "r1", 2) == first
    assert state_of(settings.output) == before


def test_a_run_that_was_broken_off_does_only_what_is_missing(settings):
    do_in_turn(settings)
    lost = parts_in(settings.output)["part-00003.parquet"]
    texts = {row["page_id"]: row["text"] for row in rows_in(settings.output)}
    lost.unlink()
    (Path(settings.output) / "_runs" / "r1" / "seal.json").unlink()
    before = state_of(settings.output)
    heard = []
    seal = archive_ocr.run(settings, "r1", 2, lambda *progress: heard.append(progress))
    assert heard[0] == (PAGES - 2, PAGES)
    assert heard[-1] == (PAGES, PAGES)
    after = state_of(settings.output)
    assert {name: after[name] for name in before} == before
    assert {name.rsplit("/", 1)[-1] for name in after.keys() - before.keys()} == {
        lost.name,
        "seal.json",
    }
    assert seal["pages"] == PAGES
    assert {row["page_id"]: row["text"] for row in rows_in(settings.output)} == texts


def test_only_missing_shards_are_done(settings):
    planned = archive_ocr.plan(settings, "r1")
    for shard_id in planned["shards"][1:]:
        archive_ocr.infer(planned["output"], "r1", shard_id)
    assert archive_ocr.infer_missing(settings.output, "r1") == {"run_id": "r1", "shards": 1}
    assert archive_ocr.infer_missing(settings.output, "r1") == {"run_id": "r1", "shards": 0}


def test_a_run_whose_workers_are_killed_goes_on_and_ends_whole(tmp_path):
    files = {  # large enough that the run is still going when it is heard of
        f"{number:03d}.jpg": jpeg(draw_page([f"page {number}"], width=1800, line_height=600))
        for number in range(30)
    }
    scans = fill_folder(tmp_path / "many", files)
    settings = settings_for(scans, tmp_path / "out", shards={"pages": 3})
    killed, heard = [], []

    def kill_now_and_then(done, total):
        heard.append(done)
        if done > 5 * len(killed) and len(killed) < 4:
            # The oldest: one that has not started yet counts as a machine that can start none.
            victim = min(child.pid for child in multiprocessing.active_children())
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    seal = archive_ocr.run(settings, "r1", 2, kill_now_and_then)
    rows = rows_in(settings.output)
    assert len(killed) == 4
    assert (min(heard), heard[-1], max(heard)) == (0, 30, 30)
    assert seal["pages"] == len(rows) == len({row["page_id"] for row in rows}) == 30
    assert seal["by_status"] == {"ok": 30}
    assert len({row["text"] for row in rows}) == 30


def test_a_page_that_went_away_after_planning_is_a_failed_row(settings, scans):
    archive_ocr.plan(settings, "r1")
    Path(scans.removeprefix("file://"), "a.png").unlink()
    seal = do_in_turn(settings)
    assert seal["pages"] == PAGES
    assert seal["by_error"]["E_CHANGED"] == 1


@pytest.mark.parametrize(
    ("max_share", "within"), [(0.0, False), (0.05, False), (1 / PAGES, True), (0.5, True)]
)
def test_failed_pages_are_counted_and_held_to_the_budget(scans, tmp_path, max_share, within):
    settings = settings_for(scans, tmp_path / "out", failures={"max_share": max_share})
    seal = do_in_turn(settings)
    assert seal["failed_share"] == 1 / PAGES
    assert seal["within_budget"] is within


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_budget_is_a_share(scans, tmp_path, share):
    with pytest.raises(SettingsError, match=r"failures\.max_share"):
        settings_for(scans, tmp_path / "out", failures={"max_share": share})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda part: part.unlink(), "was sealed and is gone"),
        (lambda part: part.write_bytes(part.read_bytes()[:-1]), "is not what was sealed"),
    ],
    ids=["lost", "cut short"],
)
def test_a_sealed_file_that_changed_is_named_whenever_the_run_is_sealed_again(
    settings, change, says
):
    do_in_turn(settings)
    part = next((Path(settings.output) / "pages").rglob("part-00002.parquet"))
    change(part)
    with pytest.raises(DamagedFileError, match=rf"part-00002\.parquet {says}"):
        archive_ocr.seal(settings.output, "r1")


def test_a_shard_that_is_gone_from_a_sealed_run_is_not_written_anew(settings):
    do_in_turn(settings)
    part = next((Path(settings.output) / "pages").rglob("part-00002.parquet"))
    part.unlink()
    with pytest.raises(DamagedFileError, match=r"part-00002\.parquet is gone from a sealed run"):
        archive_ocr.run(settings, "r1", 1)
    assert not part.exists()


@pytest.mark.parametrize("name", ["part-00002.parquet", "manifest.parquet", "seal.json"])
def test_a_file_of_the_run_that_was_cut_short_is_named(settings, name):
    do_in_turn(settings)
    path = next(Path(settings.output).rglob(name))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DamagedFileError, match=name):
        archive_ocr.seal(settings.output, "r1")


def test_a_part_that_was_cut_short_is_not_taken_for_committed(settings):
    planned = archive_ocr.plan(settings, "r1")
    archive_ocr.infer(planned["output"], "r1", "00000")
    part = next((Path(settings.output) / "pages").rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:40])
    with pytest.raises(DamagedFileError, match=part.name):
        archive_ocr.infer(planned["output"], "r1", "00000")


def test_a_shard_whose_store_goes_away_commits_nothing(settings, monkeypatch):
    planned = archive_ocr.plan(settings, "r1")
    read_pages = archive_ocr.read_pages

    def lost(expected, spec):
        yield next(read_pages(expected, spec))
        raise StorageError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(archive_ocr, "read_pages", lost)
        with pytest.raises(StorageError):
            archive_ocr.infer(planned["output"], "r1", "00000")
    assert parts_in(settings.output) == {}
    assert archive_ocr.infer(planned["output"], "r1", "00000")["pages"] == 2


def test_two_runs_over_one_input_read_the_same_pages_alike(settings):
    do_in_turn(settings, "r1")
    do_in_turn(settings, "r2")
    runs = {
        run: {
            row["page_id"]: row["text"] for row in rows_in(settings.output) if row["run_id"] == run
        }
        for run in ("r1", "r2")
    }
    assert runs["r1"] == runs["r2"]
    assert len(runs["r1"]) == PAGES


def test_a_run_from_memory_to_memory_is_sealed(memory_url):
    for name in ("a", "b", "c"):
        storage.write(f"{memory_url}/in/{name}.png", png(draw_page([name])))
    seal = archive_ocr.run(settings_for(f"{memory_url}/in", f"{memory_url}/out"), "r1", 2)
    assert seal["by_status"] == {"ok": 3}
    assert all(storage.exists(f"{memory_url}/out/{file['path']}") for file in seal["files"])


def test_workers_share_out_the_devices_and_shards_alone_take_them_by_their_number(tmp_path):
    for number in range(12):
        storage.write(f"{tmp_path}/in/{number}.png", png(draw_page([str(number)])))
    engine = {"kind": "fake", "device": "gpu:1,gpu:3", "options": {"seconds_a_page": 0.3}}
    settings = settings_for(f"{tmp_path}/in", f"{tmp_path}/out", engine=engine, shards={"pages": 1})
    archive_ocr.run(settings, "r1", workers=2)
    devices = Counter(row["device"] for row in rows_in(settings.output))
    assert set(devices) == {"gpu:1", "gpu:3"}
    assert min(devices.values()) >= 3  # they take from one queue, so that none waits
    alone = settings_for(f"{tmp_path}/in", f"{tmp_path}/two", engine=engine, shards={"pages": 1})
    planned = archive_ocr.plan(alone, "r2")
    for shard in ("00002", "00003"):
        archive_ocr.infer(planned["output"], "r2", shard)
    assert {row["shard_id"]: row["device"] for row in rows_in(alone.output)} == {
        "00002": "gpu:1",
        "00003": "gpu:3",
    }
