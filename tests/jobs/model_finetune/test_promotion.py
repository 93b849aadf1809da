"""From a judged candidate to a champion and back, and what the gate does not let pass."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocr_tasks import storage
from ocr_tasks.engines import fetching
from ocr_tasks.engines.weights import digest_of_file
from ocr_tasks.errors import (
    ChampionChangedError,
    DamagedFileError,
    GateRefusedError,
    PlanConflictError,
    SettingsError,
    TrainingError,
)
from ocr_tasks.evaluation import contest
from ocr_tasks.evaluation.canary import CanaryReport, CanarySpec
from ocr_tasks.evaluation.contest import VAL_JUDGED
from ocr_tasks.evaluation.verdict import Ruling
from ocr_tasks.jobs import model_finetune as job
from ocr_tasks.registry.champions import NOBODY, champion, history, promote
from ocr_tasks.registry.versions import find, register
from ocr_tasks.training.outputs import read_best, write_best, write_settings
from tests.jobs.runs import do_in_turn, page, settings_for
from tests.jobs.tuning import (
    plant_learnt,
    plant_readings,
    read_json,
    tampered_weights,
)
from tests.makers import fill_folder, png
from tests.registry.models import CARD, registered
from tests.stores import names_at

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves


def read_settings(settings):
    return storage.read_bytes(storage.join(settings.output, "config.yaml"))


def test_a_candidate_that_is_no_better_is_refused_and_nobody_is_promoted(settings):
    with pytest.raises(GateRefusedError, match="REFUSED improvement"):
        job.decide(settings, workers=1)
    assert read_json(settings, "verdict.json")["promoted"] is False
    with pytest.raises(GateRefusedError):
        job.promote(settings, workers=1)
    assert champion(settings.registry, "rec") is None


def test_a_better_one_is_promoted_with_its_card_and_a_rollback_brings_back_what_was(settings):
    plant_readings(settings)
    verdict = job.decide(settings, workers=1)
    assert verdict["promoted"] is True
    assert VAL_JUDGED not in verdict["notes"]
    told = job.promote(settings, workers=1)
    assert job.promote(settings, workers=1) == told
    stands = champion(settings.registry, "rec")
    assert (stands.digest, stands.number) == (told["sha256"], 1)
    card = find(settings.registry, "rec", told["sha256"]).card
    begun = digest_of_file(Path(settings.train.base))
    assert (card.name, card.base, card.base_sha256) == ("letters", "nudged", begun)
    assert len(card.data_fingerprint) == 32
    assert card.metrics["test"]["lines"] == 8
    assert card.config["train"]["scope"] == "head"
    assert storage.exists(told["url"])
    assert job.rollback(settings.registry, "worse in use")["digest"] is None


def test_the_canary_reads_pages_of_a_past_run_and_its_ruling_joins_the_others(
    settings, tmp_path, monkeypatch
):
    plant_readings(settings)
    scans = fill_folder(tmp_path / "scans", {"0.png": png(page("amber lantern"))})
    past = settings_for(scans, tmp_path / "out", engine={"kind": "onnx", "threads": 1})
    assert do_in_turn(past, "june")["by_status"] == {"ok": 1}
    run = CanarySpec(past.output, "june")
    job.decide(settings, workers=1)
    settings = settings.model_copy(update={"canary": run})
    with pytest.raises(GateRefusedError, match="read no pages of the canary's run"):
        job.promote(settings, workers=1)
    (told,) = (each for each in job.decide(settings, 1)["rulings"] if each["rule"] == "canary")
    assert told["said"] == "it reads 1 pages of the run"
    candidate = read_json(settings, "checks.json")["sha256"]
    assert read_json(settings, "canary.json")["after"]["sha256"] == candidate
    monkeypatch.setattr(CanaryReport, "ruling", Ruling("canary", False, "it fails", {}))
    with pytest.raises(GateRefusedError, match="REFUSED canary: it fails"):
        job.decide(settings, workers=1)
    with pytest.raises(GateRefusedError):
        job.promote(settings, workers=1)


def test_a_candidate_judged_against_another_champion_is_not_promoted(settings, tmp_path):
    plant_readings(settings)
    job.decide(settings, workers=1)
    other = registered(settings.registry, storage.absolute(str(tmp_path / "export")))
    promote(settings.registry, "rec", other.digest, NOBODY, "quicker")
    with pytest.raises(ChampionChangedError):
        job.promote(settings, workers=1)
    assert champion(settings.registry, "rec").digest == other.digest


def test_a_champion_of_another_registry_or_number_is_not_replaced(settings, tmp_path):
    plant_readings(settings)
    job.decide(settings, workers=1)
    there = storage.join(settings.output, "checks.json")
    checks = read_json(settings, "checks.json")
    for against in ({"number": 1, "digest": "aa" * 32}, {"number": 0, "digest": "aa" * 32}):
        storage.write(there, json.dumps(checks | {"champion": against}).encode())
        with pytest.raises(ChampionChangedError, match="judged against aaaa"):
            job.promote(settings, workers=1)
    assert history(settings.registry, "rec") == []


def test_after_another_promotion_the_later_steps_judge_against_the_new_champion(settings, tmp_path):
    files = {"inference.onnx": storage.absolute(str(tampered_weights(tmp_path)))}
    other = register(settings.registry, "rec", files, CARD)
    promote(settings.registry, "rec", other.digest, NOBODY, "quicker")
    job.evaluate(settings)
    with pytest.raises(GateRefusedError, match="has judged nothing"):
        job.promote(settings, workers=1)
    told = read_json(settings, "champion_test.json")["champion"]["report"]["engine"]
    assert told["recognizer"]["sha256"] == other.digest
    plant_readings(settings)
    job.decide(settings, workers=1)
    assert job.promote(settings, workers=1)["number"] == 2


def test_weights_that_were_exported_after_the_evaluation_are_not_promoted(settings):
    plant_readings(settings)
    job.decide(settings, workers=1)
    exported = read_json(settings, "exported.json")
    exported["files"]["inference.onnx"] = "bb" * 32
    storage.write(storage.join(settings.output, "exported.json"), json.dumps(exported).encode())
    for step in (job.decide, job.promote):
        with pytest.raises(GateRefusedError, match="exported last, and never evaluated"):
            step(settings, workers=1)


def test_files_that_were_replaced_after_the_verdict_are_not_promoted(settings, tmp_path):
    plant_readings(settings)
    job.decide(settings, workers=1)
    folder = storage.join(settings.output, "best_accuracy", "inference")
    for name in ("inference.yml", "inference.onnx"):
        before = storage.read_bytes(storage.join(folder, name))
        storage.write(storage.join(folder, name), tampered_weights(tmp_path).read_bytes())
        with pytest.raises(GateRefusedError, match=f"{name} is not what was exported"):
            job.promote(settings, workers=1)
        storage.write(storage.join(folder, name), before)
    assert history(settings.registry, "rec") == []


def test_a_training_that_was_refused_leaves_the_settings_of_the_one_before(settings):
    before = read_settings(settings)
    with pytest.raises(PlanConflictError):
        job.train(settings.model_copy(update={"train": replace(settings.train, epochs=9)}))
    assert read_settings(settings) == before


@pytest.mark.parametrize("key", ["labels", "champion", "sha256", "sets", "numbers"])
def test_checks_that_lack_something_are_named(settings, key):
    checks = read_json(settings, "checks.json")
    del checks[key]
    storage.write(storage.join(settings.output, "checks.json"), json.dumps(checks).encode())
    with pytest.raises(DamagedFileError, match=r"checks\.json cannot be read"):
        job.decide(settings, workers=1)


def test_an_evaluation_that_was_broken_off_leaves_nothing_to_judge(settings, monkeypatch):
    plant_readings(settings)
    job.decide(settings, workers=1)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(contest, "time_ratio", killed)
    with pytest.raises(KeyboardInterrupt):
        job.evaluate(settings)
    with pytest.raises(SettingsError, match="nothing was evaluated"):
        job.decide(settings, workers=1)
    with pytest.raises(GateRefusedError, match="has judged nothing"):
        job.promote(settings, workers=1)


def test_best_weights_that_change_leave_nothing_exported(settings):
    write_best(settings.output, read_best(settings.output))
    assert read_json(settings, "exported.json")["files"]
    write_best(settings.output, {"other": np.zeros(3, np.float32)})
    with pytest.raises(TrainingError, match="train and export first"):
        job.evaluate(settings)


@pytest.mark.parametrize(("part", "said"), [("train", "was not trained on"), ("test", "test set")])
def test_a_dataset_that_has_changed_since_is_not_judged_by(settings, tmp_path, part, said):
    plant_readings(settings)
    job.decide(settings, workers=1)
    folder = tmp_path / "changed"
    shutil.copytree(settings.dataset.removeprefix("file://"), folder)
    _, *others = (folder / f"{part}.txt").read_text().splitlines()
    (folder / f"{part}.txt").write_text("\n".join(others) + "\n")
    changed = settings.model_copy(update={"dataset": storage.absolute(str(folder))})
    for step in (job.decide, job.promote):
        with pytest.raises(PlanConflictError, match=said):
            step(changed, workers=1)


def test_the_card_tells_by_which_settings_the_gate_judged(settings):
    plant_readings(settings)
    job.decide(settings, workers=1)
    stricter = replace(settings.gate, margin=0.5)
    told = job.promote(settings.model_copy(update={"gate": stricter}), workers=1)
    card = find(settings.registry, "rec", told["sha256"]).card
    assert card.config["gate"]["margin"] == settings.gate.margin


@pytest.mark.parametrize("told", [{"x": 1}, [1], {"files": 3, "parity": {}}])
def test_a_damaged_word_of_the_export_is_named(settings, told):
    storage.write(storage.join(settings.output, "exported.json"), json.dumps(told).encode())
    with pytest.raises(DamagedFileError, match=r"exported\.json cannot be read"):
        job.evaluate(settings)


def test_files_that_were_damaged_after_the_export_are_refused(settings):
    weights = storage.join(settings.output, "best_accuracy", "inference", "inference.onnx")
    storage.write(weights, storage.read_bytes(weights)[:-1000])
    assert "inference.onnx is not what was exported" in job.evaluate(settings)["files"][0]
    with pytest.raises(GateRefusedError, match="REFUSED files"):
        job.decide(settings, workers=1)


def test_print_that_was_replayed_is_no_retention_set_whatever_the_settings_say_now(settings):
    plant_readings(settings)
    replay = replace(settings.train.replay, dataset=settings.retention)
    write_settings(settings.output, replace(settings.train, replay=replay))
    folder = Path(settings.retention.removeprefix("file://"))
    shutil.copy(folder / "val.txt", folder / "train.txt")
    try:
        with pytest.raises(GateRefusedError, match="REFUSED leak: retention: 8 lines"):
            job.decide(settings, workers=1)
    finally:
        (folder / "train.txt").unlink()


def test_without_a_retention_set_the_gate_refuses(settings):
    plant_readings(settings)
    checks = read_json(settings, "checks.json") | {"sets": ["test"]}
    storage.write(storage.join(settings.output, "checks.json"), json.dumps(checks).encode())
    with pytest.raises(GateRefusedError, match="there is no retention set"):
        job.decide(settings, workers=1)


def test_without_a_test_part_val_judges_and_the_verdict_says_so(settings, tmp_path):
    folder = tmp_path / "untested"
    shutil.copytree(settings.dataset.removeprefix("file://"), folder)
    (folder / "test.txt").rename(folder / "val.txt")
    untested = settings.model_copy(update={"dataset": storage.absolute(str(folder))})
    plant_learnt(untested)
    job.evaluate_base(untested)
    job.evaluate(untested)
    plant_readings(untested)
    assert VAL_JUDGED in job.decide(untested, workers=1)["notes"]


def test_what_lies_in_s3_is_evaluated_judged_and_promoted_there(
    settings, s3_endpoint, tmp_path, monkeypatch
):
    copies = tmp_path / "copies"
    monkeypatch.setattr(fetching.platformdirs, "user_cache_path", lambda name: copies / name)
    root = s3_endpoint.uri("finetune").rstrip("/")
    moved = {"registry": f"{root}/registry"}
    for key in ("dataset", "retention", "output"):
        url = getattr(settings, key)
        moved[key] = f"{root}/{key}"
        for name in names_at(url):
            storage.write(f"{moved[key]}/{name}", storage.read_bytes(f"{url}/{name}"))
    there = settings.model_copy(update=moved)
    job.evaluate_base(there)
    assert job.evaluate(there)["files"] == []
    plant_readings(there)
    assert job.decide(there, workers=1)["promoted"] is True
    told = job.promote(there, workers=1)
    assert told["url"].startswith(f"{root}/registry/models/rec/")
    assert champion(there.registry, "rec").digest == told["sha256"]
