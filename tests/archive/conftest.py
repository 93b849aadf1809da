"""Decoders that are not what they should be."""

import json

import pytest

from ocr_tasks.archive import containment
from ocr_tasks.archive.decoders import POOL
from tests.archive.hostile import IMPOSTOR, TAKEN_OVER


@pytest.fixture
def taken_over(monkeypatch):
    """Has decoders do what documents say; see ``taken_over.py``."""
    POOL.close()  # of honest ones, which would be used again
    monkeypatch.setattr(containment, "DECODER", ("-P", TAKEN_OVER))
    yield
    POOL.close()


@pytest.fixture
def pose(monkeypatch):
    """A function that puts impostors in the place of decoders; see ``impostor.py``."""

    def pose_as_decoder(*steps):
        POOL.close()
        monkeypatch.setattr(containment, "DECODER", ("-P", IMPOSTOR, json.dumps(steps)))

    yield pose_as_decoder
    POOL.close()
