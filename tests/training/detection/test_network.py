"""The detector's ONNX graph and PaddleX's network say the same, whichever holds the weights."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import paddle
import pytest

from ocr_tasks.engines.ppocr import DETECTOR, normalised, recognizer_file
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError
from ocr_tasks.training.detection.network import (
    SEEN,
    ThresholdBranch,
    load_detector,
    probability_of,
    text_logits,
)
from ocr_tasks.training.graph import Kind
from ocr_tasks.training.network import get_state, layers_as_they_run, paired, set_state, weights_of

ARCHIVE = Path(__file__).parents[2] / "data" / "sample_archive"

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves


@pytest.fixture(scope="module")
def base():
    return load_detector(None, None)


@pytest.fixture(scope="module")
def crops():
    """Parts of real pages, as the detector sees them."""
    pages = [cv2.imread(str(path)) for path in sorted(ARCHIVE.rglob("*.jpg"))[:3]]
    return [normalised(page[100:420, 60:700][np.newaxis]) for page in pages]


def maps_of(network, crop):
    with paddle.no_grad():
        return probability_of(network, paddle.to_tensor(crop)).numpy()


def test_every_weight_of_the_graph_has_its_layer(base):
    kinds = Counter(binding.slot.kind for binding in base.bindings)
    assert kinds == {Kind.CONVOLUTION: 83, Kind.TRANSPOSED: 2}
    assert sum(binding.norm is not None for binding in base.bindings) == 36
    layers = {binding.layer for binding in base.bindings}
    assert len(layers) == len(base.bindings)
    assert base.info == DETECTOR


def test_network_and_graph_say_the_same_of_real_pages(base, crops):
    session = ort.InferenceSession(base.graph.filled({}))
    for crop in crops:
        (wanted,) = session.run(None, {"x": crop})
        assert wanted.max() > 0.9
        assert np.abs(maps_of(base.network, crop) - wanted).max() < 1e-3


def test_weights_come_back_from_the_network_as_they_were(base):
    back = weights_of(get_state(base.network), base.bindings)
    for name, array in base.graph.weights().items():
        np.testing.assert_allclose(back[name], array, rtol=1e-5, atol=1e-7, err_msg=name)


def test_trained_weights_say_in_the_graph_what_they_say_in_the_network(crops):
    """Norms and biases that are no longer those of the folding are folded again."""
    base = load_detector(None, None)
    random = np.random.default_rng(5)
    state = {
        name: array * random.uniform(0.97, 1.03, array.shape).astype(np.float32)
        for name, array in get_state(base.network).items()
    }
    set_state(base.network, state)
    filled = base.graph.filled(weights_of(state, base.bindings))
    (wanted,) = ort.InferenceSession(filled).run(None, {"x": crops[0]})
    assert np.abs(maps_of(base.network, crops[0]) - wanted).max() < 1e-3


def test_a_neck_in_the_order_of_the_network_is_refused(base):
    wrong = paired(base.graph.slots(), layers_as_they_run(base.network, SEEN, SEEN))
    with pytest.raises(ModelError, match="in place of"):
        base.graph.filled(weights_of(get_state(base.network), wrong))


def test_a_recogniser_is_no_detector():
    recogniser = recognizer_file(EngineSpec()).path
    with pytest.raises(ModelError, match="but the network has"):
        load_detector(str(recogniser), None)


def test_a_fresh_threshold_is_the_same_everywhere_and_pulls_at_no_feature(base, crops):
    branch = ThresholdBranch(seed=3, threshold=0.3)
    features = base.network.model(paddle.to_tensor(crops[0][:, :, :64, :64])).detach()
    features.stop_gradient = False
    threshold = branch(features)
    assert threshold.numpy() == pytest.approx(0.3)
    threshold.sum().backward()
    assert (features.grad.numpy() == 0).all()
    assert np.abs(branch.head.conv_final.weight.grad.numpy()).max() > 0


def test_a_threshold_is_drawn_from_its_seed(base):
    ones, others, twos = (get_state(ThresholdBranch(seed, 0.3)) for seed in (1, 1, 2))
    name = "head.conv_down.convolution.weight"
    np.testing.assert_array_equal(ones[name], others[name])
    assert (ones[name] != twos[name]).any()


def test_logits_are_what_the_head_squashes(base, crops):
    with paddle.no_grad():
        features = base.network.model(paddle.to_tensor(crops[0]))
        logits = text_logits(base.network.head, features).numpy()
        wanted = base.network.head(features).numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), wanted, atol=1e-6)
