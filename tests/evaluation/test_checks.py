"""Candidates as files: what is wrong with them is found, and the gate refuses them for it."""

import hashlib
import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest

from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.evaluation import checks
from ocr_tasks.evaluation.checks import WEIGHTS, file_faults, time_ratio, trained_on
from ocr_tasks.evaluation.evaluate import EvaluationSpec, evaluate
from ocr_tasks.evaluation.evidence import Checks, Parity, Readings, TrainedOn
from ocr_tasks.evaluation.gate import GateRules, decide
from tests.evaluation.bars import ONNX, bar_lines, engine_with, read, write_bars
from tests.tiny_onnx import write_recognizer

LIMITS = LimitSpec()
RULES = GateRules(stratum_lines=40)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A test set and a retention set, each of 96 lines of 12 documents."""
    root = tmp_path_factory.mktemp("sets")
    test = write_bars(root / "test", bar_lines(12, 8))
    retention = write_bars(root / "retention", bar_lines(12, 8, first=2000))
    return test, retention


def readings_of(sets, engine):
    return Readings(*(evaluate(read(url), engine, EvaluationSpec(), LIMITS) for url in sets))


@pytest.fixture(scope="module")
def champion(sets, tmp_path_factory):
    """A champion that takes every c for a b in both sets."""
    path = tmp_path_factory.mktemp("champion") / "bars" / WEIGHTS
    return readings_of(sets, engine_with(write_recognizer(path, {"c": "b"})))


def exported(folder, **weights):
    """A candidate's folder as an export leaves it, and its manifest."""
    write_recognizer(folder / WEIGHTS, **weights)
    (folder / "inference.yml").write_text("Global: {model_name: bars}\n")
    return folder, manifest_of(folder)


def manifest_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def verdict_on(folder, manifest, sets, champion, **known):
    """The verdict as a run comes to it: files first, and readings if they can be had."""
    spec = replace(ONNX, rec_model=str(folder), rec_sha256=manifest.get(WEIGHTS))
    faults = file_faults(str(folder), manifest, spec)
    candidate = None if faults else readings_of(sets, engine_with(folder))
    nothing = TrainedOn(frozenset(), frozenset())
    told = {"parity": Parity(10, 1.0, 0.0), "time_ratio": 1.0, "trained_on": nothing} | known
    checks = Checks(manifest.get(WEIGHTS, ""), tuple(faults), **told)
    return decide(candidate, champion, RULES, checks)


def refused_by(verdict):
    return {ruling.rule for ruling in verdict.reasons}


def test_a_candidate_that_reads_better_is_promoted(tmp_path, sets, champion):
    verdict = verdict_on(*exported(tmp_path / "bars"), sets, champion)
    assert verdict.promoted, verdict


def cut_short(folder, manifest):
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])


def cut_short_before_it_was_listed(folder, manifest):
    cut_short(folder, manifest)
    manifest |= manifest_of(folder)


def replaced(folder, manifest):
    write_recognizer(folder / WEIGHTS, {"a": "b"})


def not_a_number(folder, manifest):
    write_recognizer(folder / WEIGHTS, weight=float("nan"))
    manifest |= manifest_of(folder)


def without_a_file(folder, manifest):
    (folder / "inference.yml").unlink()


def without_weights(folder, manifest):
    del manifest[WEIGHTS]


def too_small_an_alphabet(folder, manifest):
    write_recognizer(folder / WEIGHTS, characters="ab")
    manifest |= manifest_of(folder)


def a_pickle(folder, manifest):
    (folder / WEIGHTS).write_bytes(pickle.dumps({"weights": [1.0]}))
    manifest |= manifest_of(folder)


def of_another_file(folder, manifest):
    (folder / "inference.yml").write_text("Global: {model_name: other}\n")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut_short, "inference.onnx is not what was exported"),
        (cut_short_before_it_was_listed, "E_MODEL"),
        (replaced, "inference.onnx is not what was exported"),
        (not_a_number, "E_INFERENCE"),
        (without_a_file, "inference.yml is missing"),
        (without_weights, "no inference.onnx was exported"),
        (too_small_an_alphabet, "5 classes but 4 characters"),
        (a_pickle, "is a pickle"),
        (of_another_file, "inference.yml is not what was exported"),
    ],
)
def test_a_candidate_with_a_fault_in_its_files_is_refused_unread(
    tmp_path, sets, champion, spoil, said
):
    folder, manifest = exported(tmp_path / "bars")
    spoil(folder, manifest)
    verdict = verdict_on(folder, manifest, sets, champion)
    assert refused_by(verdict) == {"files", "readings"}
    (files,) = [ruling for ruling in verdict.rulings if ruling.rule == "files"]
    assert said in files.said


def test_a_dictionary_in_another_order_is_refused_for_it(tmp_path, sets, champion):
    folder, manifest = exported(tmp_path / "bars", characters="bac")
    assert "alphabet" in refused_by(verdict_on(folder, manifest, sets, champion))


def test_weights_that_read_alphabetically_otherwise_are_refused_though_they_read_well(
    tmp_path, sets, champion
):
    folder, manifest = exported(tmp_path / "bars", alphabet="cba")
    assert refused_by(verdict_on(folder, manifest, sets, champion)) == {"alphabet"}


def test_the_champions_own_weights_are_refused(tmp_path, sets, champion):
    folder, manifest = exported(tmp_path / "bars", confused={"c": "b"})
    assert refused_by(verdict_on(folder, manifest, sets, champion)) == {"novelty", "improvement"}


def test_a_candidate_that_forgot_is_refused(tmp_path, sets, champion):
    folder, manifest = exported(tmp_path / "bars", confused={"a": "b", "c": "b"})
    refused = refused_by(verdict_on(folder, manifest, sets, champion))
    assert {"improvement", "retention", "strata"} <= refused


def test_a_candidate_trained_on_the_test_set_is_refused(tmp_path, sets, champion):
    seen = trained_on(read(sets[0]), ["train", "test"], LIMITS, workers=1)
    folder, manifest = exported(tmp_path / "bars")
    verdict = verdict_on(folder, manifest, sets, champion, trained_on=seen)
    assert refused_by(verdict) == {"leak"}
    assert verdict.reasons[0].figures == {"set": "test", "lines": 96}


def test_what_was_trained_on_is_told_by_pixels_and_by_text(sets):
    seen = trained_on(read(sets[0]), ["train", "val"], LIMITS, workers=1)
    report = evaluate(read(sets[0]), engine_of_none(), EvaluationSpec(part="train"), LIMITS)
    assert {line.image_sha256 for line in report.lines} <= seen.images
    assert {(line.group, line.label) for line in report.lines} <= seen.texts
    assert len(seen.images) == 6 + 2


def engine_of_none():
    from ocr_tasks.engines.loading import load_engine
    from ocr_tasks.engines.spec import EngineSpec

    return load_engine(EngineSpec(kind="fake"))


class Clocked:
    """A recogniser that moves a clock on by what each of its calls takes."""

    def __init__(self, clock, *seconds):
        self.clock, self.seconds = clock, itertools.cycle(seconds)

    def recognize(self, crops):
        assert crops.shape == (1, 48, 320, 3)
        self.clock[0] += next(self.seconds)
        return []


@pytest.mark.parametrize(
    ("ours", "theirs", "ratio"),
    [
        ((0.3,), (0.1,), 3),
        ((0.1,), (0.1,), 1),
        ((0.1, 0.9, 0.2), (0.1, 0.1, 7.0), 1),
        ((0.2, 0.2, 0.1), (0.4, 0.5, 0.4), 0.25),
    ],
    ids=["slower", "alike", "what else runs makes one slower now and then", "faster"],
)
def test_the_time_ratio_is_of_each_models_fastest_at_the_same_crops(
    monkeypatch, ours, theirs, ratio
):
    clock = [0.0]
    monkeypatch.setattr(checks.time, "perf_counter", lambda: clock[0])
    crops = [np.zeros((1, 48, 320, 3), np.uint8)] * 4
    told = time_ratio(Clocked(clock, *ours).recognize, Clocked(clock, *theirs).recognize, crops)
    assert told == pytest.approx(ratio)
