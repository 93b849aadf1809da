"""PaddlePaddle's inference format of a model, written into the ONNX graph of the same model.

The graph that our wheels carry was made of such a program, so layers with weights stand in the same
order in both. Whoever writes one so has to compare what both say: shapes alone prove little.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from ocr_tasks.errors import ModelError
from ocr_tasks.training.graph import Kind, Slot, WeightGraph

Array = NDArray[np.float32]

KINDS = {
    "pd_op.conv2d": Kind.CONVOLUTION,
    "pd_op.depthwise_conv2d": Kind.CONVOLUTION,
    "pd_op.batch_norm_": Kind.BATCH_NORM,
    "pd_op.batch_norm": Kind.BATCH_NORM,
    "pd_op.matmul": Kind.LINEAR,
    "pd_op.layer_norm": Kind.LAYER_NORM,
}
BATCH_NORM_ORDER = (2, 3, 0, 1)  # the program has mean and variance first


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a program: its arrays in the order of Kind, a bias last; ``epsilon`` of norms."""

    kind: Kind
    arrays: tuple[Array, ...]
    epsilon: float = 0.0


def refilled(graph: WeightGraph, program: Path) -> bytes:
    """The ONNX file of ``graph`` with the weights of the program ``<program>.json``.

    Raises:
        ModelError: they are not of the same model, or the program cannot be read.
    """
    layers = deque(layers_of(program))
    weights: dict[str, Array] = {}
    for slot in graph.slots():
        weights |= dict(zip(slot.names, _arrays_for(slot, layers), strict=True))
    if layers:
        raise ModelError(f"{program} has {len(layers)} layers more than the ONNX graph")
    return graph.filled(weights)


def layers_of(program: Path) -> Iterator[Layer]:
    """The layers with weights of a program, in its order."""
    try:
        loaded = paddle.jit.load(str(program))
    except Exception as error:  # Paddle raises many kinds; each means that it is not there
        raise ModelError(f"cannot read the model {program}: {error}") from error
    held = {each.name: np.asarray(each.numpy(), np.float32) for each in loaded.parameters()}
    for operation in loaded.program().global_block().ops:
        kind = KINDS.get(operation.name())
        if kind is not None:
            layer = _layer(operation, kind, held)
            if layer is not None:
                yield layer


def _layer(operation: Any, kind: Kind, held: dict[str, Array]) -> Layer | None:
    arrays = [held[name] for name in map(_parameter, operation.operands_source()) if name in held]
    if not arrays:
        return None  # a product of two things that were computed
    if kind is Kind.BATCH_NORM:
        ordered = tuple(arrays[place] for place in BATCH_NORM_ORDER)
        return Layer(kind, ordered, float(operation.attrs()["epsilon"]))
    if kind in {Kind.CONVOLUTION, Kind.LINEAR}:
        arrays += [held[name] for name in _added_to(operation) if name in held]
    return Layer(kind, tuple(arrays))


def _parameter(value: Any) -> str:
    """The name of the parameter that a value is, perhaps in another shape; or nothing."""
    source = value.get_defining_op()
    if source is not None and source.name() == "pd_op.reshape":
        source = source.operands_source()[0].get_defining_op()
    if source is None or source.name() != "builtin.parameter":
        return ""
    return str(source.attrs()["parameter_name"])


def _added_to(operation: Any) -> list[str]:
    followers = operation.result(0).all_used_ops()
    if len(followers) != 1 or followers[0].name() != "pd_op.add":
        return []
    return [_parameter(value) for value in followers[0].operands_source()]


def _arrays_for(slot: Slot, layers: deque[Layer]) -> list[Array]:
    """What goes into a slot, taken from the next layers; a batch norm is folded if it has to be."""
    layer = layers.popleft() if layers else None
    if layer is None or layer.kind is not slot.kind:
        found = "nothing" if layer is None else f"a {layer.kind.value}"
        raise ModelError(f"{slot.names[0]} is a {slot.kind.value}, but the program has {found}")
    arrays = list(layer.arrays)
    if slot.kind is Kind.CONVOLUTION:
        follows_norm = bool(layers) and layers[0].kind is Kind.BATCH_NORM
        if len(slot.names) > len(arrays) and follows_norm:
            arrays = _folded(arrays[0], layers.popleft())
        arrays[1:] = [bias.reshape(1, -1, 1, 1) for bias in arrays[1:]]
    if len(arrays) != len(slot.names):
        raise ModelError(f"{slot.names[0]} has {len(slot.names)} weights, but {len(arrays)} here")
    return arrays


def _folded(weight: Array, norm: Layer) -> list[Array]:
    """A convolution's weight and bias that do what it does with the batch norm behind it."""
    scale, shift, mean, variance = norm.arrays
    factor = scale / np.sqrt(variance + np.float32(norm.epsilon))
    return [weight * factor.reshape(-1, 1, 1, 1), shift - mean * factor]
