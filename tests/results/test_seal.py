import hashlib
import time

import pyarrow as pa
import pytest

from ocr_tasks import storage
from ocr_tasks.archive.shards import ShardSpec, plan_shards
from ocr_tasks.errors import DamagedFileError, SealRefusedError
from ocr_tasks.results.commit import commit_shard
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.schema import PAGE_ROW
from ocr_tasks.results.seal import audit_run, read_seal, refuse_changed_files
from ocr_tasks.results.writer import shard_bytes
from tests.makers import expected_page
from tests.results.answers import ONE_OF_EACH, failed, line, read, row


@pytest.fixture
def layout(memory_url):
    return RunLayout(memory_url, "ledgers", "r1")


def planned(pages, pages_a_shard=2):
    """The manifest of that many pages."""
    pages_in_shards = plan_shards(
        map(expected_page, range(pages)), ShardSpec(pages=pages_a_shard), 1
    )
    return pages_in_shards.read_all()


def commit(layout, shard_id, answers):
    commit_shard(layout, shard_id, "first", [row(answer, shard_id) for answer in answers])


def page_id(number):
    return expected_page(number).page_id


def test_a_run_of_which_nothing_is_missing_is_counted(layout):
    commit(layout, "00000", [read(0, [line(0), line(1)]), read(1, [line(0, confidence=0.5)])])
    commit(layout, "00001", [read(2), failed(3)])
    commit(layout, "00002", [failed(4)])
    audit = audit_run(layout, planned(5))
    assert audit.by_status == {"ok": 1, "low_confidence": 1, "blank": 1, "failed": 2}
    assert audit.by_error == {"E_TRUNCATED": 2}
    assert audit.lines == 3
    assert audit.conf_mean == pytest.approx((0.9 + 0.5) / 2)
    assert audit.pages == 5


def test_every_status_is_counted(layout):
    answers = ONE_OF_EACH.values()
    commit(layout, "00000", answers)
    assert audit_run(layout, planned(7, 7)).by_status == dict.fromkeys(ONE_OF_EACH, 1)


def test_every_file_is_named_with_its_digest_and_size(layout):
    commit(layout, "00001", [failed(2)])
    commit(layout, "00000", [failed(0), failed(1)])
    files = audit_run(layout, planned(3)).files
    uris = [f"{layout.output}/{file['path']}" for file in files]
    assert uris == [layout.part("00000"), layout.part("00001")]
    assert [file["pages"] for file in files] == [2, 1]
    for file, uri in zip(files, uris, strict=True):
        data = storage.read_bytes(uri)
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["bytes"] == len(data)


def test_a_run_without_any_text_has_no_mean_confidence(layout):
    commit(layout, "00000", [read(0), failed(1)])
    assert audit_run(layout, planned(2)).conf_mean is None


@pytest.mark.parametrize(
    ("shards", "refusal"),
    [
        pytest.param({"00000": [0, 1]}, "1 shards are missing: 00001", id="missing shard"),
        pytest.param({}, "2 shards are missing: 00000, 00001", id="no shard at all"),
        pytest.param(
            {"00000": [0, 1], "00001": [2, 3], "00002": [4]},
            "1 shards are not in the manifest: 00002",
            id="foreign shard",
        ),
        pytest.param(
            {"00000": [0], "00001": [2, 3]},
            f"1 pages are missing in shard 00000: {page_id(1)}",
            id="missing page",
        ),
        pytest.param(
            {"00000": [0, 1], "00001": [2, 3, 9]},
            f"1 pages are not in the manifest in shard 00001: {page_id(9)}",
            id="foreign page",
        ),
        pytest.param(
            {"00000": [0, 1], "00001": [1, 2, 3]},
            f"1 pages are not in the manifest in shard 00001: {page_id(1)}",
            id="one page in two shards",
        ),
        pytest.param(
            {"00000": [0, 1, 1, 1], "00001": [2, 3]},
            f"1 pages are there twice in shard 00000: {page_id(1)}",
            id="one page three times in a shard",
        ),
        pytest.param(
            {"00000": [0, 0], "00001": [2, 3]},
            f"1 pages are missing in shard 00000: {page_id(1)}",
            id="as many rows as pages, but one in place of another",
        ),
    ],
)
def test_a_run_that_does_not_hold_exactly_its_pages_is_refused_by_name(layout, shards, refusal):
    for shard_id, numbers in shards.items():
        commit(layout, shard_id, [failed(number) for number in numbers])
    with pytest.raises(SealRefusedError) as refused:
        audit_run(layout, planned(4))
    assert str(refused.value) == refusal


@pytest.mark.parametrize("shards", [[[0, 1, 1]], [[0, 1], [1, 2]]], ids=["one shard", "two"])
def test_a_plan_that_expects_a_page_twice_is_never_sealed(layout, shards):
    """Rows and manifest agree, but both are wrong; an older version may have planned it."""
    places = [(f"{number:05d}", page) for number, pages in enumerate(shards) for page in pages]
    columns = [[shard for shard, _ in places], [page_id(page) for _, page in places]]
    for number, pages in enumerate(shards):
        commit(layout, f"{number:05d}", [failed(page) for page in pages])
    with pytest.raises(SealRefusedError, match=rf"1 pages are .* twice .*: {page_id(1)}$"):
        audit_run(layout, pa.table(columns, ["shard_id", "page_id"]))


def test_a_refusal_counts_all_and_names_ten(layout):
    commit(layout, "00000", [failed(0)])
    with pytest.raises(SealRefusedError) as refused:
        audit_run(layout, planned(13, 13))
    named = ", ".join(page_id(number) for number in range(1, 11))
    assert str(refused.value) == f"12 pages are missing in shard 00000: {named}, …"


def test_shards_whose_files_were_swapped_are_refused(layout):
    commit(layout, "00000", [failed(2), failed(3)])
    commit(layout, "00001", [failed(0), failed(1)])
    with pytest.raises(SealRefusedError, match="2 pages are missing in shard 00000"):
        audit_run(layout, planned(4))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-20], id="cut short"),
        pytest.param(lambda data: b"no Parquet at all", id="something else"),
        pytest.param(lambda data: data[:4] + bytes(400) + data[404:], id="zeros inside"),
    ],
)
def test_a_file_that_is_damaged_is_named(layout, damage):
    commit(layout, "00000", [read(0, [line(0)]), failed(1)])
    uri = layout.part("00000")
    storage.write(uri, damage(storage.read_bytes(uri)))
    with pytest.raises(DamagedFileError, match=r"part-00000\.parquet cannot be read"):
        audit_run(layout, planned(2))


def test_a_status_that_does_not_exist_is_no_status(layout):
    rows = [row(failed(number), "00000") for number in range(2)]
    commit_shard(layout, "00000", "first", [rows[0], rows[1] | {"status": "banana"}])
    with pytest.raises(DamagedFileError, match="banana"):
        audit_run(layout, planned(2))


@pytest.mark.parametrize("name", ["page_id", "n_lines"])
def test_a_row_without_what_every_row_has_is_damage(layout, name, monkeypatch):
    rows = [row(failed(number), "00000") for number in range(2)]
    rows[1][name] = None
    lax = pa.schema([field.with_nullable(True) for field in PAGE_ROW])
    monkeypatch.setattr("ocr_tasks.results.writer.PAGE_ROW", lax)
    storage.write(layout.part("00000"), shard_bytes(rows, {}))
    with pytest.raises(DamagedFileError, match=f"a row has no {name}"):
        audit_run(layout, planned(2))


def test_of_several_faults_the_first_shards_is_named_however_long_its_file_takes(
    layout, monkeypatch
):
    for number in range(20):
        commit(layout, f"{number:05d}", [failed(2 * number)])
    read_bytes = storage.read_bytes

    def slow_at_first(uri):
        if uri == layout.part("00000"):
            time.sleep(0.2)
        return read_bytes(uri)

    monkeypatch.setattr(storage, "read_bytes", slow_at_first)
    with pytest.raises(SealRefusedError, match="1 pages are missing in shard 00000"):
        audit_run(layout, planned(40))


def test_files_that_are_as_they_were_sealed_are_taken_and_others_named(layout):
    for number in range(12):
        commit(layout, f"{number:05d}", [failed(number)])
    files = audit_run(layout, planned(12, 1)).files
    refuse_changed_files(layout, files)
    storage.write(layout.part("00007"), b"something else")
    with pytest.raises(DamagedFileError, match=r"part-00007\.parquet is not what was sealed"):
        refuse_changed_files(layout, files)


def test_a_copy_is_held_against_its_own_files_and_not_those_it_was_made_of(layout, memory_url):
    commit(layout, "00000", [failed(0)])
    files = audit_run(layout, planned(1)).files
    copy = RunLayout(f"{memory_url}/copy", layout.collection, layout.run_id)
    with pytest.raises(
        DamagedFileError, match=r"copy/.*part-00000\.parquet was sealed and is gone"
    ):
        refuse_changed_files(copy, files)
    storage.write(copy.part("00000"), storage.read_bytes(layout.part("00000")))
    refuse_changed_files(copy, files)


@pytest.mark.parametrize("seal", [b"", b"{}", b'{"files": [{"path": "x"}]}', b'{"files": "x"}'])
def test_a_damaged_seal_is_none(layout, seal):
    storage.write(layout.seal, seal)
    with pytest.raises(DamagedFileError, match=r"seal\.json cannot be read"):
        read_seal(layout)


def test_shards_of_another_run_do_not_count(layout, memory_url):
    other = RunLayout(memory_url, "ledgers", "r2")
    commit(other, "00000", [failed(0), failed(1)])
    with pytest.raises(SealRefusedError, match="00000"):
        audit_run(layout, planned(2))
