"""The weights that a training begins with: the default's, or a user's in one of three formats."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import safetensors
import safetensors.numpy

from ocr_tasks.engines.ppocr import charset_in, recognizer_file
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.engines.weights import digest_of_file, refuse_other_weights, refuse_pickles
from ocr_tasks.errors import ModelError
from ocr_tasks.records import ModelInfo
from ocr_tasks.training.graph import WeightGraph
from ocr_tasks.training.network import Binding, State, bind, build_network, set_state, state_of

PDPARAMS = ".pdparams"
SAFETENSORS = ".safetensors"


@dataclass(frozen=True, slots=True)
class Base:
    """A network with its weights, and the ONNX graph that they can be written back into."""

    info: ModelInfo
    network: Any
    graph: WeightGraph
    bindings: list[Binding]
    charset: tuple[str, ...]


def load_base(given: str | None, pinned: str | None) -> Base:
    """The default recogniser, or the ``given`` ONNX file, folder, ``.safetensors``, ``.pdparams``.

    ``.pdparams`` are pickles, which can run any code: they are opened only if ``pinned`` is their
    digest. The parameters of both have the names of PaddleX's network.

    Raises:
        ModelError: the weights are absent, not the pinned ones, or of another network.
    """
    path = None if given is None else Path(given)
    is_state = path is not None and path.suffix in {PDPARAMS, SAFETENSORS}
    model = recognizer_file(
        EngineSpec() if is_state else EngineSpec(rec_model=given, rec_sha256=pinned)
    )
    graph = WeightGraph.read(model.path)
    slots = graph.slots()
    weights = graph.weights()
    classes = weights[slots[-1].names[0]].shape[-1]
    charset = charset_in(model.path, graph.characters(), classes)
    network = build_network(classes)
    bindings = bind(slots, network)
    if path is None or not is_state:
        set_state(network, state_of(weights, bindings))
        return Base(model.info, network, graph, bindings, charset)
    digest = digest_of_file(path)
    refuse_other_weights(path, digest, pinned)
    set_state(network, _state_in(path, pinned))
    return Base(ModelInfo(path.stem, digest), network, graph, bindings, charset)


def _state_in(path: Path, pinned: str | None) -> State:
    if path.suffix == SAFETENSORS:
        refuse_pickles(path)
        try:
            return safetensors.numpy.load_file(path)
        except safetensors.SafetensorError as error:
            raise ModelError(f"cannot read the model {path}: {error}") from error
    if pinned is None:
        raise ModelError(f"{path} is a pickle, which can run any code: give its sha256 to trust it")
    try:
        loaded = paddle.load(str(path), return_numpy=True)
    except Exception as error:  # a pickle can raise anything
        raise ModelError(f"cannot read the model {path}: {error}") from error
    if not isinstance(loaded, dict):
        raise ModelError(f"{path} holds no parameters by name")
    arrays = {name: value for name, value in loaded.items() if isinstance(value, np.ndarray)}
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}
