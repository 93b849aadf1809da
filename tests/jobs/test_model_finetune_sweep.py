"""A sweep: what is tried and in which order, what stays, what is resumed, and what is refused."""

import json

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import (
    DamagedFileError,
    DatasetError,
    PlanConflictError,
    SettingsError,
    TrainingError,
)
from ocr_tasks.jobs import model_finetune as job
from ocr_tasks.jobs.model_finetune_settings import ModelFinetuneSettings, as_trained
from ocr_tasks.jobs.model_finetune_sweep import attempt, choose, trials_of
from ocr_tasks.training import train as room
from ocr_tasks.training.outputs import BEST, EXPORTED, RESULT
from ocr_tasks.training.sweep import Variable
from tests.jobs.trials import Trainer, diverged
from tests.jobs.tuning import SMALLEST, draw_datasets, settings_in
from tests.stores import names_at

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

RATES = {"learning_rate": [0.0002, 0.0005, 0.001]}
RATES_AND_EPOCHS = RATES | {"epochs": [1, 3, 6]}
RATES_TRIED = [f"learning_rate-{rate}" for rate in RATES["learning_rate"]]


def by_rate_and_epochs(spec):
    """0.001 is the best rate, and three epochs are better than one or six."""
    return 0.1 + abs(spec.learning_rate - 0.001) + 0.01 * abs(spec.epochs - 3)


@pytest.fixture
def trainer(monkeypatch):
    """Takes the place of the training."""
    stand_in = Trainer(by_rate_and_epochs)
    monkeypatch.setattr(room, "learn", stand_in)
    return stand_in


def swept(folder, sweep, **train):
    return settings_in(folder, sweep=sweep, train=SMALLEST["train"] | train)


def otherwise(settings, sweep, **train):
    """Settings for the same places."""
    dumped = settings.model_dump()
    return ModelFinetuneSettings.revive(dumped | {"sweep": sweep, "train": dumped["train"] | train})


def read(settings, *names):
    return storage.read_bytes(storage.join(settings.output, *names))


def test_each_option_is_tried_with_the_best_of_those_before(trainer, tmp_path):
    told = job.sweep(swept(tmp_path, RATES_AND_EPOCHS, epochs=2))
    of_epochs = [f"learning_rate-0.001+epochs-{epochs}" for epochs in (1, 3, 6)]
    assert trainer.begun == [*RATES_TRIED, *of_epochs]
    assert told["best"]["options"] == {"learning_rate": 0.001, "epochs": 3}
    first, second = told["stages"]
    assert [trial["outcome"]["cer"] for trial in second["trials"]] == pytest.approx(
        [0.12, 0.1, 0.13]
    )
    assert (first["best"]["name"], second["best"]["name"]) == (
        "learning_rate-0.001",
        "learning_rate-0.001+epochs-3",
    )


def test_the_best_rate_is_not_trained_again_among_the_epochs(trainer, tmp_path):
    told = job.sweep(swept(tmp_path, RATES_AND_EPOCHS, epochs=6))
    assert len(trainer.begun) == 5
    again = told["stages"][1]["trials"][2]
    assert (again["name"], again["options"]["epochs"]) == ("learning_rate-0.001", 6)


def test_the_output_is_as_if_the_best_had_been_trained_there(trainer, tmp_path):
    settings = swept(tmp_path, RATES_AND_EPOCHS)
    best = job.sweep(settings)["best"]["name"]
    for name in (BEST, RESULT, "config.yaml"):
        assert read(settings, name) == read(settings, "trials", best, name)
    assert "trial.json" not in names_at(settings.output)
    train = as_trained(settings).train
    assert (train.learning_rate, train.epochs, train.scope) == (0.001, 3, "head")


def test_what_was_exported_of_another_best_is_not_taken_for_this_one(trainer, tmp_path):
    settings = swept(tmp_path, RATES)
    job.sweep(settings)
    exported = storage.join(settings.output, EXPORTED)
    storage.write(exported, b"{}")
    job.sweep(settings)
    assert storage.exists(exported)
    job.sweep(otherwise(settings, RATES | {"epochs": [1, 3]}))
    assert not storage.exists(exported)


def test_an_option_whose_values_are_all_worse_changes_nothing(trainer, tmp_path):
    settings = swept(tmp_path, RATES | {"epochs": [20, 30]}, epochs=3)
    assert job.sweep(settings)["best"]["name"] == "learning_rate-0.001"
    assert "still the best: learning_rate=0.001" in read(settings, "sweep.txt").decode()


def test_what_was_finished_is_kept_and_the_rest_is_tried(trainer, tmp_path):
    def killed_in_the_second(spec):
        return KeyboardInterrupt() if spec.learning_rate == 0.0005 else by_rate_and_epochs(spec)

    settings = swept(tmp_path, RATES_AND_EPOCHS)
    trainer.cer_of = killed_in_the_second
    with pytest.raises(KeyboardInterrupt):
        job.sweep(settings)
    assert trainer.begun == RATES_TRIED[:2]
    trainer.cer_of = by_rate_and_epochs
    begun, told = trainer.begun, job.sweep(settings)
    assert len(begun) == 2 + 4
    assert begun[2:4] == RATES_TRIED[1:]
    assert job.sweep(settings) == told
    assert len(begun) == 6


def test_a_sweep_that_is_lengthened_tries_only_what_is_new(trainer, tmp_path):
    settings = swept(tmp_path, RATES)
    job.sweep(settings)
    begun = len(trainer.begun)
    longer = {"learning_rate": [*RATES["learning_rate"], 0.002], "epochs": [3]}
    job.sweep(otherwise(settings, longer))
    assert trainer.begun[begun:] == ["learning_rate-0.002", "learning_rate-0.001+epochs-3"]


def test_a_training_that_diverges_is_a_row_with_its_reason(trainer, tmp_path):
    trainer.cer_of = lambda spec: (
        diverged(7) if spec.learning_rate > 0.0005 else by_rate_and_epochs(spec)
    )
    settings = swept(tmp_path, RATES)
    told = job.sweep(settings)
    assert told["best"]["name"] == "learning_rate-0.0005"
    assert told["stages"][0]["trials"][2]["fault"] == "the loss is nan at step 7"
    assert "the loss is nan at step 7" in read(settings, "sweep.txt").decode()
    job.sweep(settings)
    assert trainer.begun == RATES_TRIED


def test_where_all_diverge_the_sweep_fails_and_says_how(trainer, tmp_path):
    trainer.cer_of = lambda spec: diverged(int(spec.learning_rate * 1e4))
    settings = swept(tmp_path, RATES_AND_EPOCHS)
    with pytest.raises(TrainingError, match=r"nan at step 2; .* at step 5; .* at step 10"):
        job.sweep(settings)
    assert not storage.exists(storage.join(settings.output, RESULT))
    assert "the loss is nan at step 10" in read(settings, "sweep.txt").decode()


def test_other_faults_end_the_sweep(trainer, tmp_path):
    trainer.cer_of = lambda spec: DatasetError("no line of train can be learnt")
    with pytest.raises(DatasetError):
        job.sweep(swept(tmp_path, RATES))
    assert trainer.begun == RATES_TRIED[:1]


def test_a_training_that_forgot_print_is_not_the_best(trainer, tmp_path):
    trainer.cer_of = lambda spec: (1e-4 / spec.learning_rate, 0.01 + 10 * spec.learning_rate)
    settings = swept(tmp_path, RATES, forgetting=0.006)
    assert job.sweep(settings)["best"]["name"] == "learning_rate-0.0005"
    assert "print is forgotten" in read(settings, "sweep.txt").decode()
    nobody = swept(tmp_path / "strict", RATES, forgetting=0)
    with pytest.raises(TrainingError, match="print is forgotten"):
        job.sweep(nobody)


@pytest.mark.parametrize("form", ["mapping", "list", "nested", "as dumped"])
def test_options_keep_their_order_however_they_are_given(tmp_path, form):
    values = {"replay.share": [0.1], "epochs": [1], "augmentation.blur": [True, False]}
    given = {
        "mapping": values,
        "list": [{option: tried} for option, tried in values.items()],
        "nested": {
            "replay": {"share": [0.1]},
            "epochs": [1],
            "augmentation": {"blur": [True, False]},
        },
        "as dumped": [{"option": option, "values": tried} for option, tried in values.items()],
    }[form]
    settings = swept(tmp_path, given)
    assert settings.sweep == tuple(Variable(key, tuple(tried)) for key, tried in values.items())
    dumped = settings.model_dump(mode="json")
    assert dumped["sweep"][0] == {"option": "replay.share", "values": [0.1]}
    assert ModelFinetuneSettings.revive(dumped) == settings


@pytest.mark.parametrize("given", [None, {}, [], ()])
def test_no_option_is_no_sweep(trainer, tmp_path, given):
    settings = swept(tmp_path, given)
    assert settings.sweep == ()
    assert (trials_of(settings, 0), trials_of(settings, 1)) == ([{}], [])
    with pytest.raises(SettingsError, match="nothing to try"):
        job.sweep(settings)


def test_without_a_sweep_the_one_training_is_in_the_output(trainer, tmp_path):
    settings = swept(tmp_path, None)
    (options,) = trials_of(settings, 0)
    assert attempt(settings, options)["cer"] == by_rate_and_epochs(settings.train)
    assert choose(settings) == {}
    assert trainer.begun == ["tuned"]
    assert not storage.exists(storage.join(settings.output, "sweep.json"))


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        pytest.param({"lerning_rate": [0.1]}, "lerning_rate is no setting", id="no such option"),
        pytest.param({"replay.shares": [1]}, "replay.shares is no setting", id="none in a section"),
        pytest.param({"replay": [{"share": 1}]}, "replay is a section", id="a section"),
        pytest.param({"learning_rate": [0.1, -1]}, "learning_rate: .*greater than 0", id="value"),
        pytest.param({"epochs": []}, "sweep.0.values: .*at least 1", id="no value"),
        pytest.param({"epochs": 3}, "sweep.0.values: .*valid tuple", id="no list"),
        pytest.param("epochs", "sweep.0: ", id="no mapping"),
        pytest.param({"base": ["http://host/base.onnx"]}, "http", id="a URL of no store"),
        pytest.param({"base": ["s3://key:secret@bucket/x.onnx"]}, "holds a user", id="a secret"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_is(trainer, tmp_path, sweep, said):
    with pytest.raises(SettingsError, match=said):
        job.sweep(swept(tmp_path, sweep))
    assert trainer.begun == []


def test_numbers_that_yaml_takes_for_text_are_numbers(trainer, tmp_path):
    told = job.sweep(swept(tmp_path, {"learning_rate": ["1e-3", 0.001, "5e-4"]}))
    assert trainer.begun == ["learning_rate-0.001", "learning_rate-0.0005"]
    assert told["best"]["options"] == {"learning_rate": 0.001}


def test_trials_of_other_settings_or_labels_are_not_taken_for_these(trainer, tmp_path):
    settings = swept(tmp_path, RATES)
    job.sweep(settings)
    with pytest.raises(PlanConflictError, match=r"learning_rate-0\.0002/trial\.json is of other"):
        job.sweep(otherwise(settings, RATES, batch=2))
    assert job.sweep(otherwise(settings, RATES, threads=2))
    labels = tmp_path / "letters" / "train.txt"
    labels.write_text(labels.read_text(encoding="utf-8").replace("amber", "ember"), "utf-8")
    with pytest.raises(PlanConflictError):
        job.sweep(settings)


def test_a_training_of_no_sweep_is_not_overwritten(trainer, tmp_path):
    settings = swept(tmp_path, RATES)
    job.train(settings)
    with pytest.raises(PlanConflictError, match="a training of no sweep"):
        job.sweep(settings)


def test_a_damaged_trial_is_named(trainer, tmp_path):
    settings = swept(tmp_path, RATES)
    job.sweep(settings)
    url = storage.join(settings.output, "trials", "learning_rate-0.0005", "trial.json")
    storage.write(url, storage.read_bytes(url)[:-20])
    with pytest.raises(DamagedFileError, match=r"learning_rate-0.0005/trial.json cannot be read"):
        job.sweep(settings)


def test_trials_begin_with_one_champion(trainer, tmp_path):
    settings = swept(tmp_path, RATES)
    job.sweep(settings)
    assert storage.exists(storage.join(settings.output, "base.json"))
    assert not [name for name in names_at(settings.output) if name.endswith("/base.json")]


def test_a_sweep_in_s3_leaves_the_same_there(trainer, tmp_path, s3_endpoint):
    lines, _ = draw_datasets(tmp_path)
    root = s3_endpoint.uri("sweep").rstrip("/")
    for name in names_at(lines):
        storage.write(f"{root}/letters/{name}", storage.read_bytes(f"{lines}/{name}"))
    places = {"dataset": f"{root}/letters", "output": f"{root}/out", "registry": f"{root}/models"}
    options = {"train": {"epochs": 6}, "sweep": RATES_AND_EPOCHS}
    settings = ModelFinetuneSettings.revive(places | options)
    told = job.sweep(settings)
    assert told["best"]["name"] == "learning_rate-0.001+epochs-3"
    assert read(settings, BEST) == read(settings, "trials", told["best"]["name"], BEST)
    assert (
        json.loads(read(settings, "sweep.json"))["stages"] == json.loads(json.dumps(told))["stages"]
    )
    assert job.sweep(settings) == told
    assert len(trainer.begun) == 5  # six epochs are those of the settings


def test_the_command_tells_what_is_tried_and_prints_the_table(trainer, tmp_path, call):
    settings = swept(tmp_path, None)
    given = [f"--{key}={getattr(settings, key)}" for key in ("dataset", "output", "registry")]
    given += ["-osweep.learning_rate=[0.0005, 1e-3]", "-osweep.epochs=[3]"]
    code, said, told = call("model-finetune", "sweep", *given)
    assert code == 0
    assert "learning_rate: trial 2 of 2, learning_rate=0.001" in told
    assert "epochs: trial 1 of 1, learning_rate=0.001, epochs=3" in told
    assert "the best: learning_rate=0.001, epochs=3" in said
    assert "sweep of epochs" in said
