"""A trained network as files that serve: PaddlePaddle's inference format, and ONNX.

The ONNX file is the base's own graph with the new weights in it, so what is served is the graph
that was served before, and its alphabet stays in its metadata.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import paddle
import yaml

from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.imaging.crops import LINE_HEIGHT
from ocr_tasks.training.graph import WeightGraph
from ocr_tasks.training.network import Binding, get_state, weights_of

STEM = "inference"  # of the files' names, as PaddleX has them
ONNX = f"{STEM}.onnx"
CONFIG = f"{STEM}.yml"
PADDLEX_WIDTH = 320  # pixels that PaddleX widens narrower lines to

Config = dict[str, Any]


class _Served(paddle.nn.Layer):
    """Images to probabilities; the network's own ``forward`` leaves Paddle, and cannot be saved."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Any) -> Any:
        """Probabilities (n, steps, classes) of images (n, 3, LINE_HEIGHT, width) of -1..1."""
        return self.network.head(self.network.model(images))


def export(
    network: Any,
    graph: WeightGraph,
    bindings: Sequence[Binding],
    charset: Sequence[str],
    folder: Path,
) -> None:
    """Writes ``inference.json``, ``.pdiparams``, ``.yml`` and ``.onnx`` into a local folder."""
    weights = weights_of(get_state(network), bindings)
    write_forms(folder, graph.filled(weights), _Served(network), LINE_HEIGHT, _config(charset))


def write_forms(
    folder: Path, onnx_file: bytes, served: paddle.nn.Layer, height: int | None, config: Config
) -> None:
    """Writes both forms of a network whose images have this ``height``, if it is always the same.

    ``config`` is what PaddleX needs to know of the model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ONNX).write_bytes(onnx_file)
    told = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    (folder / CONFIG).write_text(told, encoding="utf-8")
    given = paddle.static.InputSpec([None, 3, height, None], "float32", name="x")
    served.eval()
    paddle.jit.save(served, str(folder / STEM), input_spec=[given])


def _config(charset: Sequence[str]) -> Config:
    """What PaddleX needs to know of a model; the dictionary is without blank and space."""
    _, *characters, _ = charset
    return {
        "Global": {"model_name": RECOGNIZER.name},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, LINE_HEIGHT, PADDLEX_WIDTH]}},
                {"KeepKeys": {"keep_keys": ["image"]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }
