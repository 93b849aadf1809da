"""PaddleOCR's source tree, which PaddleX's trainer needs, and its configuration of a training."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ocr_tasks.errors import SettingsError, TrainerMissingError
from ocr_tasks.training.spec import PaddlexSpec

VARIABLE = "PADDLE_PDX_PADDLEOCR_PATH"
PROGRAMS = ("tools/train.py", "tools/eval.py", "tools/export_model.py")
SECTIONS = ("Global", "Train", "Eval")

Config = dict[str, Any]


def source_tree(spec: PaddlexSpec, environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of PaddleOCR's source tree that ``spec`` or the environment names.

    Raises:
        TrainerMissingError: neither does, or there is no such tree.
    """
    given = spec.source or environment.get(VARIABLE)
    if not given:
        raise TrainerMissingError(f"neither train.paddlex.source nor {VARIABLE} names a tree")
    tree = Path(given).absolute()
    missing = [program for program in PROGRAMS if not (tree / program).is_file()]
    if missing:
        raise TrainerMissingError(f"{tree} has no {', '.join(missing)}")
    return tree


def basic_config(tree: Path, spec: PaddlexSpec) -> Config:
    """PaddleOCR's configuration of a training: the one that was given, or the tree's own.

    It is read as data: PaddleX would let it make any object of Python's.

    Raises:
        TrainerMissingError: it is not there, or there are several of the model's name.
        SettingsError: it is no configuration of a training.
    """
    path = _given_file(tree, spec.config) if spec.config else _file_of(tree, spec.model)
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"train.paddlex.config: cannot read {path}: {error}") from error
    sections = config if isinstance(config, dict) else {}
    absent = [name for name in SECTIONS if not isinstance(sections.get(name), dict)]
    if absent:
        raise SettingsError(f"train.paddlex.config: {path} has no section {', '.join(absent)}")
    return sections


def _given_file(tree: Path, given: str) -> Path:
    for path in (Path(given).absolute(), tree / given):
        if path.is_file():
            return path
    raise TrainerMissingError(f"train.paddlex.config: there is no {given}, nor is it in {tree}")


def _file_of(tree: Path, model: str) -> Path:
    found = [
        path for ending in ("yml", "yaml") for path in tree.glob(f"configs/**/{model}.{ending}")
    ]
    if len(found) != 1:
        raise TrainerMissingError(
            f"{tree} has {len(found)} files configs/**/{model}.yml: "
            "name the one to use by train.paddlex.config"
        )
    return found[0]
