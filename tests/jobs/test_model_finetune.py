"""A small fine-tuning from lines to a champion and back; resumed, refused, and by the command."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.engines import fetching
from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.engines.weights import digest_of_file
from ocr_tasks.errors import (
    ChampionChangedError,
    GateRefusedError,
    PlanConflictError,
    SettingsError,
    TrainingError,
)
from ocr_tasks.evaluation.canary import CanaryReport, CanarySpec
from ocr_tasks.evaluation.contest import VAL_JUDGED
from ocr_tasks.evaluation.verdict import Ruling
from ocr_tasks.jobs import model_finetune as job
from ocr_tasks.registry.champions import NOBODY, champion, promote
from ocr_tasks.registry.versions import find
from ocr_tasks.training import train as room
from ocr_tasks.training.outputs import write_settings
from tests.jobs.runs import do_in_turn, page, settings_for
from tests.jobs.tuning import SMALLEST, nudged_weights, plant_readings, settings_in
from tests.makers import fill_folder, png
from tests.registry.models import registered
from tests.stores import names_at

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves


@pytest.fixture(autouse=True, scope="module")
def little_print():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "RETENTION_LINES", 3)
        yield


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, little_print):
    """A fine-tuning up to the evaluation; tests take copies of it."""
    folder = tmp_path_factory.mktemp("evaluated")
    train = SMALLEST["train"] | {"base": nudged_weights(folder)}
    settings = settings_in(folder, train=train)
    job.evaluate_base(settings)
    steps = []
    result = job.train(settings, steps.append)
    assert result["done_flag"] is False
    assert [each.step for each in steps] == list(range(1, steps[-1].steps + 1))
    assert job.export(settings)["done_flag"] is True
    return settings, job.evaluate(settings)


@pytest.fixture
def settings(evaluated, tmp_path):
    """The settings of a copy of the evaluated fine-tuning, and a registry of its own."""
    whole, _ = evaluated
    output = tmp_path / "tuned"
    shutil.copytree(whole.output.removeprefix("file://"), output)
    places = {
        "output": storage.absolute(str(output)),
        "registry": storage.absolute(str(tmp_path / "registry")),
    }
    return whole.model_copy(update=places)


def read_json(settings, name):
    return json.loads(storage.read_bytes(storage.join(settings.output, name)))


def test_both_models_read_the_same_sets_and_the_files_are_sound(evaluated):
    settings, checks = evaluated
    assert checks["files"] == []
    assert checks["numbers"].keys() == {"test", "retention"}
    for both in checks["numbers"].values():
        assert {told["lines"] for told in both.values()} == {8}
    assert checks["parity"]["agreement"] >= 0.999
    assert checks["time_ratio"] > 0
    pages = {"test.html", "test.json", "retention.html", "champion_test.html", "curves.png"}
    assert pages <= set(names_at(settings.output))
    reading = read_json(settings, "test.json")
    readers = {role: told["report"]["engine"] for role, told in reading.items()}
    assert readers["champion"]["recognizer"]["sha256"] == RECOGNIZER.sha256
    assert readers["candidate"]["recognizer"]["sha256"] == checks["sha256"]


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
    job.evaluate_base(untested)
    job.evaluate(untested)
    plant_readings(untested)
    assert VAL_JUDGED in job.decide(untested, workers=1)["notes"]


def test_a_finished_training_is_not_done_again_and_another_one_has_no_place_there(settings):
    steps = []
    again = job.train(settings, steps.append)
    assert steps == []
    assert again["best"] == read_json(settings, "train_result.json")["best"]
    other = settings.model_copy(update={"train": settings.train.__class__(epochs=2)})
    with pytest.raises(PlanConflictError):
        job.train(other)


def test_a_training_that_was_killed_goes_on_from_its_last_checkpoint(tmp_path):
    train = SMALLEST["train"] | {"epochs": 2, "learning_rate": 1e-6}
    settings = settings_in(tmp_path, train=train)

    def killed_in_the_second_epoch(step):
        if step.step > step.steps // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.train(settings, killed_in_the_second_epoch)
    with pytest.raises(TrainingError, match="there is no train_result"):
        job.export(settings)
    steps = []
    result = job.train(settings, steps.append)
    assert [each.step for each in steps] == list(
        range(steps[-1].steps // 2 + 1, steps[-1].steps + 1)
    )
    assert len(result["evaluations"]) == 3


def test_a_sweep_of_real_trainings_leaves_what_is_exported(tmp_path):
    tried = {"learning_rate": [1e-6, 1e38], "epochs": [1, 2]}
    settings = settings_in(tmp_path, sweep=tried)
    told = job.sweep(settings)
    rates, epochs = (stage["trials"] for stage in told["stages"])
    assert "the loss is nan" in rates[1]["fault"]
    assert [trial["name"] for trial in epochs] == [
        "learning_rate-1e-06",
        "learning_rate-1e-06+epochs-2",
    ]
    trials = storage.join(settings.output, "trials")
    assert len(storage.names_in(trials)) == 3
    assert told["best"]["name"] in storage.names_in(trials)
    assert job.export(settings)["done_flag"] is True
    assert "best_accuracy/inference/inference.onnx" in names_at(settings.output)


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


def test_what_was_not_done_yet_is_named(tmp_path):
    settings = settings_in(tmp_path)
    with pytest.raises(TrainingError, match=r"there is no config\.yaml"):
        job.export(settings)
    with pytest.raises(TrainingError, match="there is no exported"):
        job.evaluate(settings)
    with pytest.raises(TrainingError, match=r"there is no config\.yaml"):
        job.decide(settings, workers=1)
    write_settings(settings.output, settings.train)
    with pytest.raises(SettingsError, match="nothing was evaluated"):
        job.decide(settings, workers=1)
    with pytest.raises(GateRefusedError, match="has judged nothing"):
        job.promote(settings, workers=1)


@pytest.mark.parametrize("place", ["dataset", "output", "registry", "retention"])
def test_a_place_that_may_not_be_used_is_refused(tmp_path, place):
    settings = settings_in(tmp_path, **{place: "http://host/folder"})
    with pytest.raises(SettingsError):
        job.evaluate_base(settings)


def given(settings):
    """The options of the command that say what these settings do."""
    options = []
    for key in ("dataset", "output", "registry"):
        options += [f"--{key}", getattr(settings, key)]
    dumped = settings.model_dump(mode="json", include={"retention", "train", "engine", "gate"})
    return [*options, *(f"-o{key}={json.dumps(value)}" for key, value in dumped.items())]


def test_the_command_ends_with_4_where_the_gate_refuses_and_with_0_where_not(settings, call):
    code, _, said = call("model-finetune", "decide", *given(settings), "--workers", "1")
    assert code == 4
    assert "E_GATE" in said
    plant_readings(settings)
    code, said, _ = call("model-finetune", "decide", *given(settings), "--workers", "1")
    assert (code, "the gate lets it pass" in said) == (0, True)
    assert champion(settings.registry, "rec") is None
    code, said, _ = call("model-finetune", "promote", *given(settings), "--workers", "1")
    assert (code, "champion 1: letters" in said) == (0, True)
    back = ("--registry", settings.registry, "--reason", "worse")
    code, said, _ = call("model-finetune", "rollback", *back)
    assert (code, "the built-in model" in said) == (0, True)
    code, _, said = call("model-finetune", "rollback", *back)
    assert (code, "E_REGISTRY" in said) == (1, True)


def test_a_dry_run_goes_through_all_steps_and_promotes_nobody(settings, call):
    code, _, said = call("model-finetune", "run", *given(settings), "--workers", "1", "--dry-run")
    assert (code, "REFUSED improvement" in said) == (4, True)
    assert said.count("8 of 8 lines") == 4  # two sets, read by two models
    assert champion(settings.registry, "rec") is None


def test_steps_print_what_they_did(settings, call):
    code, said, _ = call("model-finetune", "export", *given(settings))
    assert code == 0
    assert "100.00% of the steps of 3 lines agree" in said
    code, said, _ = call("model-finetune", "evaluate", *given(settings))
    assert code == 0
    assert "of the champion's time" in said
    code, _, said = call("model-finetune", "train", "--dataset", settings.dataset)
    assert (code, "E_SETTINGS" in said) == (2, True)
