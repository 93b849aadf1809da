import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from ocr_tasks import storage
from ocr_tasks.errors import SettingsError, WorkerDiedError
from ocr_tasks.results.commit import ShardTally, commit_shard, committed_shards, committed_tally
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.workers import TRIES, run_in_processes
from tests.counting import only_object
from tests.results.answers import ONE_OF_EACH, row
from tests.results.racers import commit_with_the_others, die_before_the_name_is_given

SHARD = "00003"
RACERS = 8


@pytest.fixture(params=["local", "memory", "s3"])
def layout(request, tmp_path):
    """Where a run lies, in each kind of store."""
    if request.param == "local":
        output = storage.absolute(str(tmp_path / "out"))
    elif request.param == "memory":
        output = request.getfixturevalue("memory_url")
    else:
        output = request.getfixturevalue("s3_endpoint").uri(f"commit-{uuid4().hex}")
    return RunLayout(output, "ledgers", "r1")


@pytest.fixture
def local_layout(tmp_path):
    return RunLayout(storage.absolute(str(tmp_path / "out")), "ledgers", "r1")


def rows_of(attempt, statuses=ONE_OF_EACH):
    return [row(ONE_OF_EACH[status], SHARD, attempt) for status in statuses]


def path_of(url):
    return Path(url.removeprefix("file://"))


def files_below(layout):
    return sorted(path.name for path in path_of(layout.output).rglob("*") if path.is_file())


def test_what_is_committed_is_told_and_can_be_read(layout):
    told = commit_shard(layout, SHARD, "first", rows_of("first"))
    assert told == ShardTally(SHARD, "first", 7, 5, dict.fromkeys(ONE_OF_EACH, 1))
    assert told.failed == 2
    assert {type(status) for status in told.by_status} == {str}
    assert committed_tally(layout, SHARD) == told
    assert committed_shards(layout) == {SHARD}


def test_nothing_is_committed_at_first(layout):
    assert committed_tally(layout, SHARD) is None
    assert committed_shards(layout) == set()


def test_a_second_commit_changes_nothing_and_is_told_of_the_first(layout):
    first = commit_shard(layout, SHARD, "first", rows_of("first"))
    before = storage.read_bytes(layout.part(SHARD))
    second = commit_shard(layout, SHARD, "second", rows_of("second", ["blank"]))
    assert second == first
    assert storage.read_bytes(layout.part(SHARD)) == before


def test_a_commit_whose_answer_was_lost_counts_as_ones_own(layout, monkeypatch):
    create = storage.create

    def answer_lost(*arguments):
        create(*arguments)
        return False

    monkeypatch.setattr(storage, "create", answer_lost)
    told = commit_shard(layout, SHARD, "mine", rows_of("mine"))
    assert (told.attempt, told.pages) == ("mine", 7)


def test_shards_are_committed_apart(layout):
    for shard in ("00001", "00000"):
        commit_shard(layout, shard, "first", rows_of("first"))
    assert committed_shards(layout) == {"00000", "00001"}
    assert committed_tally(layout, "00002") is None


def test_runs_are_committed_apart(layout):
    commit_shard(layout, SHARD, "first", rows_of("first"))
    assert committed_shards(replace(layout, run_id="r2")) == set()
    assert committed_shards(replace(layout, collection="letters")) == set()


def test_the_footer_tells_what_the_rows_are(layout):
    commit_shard(layout, SHARD, "first", rows_of("first", ["ok", "failed"]))
    with storage.open_seekable(layout.part(SHARD)) as file:
        footer = pq.ParquetFile(file).schema_arrow.metadata
    assert footer == {
        b"ocr_tasks.shard_id": SHARD.encode(),
        b"ocr_tasks.attempt": b"first",
        b"ocr_tasks.pages": b"2",
        b"ocr_tasks.lines": b"2",
        b"ocr_tasks.status.failed": b"1",
        b"ocr_tasks.status.ok": b"1",
    }


@pytest.mark.parametrize("layout", ["memory"], indirect=True)
def test_what_is_committed_is_told_without_reading_its_rows(layout, monkeypatch):
    (page,) = rows_of("first", ["ok"])
    told = commit_shard(
        layout, SHARD, "first", [page | {"text": token_hex(4_000)} for _ in range(200)]
    )
    data = storage.read_bytes(layout.part(SHARD))
    file = only_object(monkeypatch, data)
    assert committed_tally(layout, SHARD) == told
    assert 0 < file.bytes_read < len(data) / 4


@pytest.mark.parametrize("layout", ["local", "s3"], indirect=True)
def test_of_many_who_commit_at_once_one_wins_and_all_are_told_whom(layout):
    together = threading.Barrier(RACERS)

    def race(attempt):
        rows = rows_of(attempt)
        together.wait()
        return commit_shard(layout, SHARD, attempt, rows)

    with ThreadPoolExecutor(RACERS) as racers:
        told = list(racers.map(race, [f"attempt-{number}" for number in range(RACERS)]))
    assert told == [committed_tally(layout, SHARD)] * RACERS
    with storage.open_seekable(layout.part(SHARD)) as file:
        table = pq.read_table(file)
    assert set(table["attempt"].to_pylist()) == {told[0].attempt}
    assert table.num_rows == len(ONE_OF_EACH)


def test_of_eight_processes_that_commit_at_once_one_wins(local_layout, tmp_path):
    start = tmp_path / "start"
    start.mkdir()
    attempts = [f"attempt-{number}" for number in range(RACERS)]
    items = [
        (local_layout, SHARD, attempt, rows_of(attempt), str(start), RACERS) for attempt in attempts
    ]
    told = list(run_in_processes(commit_with_the_others, items, RACERS, lambda units: None))
    assert len(told) == len(list(start.iterdir())) == RACERS
    table = pq.read_table(path_of(local_layout.part(SHARD)))
    assert set(told) == set(table["attempt"].to_pylist())
    assert len(set(told)) == 1
    assert files_below(local_layout) == [f"part-{SHARD}.parquet"]


def test_whatever_a_reader_finds_while_shards_are_committed_is_whole(local_layout):
    pages = path_of(local_layout.output) / "pages"
    found, stop = [], threading.Event()

    def look():
        while not stop.is_set():
            for path in pages.glob("**/*"):
                if path.is_file():
                    found.append((path.name, pq.read_table(path).num_rows))

    with ThreadPoolExecutor(1) as reader:
        looking = reader.submit(look)
        for number in range(40):
            commit_shard(local_layout, f"{number:05d}", "first", rows_of("first"))
        stop.set()
        looking.result()
    assert len({name for name, _ in found}) > 3
    assert {name.startswith("part-") and name.endswith(".parquet") for name, _ in found} == {True}
    assert {rows for _, rows in found} == {len(ONE_OF_EACH)}


def test_a_writer_killed_in_mid_commit_leaves_nothing_a_reader_sees(local_layout):
    item = [(local_layout, SHARD, rows_of("killed"))]
    with pytest.raises(WorkerDiedError):
        list(run_in_processes(die_before_the_name_is_given, item, 1, lambda units: None))
    orphans = list(path_of(local_layout.staging).iterdir())
    assert len(orphans) == TRIES
    assert all(orphan.stat().st_size > 0 for orphan in orphans)
    assert not [path for path in path_of(local_layout.pages).glob("**/*") if path.is_file()]
    assert committed_shards(local_layout) == set()
    assert commit_shard(local_layout, SHARD, "next", rows_of("next")).attempt == "next"


def test_rows_lie_in_hive_partitions_and_everything_else_beside_them():
    layout = RunLayout("s3://b/out", "ledgers", "r1")
    assert layout.part(SHARD) == "s3://b/out/pages/collection=ledgers/run=r1/part-00003.parquet"
    for url in (layout.settings, layout.seal, layout.staging):
        assert url.startswith("s3://b/out/_runs/r1/")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "-x", "a/b", "a=b", "a b", "a\n", "é", "x" * 129, "../../etc"]
)
@pytest.mark.parametrize("what", ["collection", "run id"])
def test_a_name_that_no_folder_can_have_is_refused(what, name):
    names = {"collection": "ledgers", "run id": "r1"} | {what: name}
    with pytest.raises(SettingsError, match=what):
        RunLayout("s3://b/out", names["collection"], names["run id"])


@pytest.mark.parametrize("name", ["a", "2026-11-21T08.39", "20261121T084000Z-1a2b3c", "x" * 128])
def test_a_name_of_letters_digits_and_a_few_signs_is_taken(name):
    assert RunLayout("s3://b/out", name, name).run_id == name
