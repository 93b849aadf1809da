"""The manifest: expected pages, parted into shards."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks import storage
from ocr_tasks.archive.shards import (
    MAX_SHARDS,
    Manifest,
    ShardSpec,
    manifest_bytes,
    plan_shards,
    read_manifest,
)
from ocr_tasks.errors import DamagedFileError, SettingsError, StorageError
from tests.counting import only_object
from tests.makers import expected_page


def sizes(table):
    """How many pages each shard has, in order."""
    ids = table["shard_id"].to_pylist()
    return [ids.count(shard) for shard in dict.fromkeys(ids)]


def planned(pages, spec, workers=1):
    return plan_shards(map(expected_page, range(pages)), spec, workers).read_all()


@pytest.mark.parametrize(
    ("pages", "spec", "workers", "shards"),
    [
        pytest.param(10, ShardSpec(pages=4), 1, [4, 4, 2], id="so many pages a shard"),
        pytest.param(4, ShardSpec(pages=100), 1, [4], id="fewer pages than a shard takes"),
        pytest.param(4, ShardSpec(pages=100), 4, [4], id="a fixed size is kept for any workers"),
        pytest.param(1, ShardSpec(), 8, [1], id="a single page"),
        pytest.param(
            250, ShardSpec(target_seconds=150, seconds_per_page=1.5), 1, [83, 83, 84], id="time"
        ),
        pytest.param(8, ShardSpec(), 4, [1] * 8, id="every worker has some"),
        pytest.param(20, ShardSpec(), 2, [5, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1], id="less and less"),
        pytest.param(3, ShardSpec(), 8, [1, 1, 1], id="more workers than pages"),
        pytest.param(150, ShardSpec(), 1, [150], id="one worker has no need of that"),
        pytest.param(
            3,
            ShardSpec(target_seconds=1, seconds_per_page=60),
            1,
            [1, 1, 1],
            id="a page takes longer than a shard should",
        ),
    ],
)
def test_shards_have_the_size_that_was_asked_for(pages, spec, workers, shards):
    assert sizes(planned(pages, spec, workers)) == shards


@pytest.mark.parametrize("pages", [16, 100, 1_000, 2_600, 10_000])
@pytest.mark.parametrize("workers", [2, 3, 8])
def test_workers_that_take_the_next_shard_end_together_though_some_are_slow(pages, workers):
    """Of two kinds of pages, one takes three times as long as the other."""
    shards = sizes(planned(pages, ShardSpec(), workers))
    assert max(shards) <= 200
    slowness = random.Random(pages)
    busy_until = [0.0] * workers
    for size in shards:
        next_free = busy_until.index(min(busy_until))
        busy_until[next_free] += sum(slowness.choice((1, 3)) for _ in range(size))
    assert max(busy_until) - min(busy_until) <= 4


def test_a_run_too_large_for_that_has_even_shards():
    shards = sizes(planned(1_100, ShardSpec(target_seconds=1, seconds_per_page=1), workers=4))
    assert len(shards) <= MAX_SHARDS
    assert set(shards) <= {1, 2}


def test_a_run_never_has_more_shards_than_airflow_maps():
    shards = sizes(planned(2_500, ShardSpec(pages=1)))
    assert len(shards) <= MAX_SHARDS
    assert sum(shards) == 2_500
    assert max(shards) == 3


@given(
    pages=st.integers(1, 400),
    per_shard=st.one_of(st.none(), st.integers(1, 50)),
    workers=st.integers(1, 64),
)
def test_every_page_is_in_one_shard_and_their_order_is_kept(pages, per_shard, workers):
    expected = [expected_page(number) for number in range(pages)]
    manifest = Manifest(plan_shards(expected, ShardSpec(pages=per_shard), workers).read_all())
    assert manifest.expected() == expected
    ids = manifest.table["shard_id"].to_pylist()
    assert ids == sorted(ids)
    assert manifest.shard_ids() == [f"{number:05d}" for number in range(len(set(ids)))]


def test_an_empty_input_is_refused():
    with pytest.raises(SettingsError):
        planned(0, ShardSpec())


def test_a_page_that_is_listed_twice_is_refused_and_named():
    """Its two rows would be one page's, and every reader of the results would lose one."""
    pages = [expected_page(number) for number in (3, 1, 2, 1)]
    with pytest.raises(StorageError, match=rf"1 pages .* twice: {pages[1].page_id}$"):
        plan_shards(pages, ShardSpec(pages=1), 1)


ODD_PAGES = [
    expected_page(0),
    expected_page(
        1,
        source_member="sub/ünïcode \\xff 漢.tif",
        member_index=70_000,
        member_offset=2**40,
        source_bytes=2**41,
        page_index=4_999,
        page_count=5_000,
    ),
    expected_page(2, error_class="E_EMPTY", error_message="the file has no bytes", source_bytes=0),
    expected_page(3, skipped=True, error_class="E_UNSUPPORTED", error_message="text"),
    expected_page(4, source_member="", source_version=""),
]


@pytest.fixture
def manifest_uri(memory_url):
    manifest = plan_shards(ODD_PAGES, ShardSpec(pages=2), 1)
    uri = f"{memory_url}/manifest.parquet"
    storage.write(uri, manifest_bytes(manifest, {"plan": '{"café": null}', "other": ""}))
    return uri


def test_a_manifest_comes_back_as_it_was_with_its_nulls(manifest_uri):
    manifest = read_manifest(manifest_uri)
    assert manifest.expected() == ODD_PAGES
    assert manifest.pages == len(ODD_PAGES)
    assert manifest.shard_ids() == ["00000", "00001", "00002"]


def test_a_manifest_keeps_what_was_frozen_beside_the_pages(manifest_uri):
    frozen = {"plan": '{"café": null}', "other": ""}
    assert frozen.items() <= read_manifest(manifest_uri).metadata.items()


@pytest.mark.parametrize(
    ("shard_id", "pages"),
    [("00000", ODD_PAGES[:2]), ("00001", ODD_PAGES[2:4]), ("00002", ODD_PAGES[4:])],
)
def test_a_shard_reads_its_own_pages_and_the_same_plan(manifest_uri, shard_id, pages):
    manifest = read_manifest(manifest_uri, shard_id)
    assert manifest.expected() == pages
    assert manifest.shard_ids() == [shard_id]
    assert manifest.metadata["plan"] == '{"café": null}'


def test_an_unknown_shard_is_refused(manifest_uri):
    with pytest.raises(SettingsError, match="00003"):
        read_manifest(manifest_uri, "00003")


def test_a_manifest_that_is_not_there_is_not_found(memory_url):
    with pytest.raises(FileNotFoundError):
        read_manifest(f"{memory_url}/manifest.parquet")


@pytest.mark.parametrize(
    ("shard_ids", "pages"),
    [([], 0), (["00000"], 2), (["00001", "00002"], 3), (["00002", "99999"], 1)],
)
def test_the_pages_of_some_shards_are_counted_together(manifest_uri, shard_ids, pages):
    assert read_manifest(manifest_uri).pages_in(shard_ids) == pages


def test_columns_that_are_not_asked_for_are_not_read(manifest_uri):
    manifest = read_manifest(manifest_uri, columns=["shard_id"])
    assert manifest.table.column_names == ["shard_id"]
    assert manifest.shard_ids() == ["00000", "00001", "00002"]
    assert manifest.metadata["plan"] == '{"café": null}'


LONG = 20_003


@pytest.mark.parametrize(
    "pages_a_shard",
    [
        pytest.param(None, id="a few hundred pages a shard"),
        pytest.param(37, id="many small shards"),
        pytest.param(9_999, id="a shard of almost a chunk"),
        pytest.param(12_000, id="shards larger than a chunk"),
        pytest.param(LONG, id="one shard"),
    ],
)
def test_long_inputs_are_planned_without_losing_a_page(memory_url, pages_a_shard):
    manifest = plan_shards(map(expected_page, range(LONG)), ShardSpec(pages=pages_a_shard), 1)
    uri = f"{memory_url}/manifest.parquet"
    storage.write(uri, manifest_bytes(manifest, {}))
    whole = read_manifest(uri)
    assert whole.table["page_id"].to_pylist() == [
        expected_page(number).page_id for number in range(LONG)
    ]
    found = sizes(whole.table)
    assert set(found[:-1]) <= ({pages_a_shard} if pages_a_shard else {198, 199})
    last = whole.shard_ids()[-1]
    assert read_manifest(uri, last).expected() == [
        expected_page(number) for number in range(LONG - found[-1], LONG)
    ]


def test_a_shard_is_found_without_reading_the_manifest_of_all(monkeypatch):
    pages = (expected_page(number, source_version=f"{number:x}") for number in range(100_000))
    data = manifest_bytes(plan_shards(pages, ShardSpec(pages=100), 1), {})
    file = only_object(monkeypatch, data)
    assert read_manifest("somewhere", "00500").pages == 100
    assert 0 < file.bytes_read < len(data) / 4
    file.bytes_read = 0
    read_manifest("somewhere")
    assert file.bytes_read > len(data) / 2


@pytest.mark.parametrize("at", [0.1, 0.3, 0.5, 0.7])
def test_a_manifest_of_which_a_byte_was_changed_is_damaged(memory_url, at):
    uri = f"{memory_url}/manifest.parquet"
    pages = map(expected_page, range(5_000))
    data = bytearray(manifest_bytes(plan_shards(pages, ShardSpec(), 1), {}))
    data[int(len(data) * at)] ^= 1
    storage.write(uri, bytes(data))
    with pytest.raises(DamagedFileError, match=r"manifest\.parquet cannot be read"):
        read_manifest(uri)
