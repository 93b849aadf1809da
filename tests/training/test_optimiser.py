"""The learning rate over the steps, and an optimiser that goes on where another stopped."""

import numpy as np
import paddle
import pytest

from ocr_tasks.errors import ModelError
from ocr_tasks.training.optimiser import LAST_SHARE, Optimiser, learning_rate

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves


def test_the_rate_climbs_to_its_peak_and_falls_to_a_rest():
    rates = [learning_rate(step, 100, 1e-3, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == pytest.approx(1e-3)
    assert rates.index(max(rates)) in {9, 10}
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert learning_rate(100, 100, 1e-3, 0.1) == pytest.approx(LAST_SHARE * 1e-3)


def layer_and_optimiser():
    paddle.seed(3)
    layer = paddle.nn.Linear(4, 2)
    layer.weight.set_value(np.linspace(-1, 1, 8, dtype=np.float32).reshape(4, 2))
    return layer, Optimiser(dict(layer.named_parameters()), weight_decay=0.1, clip=0.5)


def step(layer, optimiser, number):
    given = paddle.to_tensor(np.random.default_rng(number).normal(size=(3, 4)).astype(np.float32))
    (layer(given) ** 2).mean().backward()
    optimiser.step(learning_rate(number, 10, 0.1, 0.2))


def test_a_new_optimiser_with_the_old_state_takes_the_same_steps():
    layer, optimiser = layer_and_optimiser()
    for number in range(6):
        if number == 3:
            state, weights = optimiser.state(), layer.weight.numpy().copy()
            bias = layer.bias.numpy().copy()
        step(layer, optimiser, number)
    other, resumed = layer_and_optimiser()
    other.weight.set_value(weights)
    other.bias.set_value(bias)
    resumed.set_state(state)
    for number in range(3, 6):
        step(other, resumed, number)
    assert (other.weight.numpy() == layer.weight.numpy()).all()
    assert set(state) == {
        f"{name}/{accumulator}"
        for name in ("weight", "bias")
        for accumulator in ("moment1_0", "moment2_0", "beta1_pow_acc_0", "beta2_pow_acc_0")
    }


def test_the_state_of_other_parameters_is_refused():
    _, optimiser = layer_and_optimiser()
    with pytest.raises(ModelError, match="which is not trained"):
        optimiser.set_state({"other/moment1_0": np.zeros(3, np.float32)})
