"""Checkpoints of a training: everything a resumed run needs to end as if it had never stopped.

A checkpoint is one safetensors file, so nobody ever sees a part of it, and to load one runs
nothing. What is no array stands as JSON in its metadata.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from ocr_tasks import storage
from ocr_tasks.errors import ModelError, PlanConflictError

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured after ``step`` steps: ``loss`` is their mean since the last evaluation.

    ``exact`` and ``cer`` are of the validation lines, ``retention_cer`` of print. ``share`` is how
    far the weights had gone from those they began with to those of that step.
    """

    step: int
    epoch: float
    minutes: float
    rate: float
    loss: float
    exact: float
    cer: float
    retention_cer: float
    share: float = 1.0

    @property
    def on_val(self) -> str:
        """What was measured on val, in few words."""
        return f"exact {self.exact:.1%}, CER {self.cer:.4f}"

    def __str__(self) -> str:
        """A line for a log."""
        where = f"epoch {self.epoch:g}, step {self.step}, {self.minutes:.1f} min"
        val = f"exact {self.exact:.4f}, CER {self.cer:.4f}"
        lost = f"CER of print {self.retention_cer:.4f}"
        if self.share < 1:
            return f"{self.share:.0%} of the way: {val}, {lost}"
        return f"{where}: loss {self.loss:.4f}, {val}, {lost}"


@dataclass(slots=True)
class Progress:
    """How far a training has come.

    ``best`` is the evaluation with the fewest errors on val, ``blends`` those between the weights
    of the beginning and its, and ``kept`` that of the weights that remain, once it is over, for
    this ``forgetting``.
    """

    fingerprint: str
    step: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_steps: int = 0
    best: Evaluation | None = None
    without_gain: int = 0
    evaluations: list[Evaluation] = field(default_factory=list)
    blends: list[Evaluation] = field(default_factory=list)
    kept: Evaluation | None = None
    forgetting: float = 0.0


def write_checkpoint(uri: str, progress: Progress, tensors: Tensors) -> None:
    """Writes a checkpoint over the last one.

    Raises:
        StorageError: the store did not answer.
    """
    whole = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    told = {"progress": json.dumps(asdict(progress))}
    storage.write(uri, safetensors.numpy.save(whole, metadata=told))


def read_checkpoint(uri: str, fingerprint: str) -> tuple[Progress, Tensors] | None:
    """The checkpoint at ``uri``; None where there is none.

    Raises:
        ModelError: it is damaged.
        PlanConflictError: it is of other data or settings than those of ``fingerprint``.
        StorageError: the store did not answer.
    """
    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError:
        return None
    try:
        progress = _progress_in(data)
        tensors = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the checkpoint {uri} is damaged: {error}") from error
    if progress.fingerprint != fingerprint:
        raise PlanConflictError(f"the checkpoint {uri} is of other lines, weights or settings")
    return progress, tensors


def _progress_in(data: bytes) -> Progress:
    """The JSON in the head of a safetensors file: its length in eight bytes, then itself."""
    head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    told: dict[str, Any] = json.loads(head["__metadata__"]["progress"])
    for name in ("best", "kept"):
        told[name] = None if told[name] is None else Evaluation(**told[name])
    for name in ("evaluations", "blends"):
        told[name] = [Evaluation(**each) for each in told[name]]
    return Progress(**told)
