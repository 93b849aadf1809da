"""PP-OCRv6_small's detector as a network that can be trained, with the branch it is served without.

The network is PaddleX's own (``paddlex.inference.models.text_detection.modeling``), as is that of
the recogniser. Of differentiable binarisation (Liao et al. 2020) it has the branch that says where
text is; the one that says how sure is sure enough was dropped when the model was published.
"""

import math
import re
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle.nn import functional
from paddlex.inference.models.text_detection.modeling.pp_ocrv6_small_det import (
    PPOCRV6SmallDet,
    PPOCRV6SmallDetConfig,
    PPOCRV6SmallDetHead,
)

from ocr_tasks.engines.ppocr import Network, detector_file, normalised
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.records import ModelInfo
from ocr_tasks.training.front import compiled_front
from ocr_tasks.training.graph import WeightGraph
from ocr_tasks.training.network import (
    Binding,
    RanLayers,
    get_state,
    layers_as_they_run,
    paired,
    set_state,
    state_of,
    weights_of,
)

SEEN = 64  # pixels of a side of the image that shows the order of layers
NECK = re.compile(r"model\.neck\.(insert_conv|input_conv)\.(\d)")


@dataclass(frozen=True, slots=True)
class DetectorBase:
    """A network with its weights, and the ONNX graph that they can be written back into."""

    info: ModelInfo
    network: Any
    graph: WeightGraph
    bindings: list[Binding]


def load_detector(given: str | None, pinned: str | None) -> DetectorBase:
    """The default detector, or the one in the ``given`` ONNX file, or folder with one.

    Raises:
        ModelError: the weights are absent, not the pinned ones, or of another network.
    """
    model = detector_file(EngineSpec(det_model=given, det_sha256=pinned))
    graph = WeightGraph.read(model.path)
    network = build_detector()
    bindings = paired(graph.slots(), _as_exported(layers_as_they_run(network, SEEN, SEEN)))
    set_state(network, state_of(graph.weights(), bindings))
    return DetectorBase(model.info, network, graph, bindings)


def build_detector() -> Any:
    """The network, its batch norms frozen; its weights are random yet."""
    network = PPOCRV6SmallDet(PPOCRV6SmallDetConfig())
    network.eval()
    return network


def _as_exported(ran: RanLayers) -> RanLayers:
    """The layers in the order of the graph, whose neck begins with the coarsest of four levels."""
    ordered: RanLayers = []
    for part, layers in groupby(ran, lambda each: _neck_part(each[0])):
        levels = [list(level) for _, level in groupby(layers, lambda each: _level(each[0]))]
        ordered += [each for level in (levels[::-1] if part else levels) for each in level]
    return ordered


def _neck_part(name: str) -> str:
    found = NECK.match(name)
    return found[1] if found else ""


def _level(name: str) -> str:
    found = NECK.match(name)
    return found[2] if found else ""


class ThresholdBranch(paddle.nn.Layer):
    """How sure is sure enough, for each pixel: a head like that of text, which is never served.

    It begins with nothing learnt: weights are drawn from ``seed`` (He et al. 2015), and its last
    layer's are zeros, so that at first it says the ``threshold`` of serving everywhere.
    """

    def __init__(self, seed: int, threshold: float) -> None:
        """A branch behind the neck."""
        super().__init__()
        self.head = PPOCRV6SmallDetHead(PPOCRV6SmallDetConfig())
        self.head.eval()
        random = np.random.default_rng(seed)
        for layer in (self.head.conv_down.convolution, self.head.conv_up.convolution):
            shape = tuple(layer.weight.shape)
            spread = math.sqrt(2 / math.prod(shape[1:]))
            layer.weight.set_value(random.normal(0, spread, shape).astype(np.float32))
        last = self.head.conv_final
        last.weight.set_value(np.zeros(tuple(last.weight.shape), np.float32))
        logit = math.log(threshold / (1 - threshold))
        last.bias.set_value(np.full(tuple(last.bias.shape), logit, np.float32))

    def forward(self, features: paddle.Tensor) -> paddle.Tensor:
        """The threshold (n, 1, height, width), 0 to 1, by the neck's features."""
        threshold: paddle.Tensor = self.head(features)
        return threshold


def text_logits(head: Any, features: paddle.Tensor) -> paddle.Tensor:
    """What ``head`` puts out before its sigmoid, from which a loss can be had without overflow."""
    logits: paddle.Tensor = head.conv_final(head.conv_up(head.conv_down(features)))
    return logits


def probability_of(network: Any, images: paddle.Tensor) -> paddle.Tensor:
    """How sure text is (n, 1, height, width), of images (n, 3, height, width) of -1..1."""
    return functional.sigmoid(text_logits(network.head, network.model(images)))


def network_as_served(base: DetectorBase, device: str, threads: int) -> Network:
    """A detector's network with the weights that are trained: on CPUs the graph, by OpenVINO.

    There it is several times as fast as Paddle, and what is watched is what will serve.
    """
    if device == "cpu":
        filled = base.graph.filled(weights_of(get_state(base.network), base.bindings))
        return compiled_front(filled, base.graph.output(), threads)

    def look(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        with paddle.no_grad():
            found = probability_of(base.network, paddle.to_tensor(normalised(images)))
        probabilities: NDArray[np.float32] = found.numpy()
        return probabilities

    return look
