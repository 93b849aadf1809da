"""Rows of a past run are those that were committed, or none are told."""

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import DamagedFileError
from ocr_tasks.results.commit import commit_shard
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.past import past_rows
from tests.results.answers import ONE_OF_EACH, row

COLUMNS = ["page_id", "status", "lines"]


@pytest.fixture
def layout(memory_url):
    """A run of two committed shards."""
    layout = RunLayout(memory_url, "ledgers", "r1")
    for shard in ("00000", "00001"):
        rows = [row(answer, shard, "a") for answer in ONE_OF_EACH.values()]
        commit_shard(layout, shard, "a", rows)
    return layout


def test_the_wanted_columns_of_every_row_are_told(layout):
    rows = list(past_rows(layout, {"00001", "00000"}, COLUMNS))
    assert [sorted(each) for each in rows] == [sorted(COLUMNS)] * 2 * len(ONE_OF_EACH)
    assert {each["status"] for each in rows} == set(ONE_OF_EACH)


def test_a_damaged_shard_is_named(layout):
    data = storage.read_bytes(layout.part("00001"))
    storage.write(layout.part("00001"), data[:90] + b"x" + data[91:])
    with pytest.raises(DamagedFileError, match="part-00001"):
        list(past_rows(layout, {"00000", "00001"}, COLUMNS))


def test_a_shard_that_is_gone_is_named(layout):
    with pytest.raises(DamagedFileError, match=r"part-00007\.parquet is gone"):
        list(past_rows(layout, {"00007"}, COLUMNS))
