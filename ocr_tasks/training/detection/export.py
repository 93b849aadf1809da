"""A trained detector as files that serve: PaddlePaddle's inference format, and ONNX."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle.nn import functional

from ocr_tasks.engines.ppocr import DETECTOR
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.training.detection.network import DetectorBase, probability_of, text_logits
from ocr_tasks.training.export import Config, write_forms
from ocr_tasks.training.network import get_state, weights_of
from ocr_tasks.training.parity import Image, Parity, compared, forms_in

PARITY_SIDE = 320  # pixels of a crop on which forms are compared


class _Served(paddle.nn.Layer):
    """Images to probabilities; the network's own ``forward`` leaves Paddle, and cannot be saved."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Any) -> Any:
        """Probabilities (n, 1, height, width) of images (n, 3, height, width) of -1..1."""
        levels = self.network.model.backbone(images)
        features = _neck_features(self.network.model.neck, levels)
        return functional.sigmoid(text_logits(self.network.head, features))


def _neck_features(neck: Any, levels: Sequence[Any]) -> Any:
    """What ``neck`` makes of the backbone's levels, the finest first.

    Its own ``forward`` enlarges maps by an operation that Paddle 3.3 saves in a way its oneDNN,
    which PaddleOCR computes with on CPUs, refuses to run.
    """
    coarser, parts = None, []
    for place in (3, 2, 1, 0):  # Paddle's compiler takes no zip that is strict
        fused = neck.insert_conv[place](levels[place])
        if coarser is not None:
            fused = fused + _enlarged(coarser, 2)
        parts.append(_enlarged(neck.input_conv[place](fused), 2**place))
        coarser = fused
    return paddle.concat(parts, axis=1)


def _enlarged(features: Any, times: int) -> Any:
    """Each pixel as a square of ``times`` by ``times``."""
    if times == 1:
        return features
    return features.repeat_interleave(times, axis=2).repeat_interleave(times, axis=3)


def export_detector(base: DetectorBase, serving: DetectionSpec, folder: Path) -> None:
    """Writes ``inference.json``, ``.pdiparams``, ``.yml`` and ``.onnx`` into a local folder.

    The ONNX file is the base's own graph with the new weights in it.
    """
    filled = base.graph.filled(weights_of(get_state(base.network), base.bindings))
    write_forms(folder, filled, _Served(base.network), None, _config(serving))


def check_detector(
    base: DetectorBase, folder: Path, images: list[Image], threshold: float
) -> dict[str, Parity]:
    """The agreement of both exported forms with the trained network, pixel by pixel.

    What counts as text is what is above ``threshold``.

    Raises:
        ParityError: one of them finds something else.
    """

    def trained(image: Image) -> Image:
        with paddle.no_grad():
            output: Image = probability_of(base.network, paddle.to_tensor(image)).numpy()
        return output

    def is_text(probabilities: Image) -> NDArray[np.bool_]:
        return probabilities > threshold

    return compared(trained, forms_in(folder), images, is_text, "pixels")


def _config(serving: DetectionSpec) -> Config:
    """What PaddleX needs to know of a model: how pages become its input, and maps become boxes."""
    return {
        "Global": {"model_name": DETECTOR.name},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"DetLabelEncode": None},
                {"DetResizeForTest": {"resize_long": serving.first_side}},
                {
                    "NormalizeImage": {
                        "mean": [0.5, 0.5, 0.5],
                        "std": [0.5, 0.5, 0.5],
                        "scale": "1./255.",
                        "order": "hwc",
                    }
                },
                {"ToCHWImage": None},
                {"KeepKeys": {"keep_keys": ["image", "shape", "polys", "ignore_tags"]}},
            ]
        },
        "PostProcess": {
            "name": "DBPostProcess",
            "thresh": serving.threshold,
            "box_thresh": serving.box_threshold,
            "max_candidates": serving.max_lines,
            "unclip_ratio": serving.unclip_ratio,
        },
    }
