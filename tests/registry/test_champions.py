"""One champion at a time, a log that is only added to, and rollbacks that go back one by one."""

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import ChampionChangedError, DamagedFileError, RegistryError
from ocr_tasks.registry.champions import NOBODY, champion, history, promote, rollback
from ocr_tasks.registry.versions import file_url
from ocr_tasks.workers import run_in_processes
from tests.registry.models import registered
from tests.registry.racers import promote_with_the_others

RACERS = 3


@pytest.fixture
def digests(root, source):
    """Four versions."""
    return [registered(root, source, bytes([number])).digest for number in range(4)]


def promote_in_turn(root, digests):
    for number, digest in enumerate(digests):
        promote(root, "rec", digest, number, "better")


def test_at_first_nobody_is_the_champion(root):
    assert champion(root, "rec") is None
    assert history(root, "rec") == []


def test_the_last_who_was_promoted_is_the_champion(root, digests):
    promote_in_turn(root, digests[:3])
    stands = champion(root, "rec")
    assert (stands.number, stands.digest, stands.reason) == (3, digests[2], "better")
    assert [entry.digest for entry in history(root, "rec")] == digests[:3]
    assert champion(root, "det") is None


@pytest.mark.parametrize("expected", [NOBODY, 1, 3, 7])
def test_who_was_judged_against_another_champion_is_not_promoted(root, digests, expected):
    promote_in_turn(root, digests[:2])
    before = history(root, "rec")
    with pytest.raises(ChampionChangedError, match=digests[1]):
        promote(root, "rec", digests[2], expected, "better")
    assert history(root, "rec") == before


def test_to_promote_again_what_took_the_place_changes_nothing(root, digests):
    first = promote(root, "rec", digests[0], NOBODY, "better")
    assert promote(root, "rec", digests[0], NOBODY, "again") == first
    assert len(history(root, "rec")) == 1


def test_a_promotion_whose_answer_was_lost_counts_as_ones_own(root, digests, monkeypatch):
    create = storage.create

    def answer_lost(*arguments):
        create(*arguments)
        return False

    monkeypatch.setattr(storage, "create", answer_lost)
    assert promote(root, "rec", digests[0], NOBODY, "better").digest == digests[0]


def test_what_is_not_registered_is_not_promoted(root, digests):
    with pytest.raises(RegistryError, match="no version"):
        promote(root, "rec", "0" * 64, NOBODY, "better")
    assert history(root, "rec") == []


def test_what_is_damaged_is_not_promoted(root, source):
    version = registered(root, source)
    storage.write(file_url(root, version), b"weightS")
    with pytest.raises(RegistryError, match="damaged"):
        promote(root, "rec", version.digest, NOBODY, "better")


def test_rollbacks_go_back_one_by_one_as_far_as_the_built_in_model(root, digests):
    promote_in_turn(root, digests[:3])
    back = [rollback(root, "rec", "worse in use") for _ in range(3)]
    assert [entry.digest for entry in back] == [digests[1], digests[0], None]
    assert [entry.number for entry in back] == [4, 5, 6]
    assert [entry.restores for entry in back] == [2, 1, 0]
    with pytest.raises(RegistryError, match="built-in"):
        rollback(root, "rec", "once more")


def test_after_a_rollback_who_is_promoted_stands_on_what_was_brought_back(root, digests):
    promote_in_turn(root, digests[:3])
    rollback(root, "rec", "worse in use")
    promote(root, "rec", digests[3], 4, "better")
    back = [rollback(root, "rec", "worse in use").digest for _ in range(3)]
    assert back == [digests[1], digests[0], None]


def test_after_all_was_rolled_back_one_can_be_promoted_again(root, digests):
    promote_in_turn(root, digests[:1])
    rollback(root, "rec", "worse in use")
    assert promote(root, "rec", digests[0], 2, "better after all").number == 3
    assert rollback(root, "rec", "no").digest is None


def test_nothing_is_rolled_back_where_nothing_was_promoted(root):
    with pytest.raises(RegistryError, match="built-in"):
        rollback(root, "rec", "why not")


def test_a_damaged_version_is_not_brought_back(root, source):
    first = registered(root, source, b"one")
    promote_in_turn(root, [first.digest, registered(root, source, b"two").digest])
    storage.remove(file_url(root, first))
    with pytest.raises(RegistryError, match="damaged"):
        rollback(root, "rec", "worse in use")
    assert champion(root, "rec").number == 2


def test_a_log_with_a_gap_is_damaged(root, digests):
    promote_in_turn(root, digests[:3])
    storage.remove(storage.join(root, "champions", "rec", "000002.json"))
    with pytest.raises(DamagedFileError, match="gaps"):
        champion(root, "rec")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]"])
def test_an_entry_that_is_not_what_was_written_is_named(root, digests, data):
    promote_in_turn(root, digests[:1])
    storage.write(storage.join(root, "champions", "rec", "000001.json"), data)
    with pytest.raises(DamagedFileError, match=r"000001\.json"):
        champion(root, "rec")


def test_of_promotions_at_once_one_wins_and_the_others_are_told(shared_root, source, tmp_path):
    first = registered(shared_root, source, b"first").digest
    promote(shared_root, "rec", first, NOBODY, "better")
    racing = [registered(shared_root, source, bytes([n])).digest for n in range(RACERS)]
    folder = tmp_path / "racers"
    folder.mkdir()
    items = [(shared_root, digest, 1, str(folder), RACERS) for digest in racing]
    told = list(run_in_processes(promote_with_the_others, items, RACERS, lambda _: None))
    (winner,) = [digest for digest in told if digest is not None]
    assert champion(shared_root, "rec").digest == winner
    assert [entry.digest for entry in history(shared_root, "rec")] == [first, winner]
