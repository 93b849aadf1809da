"""What a run does when the engine breaks: no page is blamed, and a second try reads them all."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from ocr_tasks.engines.loading import load_engine
from ocr_tasks.errors import EngineBrokenError
from ocr_tasks.jobs import archive_ocr
from tests.jobs.runs import PAGES, do_in_turn, parts_in, rows_in, settings_for


class Breaking:
    """A detector that breaks after ``good`` pages, for ``bad`` calls."""

    def __init__(self, detector, good, bad):
        self.detector, self.good, self.bad = detector, good, bad
        self.calls = 0

    def detect(self, page):
        self.calls += 1
        if self.good < self.calls <= self.good + self.bad:
            raise RuntimeError("CUDA failure 719: unspecified launch failure")
        return self.detector.detect(page)


@pytest.fixture
def breaks(monkeypatch):
    """A function that has every engine loaded from now on break so."""

    def arrange(good, bad):
        def load(spec):
            engine = load_engine(spec)
            return nullcontext(replace(engine, detector=Breaking(engine.detector, good, bad)))

        monkeypatch.setattr(archive_ocr, "pinned_engine", load)

    return arrange


@pytest.fixture
def one_shard(scans, tmp_path):
    return settings_for(scans, tmp_path / "out", shards={"pages": 100})


def texts_in(output):
    return {row["page_id"]: (row["status"], row["text"]) for row in rows_in(output)}


def test_an_engine_that_breaks_in_mid_shard_commits_nothing_and_the_next_try_reads_all(
    one_shard, breaks, monkeypatch, tmp_path
):
    planned = archive_ocr.plan(one_shard, "r1")
    breaks(good=3, bad=10**6)
    with pytest.raises(EngineBrokenError):
        archive_ocr.infer(planned["output"], "r1", "00000")
    assert parts_in(one_shard.output) == {}
    monkeypatch.undo()
    do_in_turn(one_shard)
    undisturbed = one_shard.model_copy(update={"output": str(tmp_path / "undisturbed")})
    do_in_turn(undisturbed)
    assert texts_in(one_shard.output) == texts_in(undisturbed.output)
    assert len(texts_in(one_shard.output)) == PAGES


def test_a_hiccup_of_the_engine_is_seen_in_attempts_and_nowhere_else(one_shard, breaks, tmp_path):
    undisturbed = one_shard.model_copy(update={"output": str(tmp_path / "undisturbed")})
    do_in_turn(undisturbed)
    breaks(good=3, bad=1)
    do_in_turn(one_shard)
    assert texts_in(one_shard.output) == texts_in(undisturbed.output)
    assert sorted(row["attempts"] for row in rows_in(one_shard.output)) == [1] * (PAGES - 1) + [2]


def test_a_page_that_fails_twice_is_a_row_with_two_attempts(one_shard, breaks):
    breaks(good=3, bad=2)
    seal = do_in_turn(one_shard)
    (row,) = [row for row in rows_in(one_shard.output) if row["error_class"] == "E_INFERENCE"]
    assert (row["status"], row["attempts"]) == ("failed", 2)
    assert seal["by_error"]["E_INFERENCE"] == 1
