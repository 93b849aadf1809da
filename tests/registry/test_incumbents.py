"""The champion that a training begins with, and the one that a candidate was judged against."""

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import ChampionChangedError, DamagedFileError, PlanConflictError
from ocr_tasks.registry.champions import promote
from ocr_tasks.registry.incumbents import KEPT, kept_incumbent, refuse_other
from tests.registry.models import registered


@pytest.fixture
def digests(root, source):
    """Two versions."""
    return [registered(root, source, bytes([number])).digest for number in range(2)]


@pytest.fixture
def output(tmp_path):
    return storage.absolute(str(tmp_path / "tuned"))


def test_a_training_that_began_keeps_its_champion_whoever_is_promoted(root, digests, output):
    promote(root, "rec", digests[0], 0, "better")
    begun = kept_incumbent(root, output, "rec", has_begun=False)
    promote(root, "rec", digests[1], 1, "better still")
    assert begun.digest == digests[0]
    assert kept_incumbent(root, output, "rec", has_begun=True) == begun


def test_one_that_was_refused_before_holds_on_to_nobody(root, digests, output):
    assert kept_incumbent(root, output, "rec", has_begun=False).digest is None
    promote(root, "rec", digests[0], 0, "better")
    assert kept_incumbent(root, output, "rec", has_begun=False).digest == digests[0]


def test_a_training_of_another_kind_is_told_apart(root, output):
    kept_incumbent(root, output, "det", has_begun=False)
    with pytest.raises(PlanConflictError, match="another kind of model"):
        kept_incumbent(root, output, "rec", has_begun=True)


def test_a_damaged_note_is_named(root, output):
    storage.write(storage.join(output, KEPT), b'{"number": 0}')
    with pytest.raises(DamagedFileError, match=KEPT):
        kept_incumbent(root, output, "rec", has_begun=True)


def test_who_stands_in_place_of_the_one_judged_against_is_named(root, digests):
    promote(root, "rec", digests[0], 0, "better")
    promote(root, "rec", digests[1], 1, "better still")
    with pytest.raises(ChampionChangedError) as raised:
        refuse_other(root, "rec", 1, digests[0], "candidate")
    said = f"judged against {digests[0]} as number 1; {root} has {digests[1]} as 2"
    assert said in str(raised.value)
    refuse_other(root, "rec", 2, digests[1], "candidate")
