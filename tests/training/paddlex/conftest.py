"""What the tests of PaddleX share: a model in PaddlePaddle's format, a stand-in tree, a dataset."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ocr_tasks.training.export import ONNX, export
from ocr_tasks.training.network import get_state, set_state
from ocr_tasks.training.weights import load_base
from tests.dataset.folders import CHARACTERS, Line, drawn_lines, write_lines
from tests.training.paddlex.standin import StandIn

LONG = Line(
    "images/long.jpg",
    "mosaïque mosaïque mosaïque mosaïque mosaïque",
    "long",
    drawn_lines(1)[0].image,
)
TRAIN, VAL = [*drawn_lines(6), LONG], drawn_lines(4, first=100)
ODD = ["\U00010000 in Linear B", "no image"]


@pytest.fixture(scope="session")
def inference(tmp_path_factory) -> Path:
    """The default recogniser as if it had been trained a little, in PaddlePaddle's format."""
    base = load_base(None, None)
    state = get_state(base.network)
    random = np.random.default_rng(0)
    for name in ("head.head.weight", "head.encoder.svtr_block.0.mlp.fc1.weight"):
        noise = random.standard_normal(state[name].shape).astype(np.float32)
        state[name] = state[name] * (1 + 1e-3 * noise)
    set_state(base.network, state)
    folder = tmp_path_factory.mktemp("trained")
    export(base.network, base.graph, base.bindings, base.charset, folder)
    (folder / ONNX).rename(folder.parent / f"{folder.name}.onnx")  # PaddleX makes none
    return folder


@pytest.fixture
def tree(tmp_path, inference) -> StandIn:
    """A stand-in tree, whose programs leave that model."""
    standin = StandIn(tmp_path / "PaddleOCR")
    shutil.copytree(inference, standin.folder / "inference", dirs_exist_ok=True)
    return standin


@pytest.fixture
def dataset_url(tmp_path) -> str:
    """Lines to learn and to watch, and two that PaddleOCR would replace or spoil."""
    odd = [
        Line(f"images/odd{number}.jpg", label, "odd", drawn_lines(1)[0].image)
        for number, label in enumerate(ODD)
    ]
    url = write_lines(tmp_path / "lines", CHARACTERS, train=[*TRAIN, *odd], val=VAL)
    (tmp_path / "lines" / odd[1].name).unlink()
    return url
