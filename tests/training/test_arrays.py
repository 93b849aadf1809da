"""Arrays on disk."""

import os

import numpy as np
import pytest

from ocr_tasks.training.arrays import ArrayStore


def test_arrays_come_back_to_the_bit_with_their_shapes():
    store = ArrayStore(np.float32)
    kept = [np.random.default_rng(n).normal(size=(n, 3)).astype(np.float32) for n in (2, 7, 1)]
    assert [store.append(array) for array in kept] == [0, 1, 2]
    for number in (2, 0, 1):
        assert store.shape(number) == kept[number].shape
        np.testing.assert_array_equal(store.array(number), kept[number])


def test_a_disk_that_takes_a_part_at_a_time_gets_the_whole(monkeypatch):
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: write(file, data[:5], at))
    store = ArrayStore(np.uint8)
    kept = np.arange(48, dtype=np.uint8).reshape(4, 12)
    np.testing.assert_array_equal(store.array(store.append(kept)), kept)


def test_what_finds_no_room_is_not_taken_in(monkeypatch):
    store = ArrayStore(np.uint8)
    store.append(np.ones(3, np.uint8))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space"):
            store.append(np.ones(4, np.uint8))
    later = np.full(2, 9, np.uint8)
    assert store.append(later) == 1
    np.testing.assert_array_equal(store.array(1), later)
