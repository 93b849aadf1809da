"""Processes that learn the same, each from its share of every batch, and move by all gradients.

The loss of a batch is the mean over its lines. A process that has a share of them weighs its own
mean by that share, and the sum over the processes is what one process would have had.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import paddle
from numpy.typing import NDArray

POLL_SECONDS = 0.02

T = TypeVar("T")


class Learner(Protocol):
    """What is trained: whatever it learns from, as it was prepared."""

    def loss(self, prepared: Any) -> paddle.Tensor:
        """How wrong it is, in the mean."""
        ...

    def parameters(self) -> Mapping[str, Any]:
        """What is trained, by its names in the network."""
        ...

    def state(self) -> dict[str, NDArray[Any]]:
        """A copy of what is trained."""
        ...

    def set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Fills what is trained."""
        ...


class Crew:
    """A process that learns alone."""

    number = 0
    size = 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that evaluates, writes and decides when to stop."""
        return self.number == 0

    def share(self, batch: Sequence[T]) -> list[T]:
        """What this process learns of a batch; perhaps nothing."""
        return list(batch[self.number :: self.size])

    def learn(self, learner: Learner, shared: "Shared", trained: Iterable[Any]) -> float:
        """The loss of the whole batch, once its gradients are those of ``trained``.

        They are not if that is no number.
        """
        loss = None if shared.prepared is None else learner.loss(shared.prepared) * shared.weight
        value = float(self._sum(np.array([0.0 if loss is None else float(loss)], np.float32))[0])
        if np.isfinite(value):
            if loss is not None:
                loss.backward()
            self._sum_gradients(trained)
        return value

    def agreed(self, is_over: bool) -> bool:
        """What the first process says, in all of them."""
        return is_over

    def meet(self) -> None:
        """Waits until all processes are here, however long one of them takes."""

    def _sum(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return values

    def _sum_gradients(self, trained: Iterable[Any]) -> None:
        """Nothing is to be done where there is one process."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A process's share of a batch: prepared, or None where it has none; and how large it is."""

    prepared: Any
    weight: float


ALONE = Crew()


class Team(Crew):
    """One of several processes that ``paddle.distributed.launch`` has started."""

    def __init__(self) -> None:
        """Meets the others; all have to."""
        paddle.distributed.init_parallel_env()
        self.number = paddle.distributed.get_rank()
        self.size = paddle.distributed.get_world_size()
        self._store = paddle.base.core.create_or_get_global_tcp_store()
        self._meetings = 0

    def meet(self) -> None:
        """See Crew. Gloo would give up after half a minute, in which nobody can evaluate much."""
        self._meetings += 1
        name = f"ocr-tasks-meeting-{self._meetings}"
        here = self._store.add(name, 1)
        while here < self.size:
            time.sleep(POLL_SECONDS)
            here = self._store.add(name, 0)

    def agreed(self, is_over: bool) -> bool:
        """See Crew."""
        said = paddle.to_tensor(np.array([is_over], np.float32))
        paddle.distributed.broadcast(said, 0)
        return bool(float(said) > 0)

    def _sum(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        tensor = paddle.to_tensor(values)
        paddle.distributed.all_reduce(tensor)
        summed: NDArray[np.float32] = tensor.numpy()
        return summed

    def _sum_gradients(self, trained: Iterable[Any]) -> None:
        """One message for all of them; what a process has no gradient of counts as zero."""
        parameters = list(trained)
        flat = [
            paddle.zeros([each.size]) if each.grad is None else each.grad.flatten()
            for each in parameters
        ]
        whole = paddle.concat(flat)
        paddle.distributed.all_reduce(whole)
        parts = paddle.split(whole, [each.size for each in parameters])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.reshape(parameter.shape)
