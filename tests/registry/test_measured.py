"""What was measured of a model is kept by set, the last time alone."""

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import DamagedFileError, RegistryError
from ocr_tasks.registry.measured import measured, note_measured

DIGEST = "6f" * 32


def test_at_first_nothing_was_measured(root):
    assert measured(root, "rec", DIGEST) == {}


def test_the_last_measurement_on_a_set_counts(root):
    note_measured(root, "rec", DIGEST, "hands", {"cer": 0.2, "exact": 0.01})
    note_measured(root, "rec", DIGEST, "print", {"cer": 0.02})
    note_measured(root, "rec", DIGEST, "hands", {"cer": 0.1})
    assert measured(root, "rec", DIGEST) == {"hands": {"cer": 0.1}, "print": {"cer": 0.02}}
    assert measured(root, "det", DIGEST) == {}
    assert measured(root, "rec", "7a" * 32) == {}


@pytest.mark.parametrize(("digest", "part"), [(DIGEST, "../up"), (DIGEST, ""), ("a/b", "hands")])
def test_names_that_lead_elsewhere_are_refused(memory_url, digest, part):
    with pytest.raises(RegistryError):
        note_measured(memory_url, "rec", digest, part, {"cer": 0.1})
    assert storage.names_in(memory_url) == []


@pytest.mark.parametrize("data", [b"", b"[]", b'{"cer": "x"}'])
def test_a_measurement_that_is_not_what_was_written_is_named(memory_url, data):
    note_measured(memory_url, "rec", DIGEST, "hands", {"cer": 0.1})
    storage.write(f"{memory_url}/measured/rec/{DIGEST}/hands.json", data)
    with pytest.raises(DamagedFileError, match=r"hands\.json"):
        measured(memory_url, "rec", DIGEST)
