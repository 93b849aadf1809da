"""The ONNX graph and PaddleX's network are one network, weight by weight."""

from collections import Counter
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import paddle
import pytest

from ocr_tasks.engines.ppocr import RECOGNIZER, WHEEL_FILES, normalised, wheel_models
from ocr_tasks.errors import ModelError, SettingsError
from ocr_tasks.imaging.crops import pad_to_bucket
from ocr_tasks.training.graph import Kind, WeightGraph
from ocr_tasks.training.network import (
    bind,
    build_network,
    compute_on,
    get_state,
    set_state,
    state_of,
    weights_of,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

ONNX = wheel_models() / WHEEL_FILES[RECOGNIZER]
CLASSES = 18_710


def graph_as_function(onnx_file):
    session = ort.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {session.get_inputs()[0].name: image})[0]


def test_the_graph_has_the_layers_of_the_network(base):
    kinds = Counter(slot.kind for slot in base.graph.slots())
    assert kinds == {
        Kind.CONVOLUTION: 57,
        Kind.BATCH_NORM: 3,
        Kind.LINEAR: 9,
        Kind.LAYER_NORM: 5,
    }
    assert len(base.charset) == CLASSES
    bound = [name for each in base.bindings for name in (each.layer, each.norm) if name]
    assert len(set(bound)) == len(bound)


def test_every_parameter_of_the_network_is_filled(base):
    filled = state_of(base.graph.weights(), base.bindings)
    assert filled.keys() == base.network.state_dict().keys()


def test_the_network_says_what_the_graph_says_of_real_lines(base, real_strips):
    graph = graph_as_function(ONNX.read_bytes())
    for strip in real_strips:
        image = normalised(pad_to_bucket(strip)[np.newaxis])
        wanted = graph(image)
        with paddle.no_grad():
            got = base.network.head(base.network.model(paddle.to_tensor(image))).numpy()
        assert np.abs(got - wanted).max() < 1e-3
        assert (got.argmax(2) == wanted.argmax(2)).all()


def test_weights_come_back_as_they_went_in(base):
    before = base.graph.weights()
    after = weights_of(state_of(before, base.bindings), base.bindings)
    assert after.keys() == before.keys()
    for name, array in before.items():
        np.testing.assert_allclose(after[name], array, atol=1e-6, err_msg=name)


def test_batch_norms_of_any_kind_are_folded_into_their_convolutions(base, real_strips):
    """A user's own weights have batch norms with real means and variances."""
    network = build_network(CLASSES)
    random = np.random.default_rng(1)
    state = get_state(base.network)
    for name, array in state.items():
        if name.endswith(("_mean", "normalization.bias")):
            state[name] = array + random.normal(0, 0.05, array.shape).astype(np.float32)
        elif name.endswith(("_variance", "normalization.weight")):
            state[name] = array * random.uniform(0.9, 1.1, array.shape).astype(np.float32)
    set_state(network, state)
    written = base.graph.filled(weights_of(state, base.bindings))
    image = normalised(pad_to_bucket(real_strips[0])[np.newaxis])
    with paddle.no_grad():
        wanted = network.head(network.model(paddle.to_tensor(image))).numpy()
    assert np.abs(graph_as_function(written)(image) - wanted).max() < 1e-3


def test_the_alphabet_survives_other_weights(base):
    written = WeightGraph(onnx.load_model_from_string(base.graph.filled(base.graph.weights())))
    assert written.characters() == base.graph.characters()


def test_a_weight_of_another_shape_is_refused(base):
    (name, *_) = base.graph.slots()[0].names
    with pytest.raises(ModelError, match="in place of"):
        base.graph.filled({name: np.zeros((2, 3), np.float32)})


def test_a_graph_with_a_layer_too_few_or_of_another_kind_is_refused(base):
    slots = base.graph.slots()
    with pytest.raises(ModelError, match=r"no weights for 1 layers from head\.head on"):
        bind(slots[:-1], base.network)
    with pytest.raises(ModelError, match="but the network has"):
        bind([replace(slots[0], kind=Kind.LINEAR), *slots[1:]], base.network)
    with pytest.raises(ModelError, match="the network has nothing"):
        bind([*slots, slots[-1]], base.network)


@pytest.mark.parametrize("change", ["missing", "strange", "shape"])
def test_a_state_of_another_network_is_refused(base, change):
    state = get_state(base.network)
    if change == "missing":
        del state["head.head.bias"]
    elif change == "strange":
        state["head.tail.bias"] = np.zeros(3, np.float32)
    else:
        state["head.head.bias"] = np.zeros(3, np.float32)
    with pytest.raises(ModelError, match=r"head\.(head|tail)\.bias"):
        set_state(base.network, state)


def test_a_file_that_is_no_onnx_is_refused(tmp_path):
    path = tmp_path / "inference.onnx"
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(ModelError, match="cannot read the model"):
        WeightGraph.read(path)


def test_gradients_are_numbers_however_far_from_zero_an_activation_is(base):
    """Paddle's own ``silu`` has NaN for a gradient below -88."""
    activation = base.network.head.encoder.conv_block[0].activation
    given = paddle.to_tensor(np.array([-300, -88, -1, 0, 300], np.float32), stop_gradient=False)
    activation(given).sum().backward()
    np.testing.assert_allclose(given.grad.numpy(), [0, 0, 0.0723295, 0.5, 1], atol=1e-6)


@pytest.mark.parametrize("device", ["gpu:9", "abacus"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(SettingsError, match=f"device={device}"):
        compute_on(device, 1)
