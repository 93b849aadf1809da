"""The network as it is trained: a front that is frozen, a rear that learns, an output cut short.

The output layer has a row for each of 18,710 characters, most of which no line has. While it is
trained it has only those that may occur, and their rivals: characters that it had learnt to tell
from them, and would take them for once what comes in has changed. The others are put back as they
were. What is read meanwhile is read with all of them, as it will be served.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle.nn import functional

from ocr_tasks.engines.ppocr import normalised
from ocr_tasks.training.batches import Batch
from ocr_tasks.training.front import Front
from ocr_tasks.training.memory import FeatureMemory
from ocr_tasks.training.spec import Scope

OUTPUT = "head.head"  # the network's output layer
POOLING = (3, 2)  # of the last features, to one row and a step for each 8 pixels
FROZEN: dict[Scope, int] = {"head": 14, "deep": 11, "all": 0}  # blocks of the backbone's 14
RIVALS = 64  # characters whose rows are the most like a character's own
TYPICAL_LABEL = 40.0  # characters; keeps the loss about 1, whatever the lengths of labels


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch as the rear takes it: what comes in, (lines, channels, height, width), and labels."""

    given: NDArray[np.float32]
    steps: NDArray[np.int64]
    labels: NDArray[np.int32]  # (lines, longest), as places among the kept classes
    lengths: NDArray[np.int64]


class Student:
    """A network in training."""

    def __init__(
        self,
        network: Any,
        charset: Sequence[str],
        kept: Iterable[int],
        scope: Scope,
        amp: bool = False,
    ) -> None:
        """Trains what ``scope`` says, and of the output the rows of ``kept`` and their rivals.

        With ``amp`` it multiplies in bfloat16, which only pays on GPUs.
        """
        self.network = network
        self.charset = charset
        self.front: Front | None = None
        self._memory = FeatureMemory()
        self._amp = amp
        encoder = network.model.backbone.encoder
        self._blocks = [encoder.convolution, *(b for stage in encoder.blocks for b in stage.blocks)]
        self._frozen = FROZEN[scope]
        full = network.head.head
        self.kept = _with_rivals(full.weight.numpy(), sorted({0, *kept}))  # 0 is the blank
        self._output = paddle.nn.Linear(full.weight.shape[0], len(self.kept))
        self._output.weight.set_value(full.weight.numpy()[:, self.kept])
        self._output.bias.set_value(full.bias.numpy()[self.kept])
        self._trained = self._freeze()

    def _freeze(self) -> dict[str, Any]:
        """Stops gradients at the front; returns what is left to train."""
        frozen = {id(each) for block in self._blocks[: self._frozen] for each in block.parameters()}
        trained = {}
        for name, parameter in self.network.named_parameters():
            if id(parameter) in frozen or name.startswith(f"{OUTPUT}."):
                parameter.stop_gradient = True
            else:
                trained[name] = parameter
        return trained | {
            f"{OUTPUT}.{name}": parameter for name, parameter in self._output.named_parameters()
        }

    @property
    def first_trained(self) -> str:
        """The name of the first layers that learn, behind the front."""
        if self._frozen == len(self._blocks):
            return "head.encoder"
        first = self._blocks[self._frozen]
        names: dict[int, str] = {id(layer): name for name, layer in self.network.named_sublayers()}
        return names[id(first)]

    def prepared(self, batch: Batch, comes_again: bool = False) -> Prepared:
        """A batch for ``logits`` and ``loss``; runs nothing of Paddle's, so any thread may do it.

        A ``front`` that was compiled reads each line alone, as it is served. Of a batch that
        ``comes_again`` it is remembered what it made.
        """
        if self.front is None:
            given = normalised(batch.images())
        else:
            run = partial(self._memory.features, front=self.front) if comes_again else self.front
            maps = [run(strip[np.newaxis]) for strip in batch.strips]
            given = _side_by_side(maps, batch.width * maps[0].shape[3] // batch.strips[0].shape[1])
        classes, lengths = batch.labels()
        places = np.searchsorted(self.kept, classes).astype(np.int32)
        return Prepared(given, batch.steps(), places, lengths)

    def logits(self, prepared: Prepared) -> paddle.Tensor:
        """The kept classes' logits (lines, steps, kept)."""
        return self._through(self._output, prepared)

    def read(self, prepared: Prepared) -> NDArray[np.int64]:
        """The likeliest class, of all, at each step: (lines, steps). Wants ``put_back`` before."""
        with paddle.no_grad():
            classes = self._through(self.network.head.head, prepared).argmax(axis=2)
        return cast("NDArray[np.int64]", classes.numpy())

    def _through(self, output: Any, prepared: Prepared) -> paddle.Tensor:
        with paddle.amp.auto_cast(enable=self._amp, dtype="bfloat16"):
            features = self._features(paddle.to_tensor(prepared.given))
            logits: paddle.Tensor = output(self.network.head.encoder(features))
        return logits.astype("float32")

    def _features(self, given: paddle.Tensor) -> paddle.Tensor:
        """The backbone's pooled features of images, or of what a compiled front made of them."""
        if self.front is None:
            with paddle.no_grad():
                for block in self._blocks[: self._frozen]:
                    given = block(given)
        elif self._frozen == len(self._blocks):
            return given  # that front pools too
        for block in self._blocks[self._frozen :]:
            given = block(given)
        return functional.avg_pool2d(given, POOLING)

    def loss(self, prepared: Prepared) -> paddle.Tensor:
        """The CTC loss (Graves et al. 2006), mean over the lines."""
        losses = functional.ctc_loss(
            self.logits(prepared).transpose([1, 0, 2]),
            paddle.to_tensor(prepared.labels),
            paddle.to_tensor(prepared.steps),
            paddle.to_tensor(prepared.lengths),
            reduction="none",
        )
        return losses.mean() / TYPICAL_LABEL

    def parameters(self) -> Mapping[str, Any]:
        """What is trained, by its names in the network; of the output only the rows kept."""
        return self._trained

    def state(self) -> dict[str, NDArray[np.float32]]:
        """A copy of what is trained."""
        return {name: parameter.numpy().copy() for name, parameter in self._trained.items()}

    def set_state(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Fills what is trained."""
        for name, parameter in self._trained.items():
            parameter.set_value(state[name])

    def put_back(self) -> Any:
        """The network with the output's trained rows among the others."""
        full = self.network.head.head
        weight, bias = full.weight.numpy().copy(), full.bias.numpy().copy()
        weight[:, self.kept] = self._output.weight.numpy()
        bias[self.kept] = self._output.bias.numpy()
        full.weight.set_value(weight)
        full.bias.set_value(bias)
        return self.network


def _with_rivals(rows: NDArray[np.float32], kept: Sequence[int]) -> NDArray[np.int64]:
    """The classes ``kept`` and, for each, those whose columns of ``rows`` are its nearest."""
    unit = rows / np.linalg.norm(rows, axis=0)
    likeness = unit[:, kept].T @ unit
    nearest = np.argpartition(likeness, -RIVALS, axis=1)[:, -RIVALS:]
    return np.union1d(kept, nearest).astype(np.int64)


def _side_by_side(maps: Sequence[NDArray[np.float32]], width: int) -> NDArray[np.float32]:
    """Feature maps (1, channels, height, any) of many widths as one, padded with zeros."""
    padded = np.zeros((len(maps), *maps[0].shape[1:3], width), np.float32)
    for place, each in zip(padded, maps, strict=True):
        place[:, :, : each.shape[3]] = each[0]
    return padded
