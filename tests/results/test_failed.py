import pytest

from ocr_tasks import storage
from ocr_tasks.errors import DamagedFileError
from ocr_tasks.results.commit import commit_shard
from ocr_tasks.results.failed import failed_pages
from ocr_tasks.results.layout import RunLayout
from tests.results.answers import ONE_OF_EACH, failed, row


@pytest.fixture
def layout(tmp_path):
    """A run of two shards: one row of each status, and a failed one."""
    layout = RunLayout(f"file://{tmp_path}", "ledgers", "r1")
    commit_shard(layout, "00000", "first", [row(each, "00000") for each in ONE_OF_EACH.values()])
    member = failed(9, source_member="a/b.png", page_index=3, page_count=9)
    commit_shard(layout, "00001", "first", [row(member, "00001")])
    return layout


def test_failed_and_quarantined_pages_are_found_and_no_others(layout):
    found = list(failed_pages(layout, ["00001", "00000"]))
    assert [page.status for page in found] == ["failed", "quarantined", "failed"]
    assert [page.shard_id for page in found] == ["00000", "00000", "00001"]


def test_a_failed_page_tells_its_place_and_its_fault(layout):
    _, quarantined, member = failed_pages(layout, ["00000", "00001"])
    assert (quarantined.error_class, quarantined.error_retryable) == ("E_CRASHED", True)
    assert (quarantined.error_message, quarantined.attempts) == ("it ended the decoder", 4)
    assert (member.source_member, member.page_index, member.page_count) == ("a/b.png", 3, 9)
    assert (member.error_class, member.error_stage) == ("E_TRUNCATED", "decode")


def test_shards_that_are_not_asked_for_are_not_read(layout):
    assert [page.shard_id for page in failed_pages(layout, ["00001"])] == ["00001"]
    assert list(failed_pages(layout, [])) == []


def test_a_shard_that_is_gone_is_named(layout):
    with pytest.raises(DamagedFileError, match=r"part-00007\.parquet is gone"):
        list(failed_pages(layout, ["00000", "00007"]))


@pytest.mark.parametrize("at", [100, -100], ids=["in a row", "in the footer"])
def test_a_shard_with_a_flipped_bit_is_named(layout, at):
    data = bytearray(storage.read_bytes(layout.part("00001")))
    data[at] ^= 1
    storage.write(layout.part("00001"), bytes(data))
    with pytest.raises(DamagedFileError, match=r"part-00001\.parquet"):
        list(failed_pages(layout, ["00001"]))
