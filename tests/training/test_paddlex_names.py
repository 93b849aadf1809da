"""PaddleX's configuration of a training is understood, or refused with what to say instead."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from ocr_tasks.errors import SettingsError
from ocr_tasks.jobs.model_finetune_settings import ModelFinetuneSettings
from ocr_tasks.settings import parse_overrides
from ocr_tasks.training.paddlex_names import translated

PLACES = {"dataset": "lines", "output": "tuned", "registry": "registry"}


def given(*pairs):
    """Settings by overrides, as on a command line."""
    return ModelFinetuneSettings.load(None, PLACES | parse_overrides(pairs))


def test_paddlexs_names_are_ours():
    settings = given(
        "Train.epochs_iters=4",
        "Train.batch_size=16",
        "Train.learning_rate=0.002",
        "Train.pretrain_weight_path=base.onnx",
        "Train.eval_interval=2",
        "Train.save_interval=3",
        "Train.log_interval=20",
        "Global.device=gpu:0",
    )
    assert settings == given(
        "train.epochs=4",
        "train.batch=16",
        "train.learning_rate=0.002",
        "train.base=base.onnx",
        "train.eval_interval=2",
        "train.save_interval=3",
        "train.device=gpu:0",
    )


def test_places_may_have_paddlexs_names_too():
    places = {"Global": {"dataset_dir": "lines", "output": "tuned"}, "registry": "registry"}
    assert ModelFinetuneSettings.load(None, places) == given()


def test_what_our_own_names_say_goes_before():
    assert given("Train.epochs_iters=4", "train.epochs=5").train.epochs == 5


def test_paddlexs_own_file_of_the_model_is_taken():
    wheel = Path(find_spec("paddlex").submodule_search_locations[0])
    file = wheel / "configs" / "modules" / "text_recognition" / "PP-OCRv6_small_rec.yaml"
    overrides = PLACES | parse_overrides(["train.base=null", "train.device=cpu"])
    settings = ModelFinetuneSettings.load(str(file), overrides)
    assert settings == given("train.epochs=20", "train.batch=8", "train.learning_rate=0.001")


@pytest.mark.parametrize(
    ("pair", "remedy"),
    [
        ("Train.warmup_steps=100", "train.warm_up says it as a share"),
        ("Train.resume_path=latest.pdparams", "the same output goes on"),
        ("Train.amp=O1", "wherever train.device is a GPU"),
        ("Train.epoch=3", "there is no such setting"),
        ("Global.model=PP-OCRv5_mobile_rec", "only PP-OCRv6_small_rec"),
    ],
)
def test_what_has_no_counterpart_is_refused_with_a_remedy(pair, remedy):
    with pytest.raises(SettingsError, match=remedy) as refusal:
        given(pair)
    assert pair.partition("=")[0] in str(refusal.value)


def test_all_that_is_wrong_is_named_at_once():
    with pytest.raises(SettingsError, match=r"Train\.dy2st: .*; Train\.num_classes: "):
        translated({"Train": {"dy2st": True, "num_classes": 10, "epochs_iters": 3}})
