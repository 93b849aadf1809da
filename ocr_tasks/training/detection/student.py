"""The detector as it is trained, with the branch of thresholds beside the one that is served."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from ocr_tasks.engines.ppocr import normalised
from ocr_tasks.training.detection.crops import CropBatch
from ocr_tasks.training.detection.loss import db_loss
from ocr_tasks.training.detection.network import ThresholdBranch, text_logits
from ocr_tasks.training.detection.spec import DetectorScope
from ocr_tasks.training.detection.targets import Map

THRESHOLD = "threshold."  # before the names of that branch's parameters


@dataclass(frozen=True, slots=True)
class PreparedCrops:
    """A batch as the network takes it: images (n, 3, side, side) of -1..1, and its targets."""

    images: NDArray[np.float32]
    targets: tuple[Map, Map, Map, Map]  # text, counts, threshold, border


class DetectorStudent:
    """A detector in training."""

    def __init__(
        self, network: Any, scope: DetectorScope, seed: int, threshold: float, amp: bool = False
    ) -> None:
        """Trains what ``scope`` says, and a branch of thresholds that is drawn from ``seed``.

        With ``amp`` it multiplies in bfloat16, which only pays on GPUs.
        """
        self.network = network
        self._branch = ThresholdBranch(seed, threshold)
        self._scope = scope
        self._amp = amp
        self._trained = dict(self._freeze())

    def _freeze(self) -> Iterator[tuple[str, Any]]:
        """Stops gradients at what is frozen; yields what is left to train."""
        frozen = {"head": "model.", "neck": "model.backbone.", "all": "no part"}[self._scope]
        for name, parameter in self.network.named_parameters():
            if name.startswith(frozen):
                parameter.stop_gradient = True
            elif not parameter.stop_gradient:  # as that of a norm's statistics is
                yield name, parameter
        for name, parameter in self._branch.named_parameters():
            if not parameter.stop_gradient:
                yield THRESHOLD + name, parameter

    def prepared(self, batch: CropBatch) -> PreparedCrops:
        """A batch for ``loss``; runs nothing of Paddle's, so any thread may do it."""
        targets = (batch.text, batch.counts, batch.threshold, batch.border)
        return PreparedCrops(normalised(batch.images), targets)

    def loss(self, prepared: PreparedCrops) -> paddle.Tensor:
        """The loss of differentiable binarisation."""
        text, counts, wanted, border = map(paddle.to_tensor, prepared.targets)
        with paddle.amp.auto_cast(enable=self._amp, dtype="bfloat16"):
            features = self._features(paddle.to_tensor(prepared.images))
            logits = text_logits(self.network.head, features)
            threshold = self._branch(features.detach())  # which knows nothing yet
        maps = logits.astype("float32"), threshold.astype("float32")
        return db_loss(*maps, text, counts, wanted, border)

    def _features(self, images: paddle.Tensor) -> paddle.Tensor:
        """The neck's features; nothing that is frozen is kept for gradients."""
        model, scope = self.network.model, self._scope
        with paddle.set_grad_enabled(scope == "all"):
            levels = model.backbone(images)
        with paddle.set_grad_enabled(scope != "head"):
            features: paddle.Tensor = model.neck(levels)
        return features

    def parameters(self) -> Mapping[str, Any]:
        """What is trained, by its names in the network."""
        return self._trained

    def state(self) -> dict[str, NDArray[np.float32]]:
        """A copy of what is trained."""
        return {name: parameter.numpy().copy() for name, parameter in self._trained.items()}

    def set_state(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Fills what is trained."""
        for name, parameter in self._trained.items():
            parameter.set_value(state[name])
