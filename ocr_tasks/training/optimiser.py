"""AdamW, its learning rate over the steps, and its state by the names of what it trains."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from ocr_tasks.errors import ModelError

ACCUMULATORS = ("moment1_0", "moment2_0", "beta1_pow_acc_0", "beta2_pow_acc_0")  # of paddle's AdamW
LAST_SHARE = 0.02  # of the learning rate, left at the last step


def learning_rate(step: int, steps: int, peak: float, warm_up: float) -> float:
    """The rate at ``step`` of ``steps``: up to ``peak`` in a line, then down along a cosine.

    ``warm_up`` is the share of the steps that go up (Loshchilov and Hutter 2017).
    """
    climbing = max(1, round(steps * warm_up))
    if step < climbing:
        return peak * (step + 1) / climbing
    way = (step - climbing) / max(1, steps - climbing)
    return peak * (LAST_SHARE + (1 - LAST_SHARE) * 0.5 * (1 + math.cos(math.pi * way)))


class Optimiser:
    """Paddle's AdamW over named parameters."""

    def __init__(self, parameters: Mapping[str, Any], weight_decay: float, clip: float) -> None:
        """Gradients longer than ``clip`` together are shortened to it."""
        self._parameters = dict(parameters)
        self._adam = paddle.optimizer.AdamW(
            0.0,
            parameters=list(parameters.values()),
            weight_decay=weight_decay,
            grad_clip=paddle.nn.ClipGradByGlobalNorm(clip),
        )

    def step(self, rate: float) -> None:
        """Moves every parameter against its gradient, and forgets the gradients."""
        self._adam.set_lr(rate)
        self._adam.step()
        self._adam.clear_grad()

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Its moments, by the names of the parameters."""
        held = self._adam.state_dict()
        return {
            f"{name}/{accumulator}": held[f"{parameter.name}_{accumulator}"].numpy()
            for name, parameter in self._parameters.items()
            for accumulator in ACCUMULATORS
            if f"{parameter.name}_{accumulator}" in held
        }

    def set_state(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Takes up the moments of an earlier optimiser of the same parameters.

        Raises:
            ModelError: they are of other parameters.
        """
        of_paddle = {}
        for key, array in state.items():
            name, _, accumulator = key.rpartition("/")
            if name not in self._parameters or accumulator not in ACCUMULATORS:
                raise ModelError(f"the checkpoint has a state of {name}, which is not trained")
            of_paddle[f"{self._parameters[name].name}_{accumulator}"] = paddle.to_tensor(array)
        self._adam.set_state_dict(of_paddle)
