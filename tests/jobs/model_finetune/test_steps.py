"""The steps of a small fine-tuning: what each leaves, takes up again, or refuses."""

import pytest

from ocr_tasks import storage
from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.errors import (
    GateRefusedError,
    PlanConflictError,
    SettingsError,
    TrainingError,
)
from ocr_tasks.jobs import model_finetune as job
from ocr_tasks.training.outputs import write_settings
from tests.jobs.tuning import (
    SMALLEST,
    read_json,
    settings_in,
)
from tests.stores import names_at

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves


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


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("gate", {"bootstrap": {"resamples": 10**12}}),
        ("gate", {"bootstrap": {"resamples": 1}}),
        ("gate", {"bootstrap": {"confidence": 1.0}}),
        ("gate", {"bootstrap": {"seed": -1}}),
        ("train", {"seed": -1}),
        ("detector", {"seed": -1}),
    ],
)
def test_a_number_with_which_nothing_could_be_drawn_is_refused(tmp_path, part, values):
    (name,) = values
    with pytest.raises(SettingsError, match=f"{part}.{name}"):
        settings_in(tmp_path, **{part: values})
