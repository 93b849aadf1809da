"""What PaddleX is told: PaddleOCR's configuration, and around it PaddleX's own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ocr_tasks.training.paddlex.handover import Handed
from ocr_tasks.training.paddlex.source import Config
from ocr_tasks.training.spec import TrainSpec

LEAST_LONGER = 2  # than the longest label: an attention head has a start and an end besides
TRAINED = "trained"  # below the work folder, where PaddleX writes
CONFIG = "config.yaml"  # PaddleOCR's configuration, as PaddleX leaves it beside what it trained
BEST = "best_accuracy/best_accuracy.pdparams"
LATEST = "latest/latest.pdparams"


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights that a training begins with, and those of a checkpoint that it goes on from."""

    base: Path | None
    checkpoint: Path | None


def adapted(config: Config, longest: int, seed: int) -> Config:
    """PaddleOCR's configuration for labels of up to ``longest`` characters.

    Every ``max_text_length`` in it is raised if it is lower: a longer label, and its sample,
    would be replaced by the next one.
    """
    raised: Config = _raised(config, longest + LEAST_LONGER)
    raised["Global"] |= {"seed": seed, "use_space_char": True}
    return raised


def _raised(value: Any, least: int) -> Any:
    if isinstance(value, list):
        return [_raised(each, least) for each in value]
    if not isinstance(value, dict):
        return value
    raised = {key: _raised(each, least) for key, each in value.items()}
    length = raised.get("max_text_length")
    if isinstance(length, int) and length < least:
        raised["max_text_length"] = least
    return raised


def told_to_train(
    work: Path, basic: Path, handed: Handed, weights: Weights, spec: TrainSpec
) -> Config:
    """PaddleX's configuration of a training; of its epochs only the last is kept as well."""
    train = {
        "basic_config_path": str(basic),
        "epochs_iters": spec.epochs,
        "batch_size": spec.batch,
        "learning_rate": spec.learning_rate,
        "pretrain_weight_path": _text(weights.base),
        "resume_path": _text(weights.checkpoint),
        "log_interval": 1,
        "eval_interval": spec.eval_interval,
        "save_interval": spec.epochs,
    }
    return _around("train", work / TRAINED, spec, handed.folder) | {"Train": train}


def told_of_best(
    mode: Literal["evaluate", "export"], work: Path, folder: Path, output: Path, spec: TrainSpec
) -> Config:
    """PaddleX's configuration of an evaluation on val, or an export, of the best weights."""
    best, config = str(work / TRAINED / BEST), str(work / TRAINED / CONFIG)
    of_best = {"weight_path": best, "basic_config_path": config}
    sections = {"Evaluate": of_best | {"log_interval": 1}, "Export": of_best}
    return _around(mode, output, spec, folder) | sections


def _around(mode: str, output: Path, spec: TrainSpec, folder: Path) -> Config:
    return {
        "Global": {
            "model": spec.paddlex.model,
            "mode": mode,
            "dataset_dir": str(folder),
            "device": spec.device,
            "output": str(output),
        },
        "CheckDataset": {"convert": {"enable": False}, "split": {"enable": False}},
        "Train": {},
        "Evaluate": {"weight_path": str(output / BEST), "log_interval": 1},
        "Export": {"weight_path": None},
    }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
