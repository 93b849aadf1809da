"""A model's ONNX graph as slots for weights, which can be read and filled anew.

PaddlePaddle's exporter keeps the order in which the network's layers run, folds batch norms into
convolutions, and writes a bias as an addition behind its product. So the slots in the order of the
nodes are the layers in the order of their execution.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from ocr_tasks.errors import ModelError

Arrays = Mapping[str, NDArray[np.float32]]


class Kind(Enum):
    """What a slot's weights are for."""

    CONVOLUTION = "convolution"  # weight (out, in, height, width), bias (1, out, 1, 1) if any
    TRANSPOSED = "transposed convolution"  # weight (in, out, height, width), bias (1, out, 1, 1)
    BATCH_NORM = "batch norm"  # scale, shift, mean, variance
    LINEAR = "linear"  # weight (in, out), bias
    LAYER_NORM = "layer norm"  # scale, shift


@dataclass(frozen=True, slots=True)
class Slot:
    """A layer's place in the graph: the names of the initialisers that hold its weights."""

    kind: Kind
    names: tuple[str, ...]


class WeightGraph:
    """A graph whose weights can be read and replaced; all else in it stays as it is."""

    def __init__(self, model: onnx.ModelProto) -> None:
        """The graph of a loaded model."""
        self._model = model
        self._held = {tensor.name: tensor for tensor in model.graph.initializer}
        self._followers = {name: node for node in reversed(model.graph.node) for name in node.input}

    @classmethod
    def read(cls, path: Path) -> "WeightGraph":
        """The graph in an ONNX file.

        Raises:
            ModelError: it cannot be read as one.
        """
        try:
            return cls(onnx.load(path))
        except Exception as error:  # protobuf raises private classes
            raise ModelError(f"cannot read the model {path}: {error}") from error

    def slots(self) -> list[Slot]:
        """Every layer with weights, in the order in which they run."""
        found = (self._slot(node) for node in self._model.graph.node)
        return [slot for slot in found if slot is not None]

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The arrays of all slots, by the names of their initialisers."""
        names = [name for slot in self.slots() for name in slot.names]
        return {name: self._array(name) for name in names}

    def characters(self) -> str | None:
        """The alphabet in the metadata, a character a line."""
        told = {entry.key: entry.value for entry in self._model.metadata_props}
        return told.get("character")

    def input_of(self, slot: Slot) -> str:
        """The tensor that comes into a slot's layer."""
        (node,) = (node for node in self._model.graph.node if slot.names[0] in node.input)
        return str(next(name for name in node.input if name not in self._held))

    def output(self) -> str:
        """The tensor that the graph puts out."""
        (output,) = (each.name for each in self._model.graph.output)
        return str(output)

    def filled(self, weights: Arrays) -> bytes:
        """The ONNX file with other weights in its slots.

        Raises:
            ModelError: an array has another shape than what it would replace.
        """
        filled = onnx.ModelProto()
        filled.CopyFrom(self._model)
        for tensor in filled.graph.initializer:
            if tensor.name not in weights:
                continue
            array = np.ascontiguousarray(weights[tensor.name], np.float32)
            if array.shape != tuple(tensor.dims):
                raise ModelError(f"{tensor.name}: {array.shape} in place of {tuple(tensor.dims)}")
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
        return bytes(filled.SerializeToString())

    def _slot(self, node: onnx.NodeProto) -> Slot | None:
        held = [name for name in node.input if name in self._held]
        match node.op_type:
            case "Conv":
                return Slot(Kind.CONVOLUTION, (held[0], *self._added_to(node)))
            case "ConvTranspose":
                return Slot(Kind.TRANSPOSED, (held[0], *self._added_to(node)))
            case "BatchNormalization":
                return Slot(Kind.BATCH_NORM, tuple(held))
            case "MatMul" if held:
                return Slot(Kind.LINEAR, (held[0], *self._added_to(node)))
            case "Mul" if held and self._is_vector(held[0]):
                return Slot(Kind.LAYER_NORM, (held[0], *self._added_to(node)))
        return None

    def _added_to(self, node: onnx.NodeProto) -> list[str]:
        """The initialiser that is added to what a node puts out."""
        follower = self._followers.get(node.output[0])
        while follower is not None and follower.op_type == "Identity":
            follower = self._followers.get(follower.output[0])
        if follower is None or follower.op_type != "Add":
            return []
        return [name for name in follower.input if name in self._held]

    def _is_vector(self, name: str) -> bool:
        dims = self._held[name].dims
        return len(dims) == 1 and dims[0] > 1

    def _array(self, name: str) -> NDArray[np.float32]:
        return np.array(numpy_helper.to_array(self._held[name]), np.float32)
