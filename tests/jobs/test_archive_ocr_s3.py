import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import fsspec
import pyarrow.parquet as pq
import pytest

from ocr_tasks import storage
from ocr_tasks.jobs import archive_ocr
from tests.jobs.runs import do_in_turn, settings_for
from tests.makers import draw_page, fill_folder, pdf, png, tar

FILES = {
    "a b/é.png": png(draw_page(["a name with a blank and an accent"])),
    "box.tar": tar([("1.png", png(draw_page(["first"]))), ("2.png", png(draw_page(["second"])))]),
    "c.pdf": pdf([draw_page(["third"]), draw_page(["fourth"])]),
    "empty.jpg": b"",
    "notes.txt": b"no scan",
}
BY_STATUS = {"ok": 5, "failed": 1, "skipped": 1}


@pytest.fixture
def places(s3_endpoint):
    """An input of five objects and an output, side by side in one bucket."""
    name = uuid4().hex
    for key, data in FILES.items():
        s3_endpoint.put(f"{name}/in/{key}", data)
    return s3_endpoint.uri(f"{name}/in"), s3_endpoint.uri(f"{name}/out")


def objects_below(url):
    """Every key below a URL with its size, time and ETag, asked of the server anew."""
    filesystem = fsspec.filesystem("s3", use_listings_cache=False)
    filesystem.invalidate_cache()
    found = filesystem.find(url, detail=True)
    return {key: (info["size"], info["LastModified"], info["ETag"]) for key, info in found.items()}


def rows_of(seal, output):
    rows = []
    for file in seal["files"]:
        with storage.open_seekable(f"{output}/{file['path']}") as opened:
            rows += pq.read_table(opened).to_pylist()
    return rows


def test_an_archive_in_s3_becomes_rows_in_s3(places):
    seal = do_in_turn(settings_for(*places))
    assert seal["by_status"] == BY_STATUS
    assert seal["by_error"] == {"E_EMPTY": 1, "E_UNSUPPORTED": 1}
    rows = rows_of(seal, places[1])
    assert len(rows) == len({row["page_id"] for row in rows}) == 7
    assert Counter(row["status"] for row in rows) == BY_STATUS
    assert f"{places[0]}/a b/é.png" in {row["source_uri"] for row in rows}
    for file in seal["files"]:
        data = storage.read_bytes(f"{places[1]}/{file['path']}")
        assert file["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_run_writes_its_parts_and_three_objects_about_itself(places):
    do_in_turn(settings_for(*places))
    output = places[1].removeprefix("s3://")
    about = ("manifest.parquet", "settings.json", "seal.json")
    assert set(objects_below(places[1])) == {
        *(f"{output}/pages/collection=default/run=r1/part-{n:05d}.parquet" for n in range(4)),
        *(f"{output}/_runs/r1/{name}" for name in about),
    }


def test_running_a_finished_run_again_changes_no_object(places):
    settings = settings_for(*places)
    first = do_in_turn(settings)
    before = objects_below(places[1])
    assert archive_ocr.run(settings, "r1", 1) == first
    assert objects_below(places[1]) == before


def test_worker_processes_read_and_write_the_same_store(places):
    seal = archive_ocr.run(settings_for(*places), "r1", 2)
    assert seal["by_status"] == BY_STATUS
    assert json.loads(storage.read_bytes(f"{places[1]}/_runs/r1/seal.json")) == seal


def test_a_run_that_lost_a_shard_does_only_that_one(places):
    settings = settings_for(*places)
    do_in_turn(settings)
    filesystem = fsspec.filesystem("s3")
    lost = f"{places[1]}/pages/collection=default/run=r1/part-00002.parquet"
    filesystem.rm(lost)
    filesystem.rm(f"{places[1]}/_runs/r1/seal.json")
    before = objects_below(places[1])
    assert archive_ocr.infer_missing(places[1], "r1", 1)["shards"] == 1
    after = objects_below(places[1])
    assert {key: after[key] for key in before} == before
    assert after.keys() - before.keys() == {lost.removeprefix("s3://")}
    assert archive_ocr.seal(places[1], "r1")["by_status"] == BY_STATUS


def test_two_workers_with_one_shard_are_told_of_one_commit(places):
    planned = archive_ocr.plan(settings_for(*places), "r1")
    with ThreadPoolExecutor(2) as workers:
        told = list(
            workers.map(lambda _: archive_ocr.infer(planned["output"], "r1", "00000"), range(2))
        )
    assert told[0] == told[1]


def test_a_local_archive_and_one_in_s3_read_alike(places, tmp_path):
    local = fill_folder(tmp_path / "in", FILES)
    in_s3 = rows_of(do_in_turn(settings_for(*places)), places[1])
    out = str(tmp_path / "out")
    on_disk = rows_of(do_in_turn(settings_for(local, out)), out)

    def content(row):
        keys = ("source_member", "page_index", "source_sha256", "image_sha256", "status", "text")
        return tuple(str(row[key]) for key in keys)

    assert sorted(map(content, in_s3)) == sorted(map(content, on_disk))


def test_rows_of_a_local_archive_may_go_to_s3(places, tmp_path):
    local = fill_folder(tmp_path / "in", FILES)
    assert do_in_turn(settings_for(local, places[1]))["by_status"] == BY_STATUS
