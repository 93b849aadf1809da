"""What was measured of a model is kept by set, the last time alone."""

from dataclasses import replace

import pytest

from ocr_tasks import storage
from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.errors import DamagedFileError, RegistryError
from ocr_tasks.registry.measured import Measurement, measured, measured_by_us, note_measured

DIGEST = "6f" * 32
TOLD = Measurement({"cer": 0.2, "exact": 0.01}, "2026-11-22", "2 cores of a toaster", "onnx")


def test_at_first_nothing_was_measured(root):
    assert measured(root, "rec", DIGEST) == {}


def test_the_last_measurement_on_a_set_counts(root):
    again, other = replace(TOLD, numbers={"cer": 0.1}), replace(TOLD, numbers={"cer": 0.02})
    note_measured(root, "rec", DIGEST, "hands", TOLD)
    note_measured(root, "rec", DIGEST, "print", other)
    note_measured(root, "rec", DIGEST, "hands", again)
    assert measured(root, "rec", DIGEST) == {"hands": again, "print": other}
    assert measured(root, "det", DIGEST) == {}
    assert measured(root, "rec", "7a" * 32) == {}


@pytest.mark.parametrize(("digest", "part"), [(DIGEST, "../up"), (DIGEST, ""), ("a/b", "hands")])
def test_names_that_lead_elsewhere_are_refused(memory_url, digest, part):
    with pytest.raises(RegistryError):
        note_measured(memory_url, "rec", digest, part, TOLD)
    assert storage.names_in(memory_url) == []


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"numbers": {"cer": 1}}', b'{"numbers": 1}', b'{"numbers": "cer"}']
)
def test_a_measurement_that_is_not_what_was_written_is_named(memory_url, data):
    note_measured(memory_url, "rec", DIGEST, "hands", TOLD)
    storage.write(f"{memory_url}/measured/rec/{DIGEST}/hands.json", data)
    with pytest.raises(DamagedFileError, match=r"hands\.json"):
        measured(memory_url, "rec", DIGEST)


def test_what_we_measured_is_of_the_weights_that_read_today():
    sets = measured_by_us()[RECOGNIZER.sha256]
    assert set(sets) == {"hw_fr_copiste-val", "print-val"}
    for told in sets.values():
        assert told.numbers["lines"] > 400
        assert 0 < told.numbers["cer"] < 0.2
        assert told.machine
        assert told.engine
