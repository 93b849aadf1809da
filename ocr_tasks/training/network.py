"""PP-OCRv6_small's recogniser as a network that can be trained, and its place for each weight.

The network is PaddleX's own (``paddlex.inference.models.text_recognition.modeling``), which is
internal to that package: pairing it with the ONNX graph holds the two to one another, shape by
shape, and a test holds their outputs together.
"""

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle.nn import functional
from paddlex.inference.models.common.transformers.activations import SiLUActivation
from paddlex.inference.models.text_recognition.modeling.pp_ocrv6_small_rec import (
    PPOCRV6SmallRec,
    PPOCRV6SmallRecConfig,
)

from ocr_tasks.engines.processor import computes_in_avx2
from ocr_tasks.errors import ModelError, SettingsError
from ocr_tasks.imaging.crops import LINE_HEIGHT, WIDTH_STEP
from ocr_tasks.training.graph import Arrays, Kind, Slot

State = dict[str, NDArray[np.float32]]  # every parameter and buffer of a network, by its name

PARTS = {
    Kind.CONVOLUTION: ("weight", "bias"),
    Kind.TRANSPOSED: ("weight", "bias"),
    Kind.BATCH_NORM: ("weight", "bias", "_mean", "_variance"),
    Kind.LINEAR: ("weight", "bias"),
    Kind.LAYER_NORM: ("weight", "bias"),
}
LAYERS: dict[Kind, Any] = {
    Kind.CONVOLUTION: paddle.nn.Conv2D,
    Kind.TRANSPOSED: paddle.nn.Conv2DTranspose,
    Kind.BATCH_NORM: paddle.nn.BatchNorm2D,
    Kind.LINEAR: paddle.nn.Linear,
    Kind.LAYER_NORM: paddle.nn.LayerNorm,
}
CONVOLUTIONS = {Kind.CONVOLUTION, Kind.TRANSPOSED}
EPSILON = 1e-5  # of the network's batch norms

RanLayers = list[tuple[str, Any]]  # layers with weights and their names, as they ran


@dataclass(frozen=True, slots=True)
class Binding:
    """A slot of the graph and the network's layer for it.

    ``norm`` is the batch norm behind that layer, where the exporter folded one into it, and
    ``adds_too`` says that such a layer has a bias of its own.
    """

    slot: Slot
    layer: str
    norm: str | None = None
    adds_too: bool = False


class Swish(paddle.nn.Layer):
    """The same as Paddle's ``silu``, whose gradient is NaN where its input is below -88."""

    def forward(self, given: paddle.Tensor) -> paddle.Tensor:
        """X · sigmoid(x) (Ramachandran et al. 2017)."""
        return given * functional.sigmoid(given)


def build_network(classes: int) -> Any:
    """The network with ``classes`` outputs, its batch norms frozen; its weights are random yet."""
    network = PPOCRV6SmallRec(PPOCRV6SmallRecConfig(head_out_channels=classes))
    for layer in network.sublayers():
        for name, child in list(layer.named_children()):
            if isinstance(child, SiLUActivation):
                setattr(layer, name, Swish())
    network.eval()
    return network


def compute_on(device: str, threads: int) -> None:
    """Has Paddle compute on ``cpu`` or ``gpu:N``, with ``threads`` of the CPU.

    Its MKL (of 2019) uses AVX2 on Intel's processors only, unless it is told to, and takes 2.4
    times as long on others. Its threads that wait would spin on cores that the front could have.

    Raises:
        SettingsError: there is no such device.
    """
    if computes_in_avx2():
        os.environ.setdefault("MKL_DEBUG_CPU_TYPE", "5")
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    try:
        paddle.device.set_device(device)
    except (ValueError, RuntimeError) as error:
        raise SettingsError(f"device={device}: there is none that Paddle could use") from error
    paddle.base.core.set_num_threads(threads)


def bind(slots: Sequence[Slot], network: Any) -> list[Binding]:
    """Which layer of the network each slot belongs to, in the order in which both run.

    Raises:
        ModelError: they are not the same network.
    """
    return paired(slots, layers_as_they_run(network, LINE_HEIGHT, WIDTH_STEP))


def paired(slots: Sequence[Slot], ran: RanLayers) -> list[Binding]:
    """Slots and layers, each in their order, one by one. Raises as ``bind`` does."""
    layers = deque(ran)
    bindings = [_binding(slot, layers) for slot in slots]
    if layers:
        raise ModelError(
            f"the model has no weights for {len(layers)} layers from {layers[0][0]} on"
        )
    return bindings


def layers_as_they_run(network: Any, height: int, width: int) -> RanLayers:
    """The layers with weights of ``network``, in the order in which an image runs them."""
    names = {id(each): name for name, each in network.named_sublayers()}
    ran: RanLayers = []

    def note(layer: Any, _given: Any, output: Any) -> Any:
        ran.append((names[id(layer)], layer))
        return output

    hooks = [
        layer.register_forward_post_hook(note)
        for layer in network.sublayers()
        if any(isinstance(layer, kind) for kind in LAYERS.values())
    ]
    with paddle.no_grad():
        network.head(network.model(paddle.zeros([1, 3, height, width])))
    for hook in hooks:
        hook.remove()
    return ran


def _binding(slot: Slot, layers: deque[tuple[str, Any]]) -> Binding:
    """The slot's layers, taken from ``layers``; only convolutions are followed by folded norms."""
    name, layer = layers.popleft() if layers else ("nothing", None)
    if not isinstance(layer, LAYERS[slot.kind]):
        raise ModelError(f"{slot.names[0]} is a {slot.kind.value}, but the network has {name}")
    if slot.kind not in CONVOLUTIONS or len(slot.names) == 1:
        return Binding(slot, name)
    has_norm = bool(layers) and isinstance(layers[0][1], paddle.nn.BatchNorm2D)
    if layer.bias is None and not has_norm:
        after = layers[0][0] if layers else "nothing"
        raise ModelError(f"{slot.names[1]} is a bias, but the network has {after} there")
    if not has_norm:
        return Binding(slot, name)
    return Binding(slot, name, layers.popleft()[0], adds_too=layer.bias is not None)


def state_of(weights: Arrays, bindings: Sequence[Binding]) -> State:
    """The network's state with a graph's weights; a folded batch norm becomes one that adds."""
    state: State = {}
    for binding in bindings:
        arrays = [weights[name] for name in binding.slot.names]
        if binding.norm is not None:
            weight, bias = arrays
            state |= _norm_that_adds(binding.norm, bias.ravel())
            arrays = [weight, np.zeros_like(bias)] if binding.adds_too else [weight]
        parts = PARTS[binding.slot.kind]
        for part, array in zip(parts, arrays, strict=False):  # a convolution may have no bias
            state[f"{binding.layer}.{part}"] = array.ravel() if part == "bias" else array
    return state


def _norm_that_adds(norm: str, bias: NDArray[np.float32]) -> State:
    ones = np.ones_like(bias)
    return {
        f"{norm}.weight": ones,
        f"{norm}.bias": bias,
        f"{norm}._mean": ones * 0,
        f"{norm}._variance": ones * np.float32(1 - EPSILON),
    }


def weights_of(state: State, bindings: Sequence[Binding]) -> dict[str, NDArray[np.float32]]:
    """A graph's weights with a network's state: the inverse of ``state_of``, for any batch norm."""
    weights: dict[str, NDArray[np.float32]] = {}
    for binding in bindings:
        slot = binding.slot
        if binding.norm is not None:
            arrays = _folded(state, binding, binding.norm)
        else:
            parts = PARTS[slot.kind][: len(slot.names)]
            arrays = [state[f"{binding.layer}.{part}"] for part in parts]
            if slot.kind in CONVOLUTIONS:
                arrays = [array.reshape(_broadcast(array)) for array in arrays]
        weights |= dict(zip(slot.names, arrays, strict=True))
    return weights


def _folded(state: State, binding: Binding, norm: str) -> list[NDArray[np.float32]]:
    """A convolution's weight and bias that do what it does with the batch norm behind it."""
    scale = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}._variance"] + np.float32(EPSILON))
    added = -state[f"{norm}._mean"]
    if binding.adds_too:
        added = added + state[f"{binding.layer}.bias"]
    bias = state[f"{norm}.bias"] + added * scale
    outputs = (1, -1, 1, 1) if binding.slot.kind is Kind.TRANSPOSED else (-1, 1, 1, 1)
    weight = state[f"{binding.layer}.weight"] * scale.reshape(outputs)
    return [weight, bias.reshape(_broadcast(bias))]


def _broadcast(array: NDArray[np.float32]) -> tuple[int, ...]:
    """The shape of a convolution's weight, or that in which the graph adds a bias to images."""
    return array.shape if array.ndim > 1 else (1, len(array), 1, 1)


def set_state(network: Any, state: State) -> None:
    """Fills a network.

    Raises:
        ModelError: a parameter is missing, is not the network's, or has another shape.
    """
    own = network.state_dict()
    if own.keys() != state.keys():
        odd = sorted(own.keys() ^ state.keys())
        raise ModelError(f"{len(odd)} parameters differ from the network's, {odd[0]} for one")
    for name, tensor in own.items():
        if tuple(tensor.shape) != state[name].shape:
            raise ModelError(f"{name}: {state[name].shape} in place of {tuple(tensor.shape)}")
        tensor.set_value(state[name])


def get_state(network: Any) -> State:
    """A copy of a network's parameters and buffers."""
    return {
        name: cast("NDArray[np.float32]", t.numpy()) for name, t in network.state_dict().items()
    }
