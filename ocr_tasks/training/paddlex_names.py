"""PaddleX's configuration of a training, in the names of ours."""

from collections.abc import Mapping
from typing import Any

from ocr_tasks.dataset.paddlex import SECTIONS, put_given
from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.errors import SettingsError

Values = dict[str, Any]

OURS = {
    "epochs_iters": "epochs",
    "batch_size": "batch",
    "learning_rate": "learning_rate",
    "pretrain_weight_path": "base",
    "eval_interval": "eval_interval",  # in epochs there too
    "save_interval": "save_interval",
}
SAID_OTHERWISE = {"log_interval"}  # in every file of PaddleX's; here progress shows all the time
REMEDIES = {
    "warmup_steps": "train.warm_up says it as a share of the steps",
    "resume_path": "the same output goes on from its last checkpoint",
    "num_classes": "the alphabet is that of the weights it begins with",
    "basic_config_path": "every option stands in configs/model_finetune.yaml",
    "amp": "it is on wherever train.device is a GPU",
    "dy2st": "the network is trained as it is",
}


def translated(values: Values) -> Values:
    """Nested values in which PaddleX's sections are replaced by what they mean here.

    Keys that are null, as some of Train are in PaddleX's own files, mean the default. The sections
    of other steps mean nothing: each step here takes what the training left in the output.

    Raises:
        SettingsError: they ask for what is not done here; it says what to do instead.
    """
    ours = {key: value for key, value in values.items() if key not in SECTIONS}
    put_given(ours, _of_global(values.get("Global") or {}))
    put_given(ours, {"train": _of_train(values.get("Train") or {})})
    return ours


def _of_global(section: Values) -> Values:
    model = section.get("model")
    if model not in (None, RECOGNIZER.name):
        raise SettingsError(f"Global.model: {model} is not trained here, only {RECOGNIZER.name}")
    return {
        "dataset": section.get("dataset_dir"),
        "output": section.get("output"),
        "train": {"device": section.get("device")},
    }


def _of_train(section: Mapping[str, Any]) -> Values:
    given = {key: value for key, value in section.items() if value is not None}
    unknown = [key for key in given if key not in OURS and key not in SAID_OTHERWISE]
    if unknown:
        raise SettingsError("; ".join(_refusal(key) for key in unknown))
    return {OURS[key]: value for key, value in given.items() if key in OURS}


def _refusal(key: str) -> str:
    return f"Train.{key}: {REMEDIES.get(key, 'there is no such setting')}"
