"""Checkpoints of a training: everything a resumed run needs to end as if it had never stopped.

A checkpoint is one safetensors file, so nobody ever sees a part of it, and to load one runs
nothing. What is no array stands as JSON in its metadata.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from ocr_tasks import storage
from ocr_tasks.errors import ModelError, PlanConflictError

LATEST = "latest/latest.safetensors"  # below the output

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Evaluation(ABC):
    """What was measured after ``step`` steps: ``loss`` is their mean since the last evaluation."""

    step: int
    epoch: float
    minutes: float
    rate: float
    loss: float

    @property
    @abstractmethod
    def on_val(self) -> str:
        """What was measured on val, in few words."""

    @property
    def when(self) -> str:
        """Where in the training it was measured, and the loss there."""
        where = f"epoch {self.epoch:g}, step {self.step}, {self.minutes:.1f} min"
        return f"{where}: loss {self.loss:.4f}"


E = TypeVar("E", bound=Evaluation)


@dataclass(slots=True)
class Progress(Generic[E]):
    """How far a training has come; ``best`` is the best of its ``evaluations`` on val."""

    learnt: ClassVar[str]
    """What it is learnt from, in a word."""
    evaluation: ClassVar[type[Evaluation]]

    fingerprint: str
    step: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_steps: int = 0
    best: E | None = None
    without_gain: int = 0
    evaluations: list[E] = field(default_factory=list)


P = TypeVar("P", bound=Progress[Any])


def write_checkpoint(uri: str, progress: Progress[Any], tensors: Tensors) -> None:
    """Writes a checkpoint over the last one.

    Raises:
        StorageError: the store did not answer.
    """
    whole = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    told = {"progress": json.dumps(asdict(progress))}
    storage.write(uri, safetensors.numpy.save(whole, metadata=told))


def read_checkpoint(uri: str, fingerprint: str, kind: type[P]) -> tuple[P, Tensors] | None:
    """The checkpoint at ``uri``, of a training of this ``kind``; None where there is none.

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
        told = _told_in(data)
        if told["fingerprint"] != fingerprint:
            other = f"other {kind.learnt}, weights or settings"
            raise PlanConflictError(f"the checkpoint {uri} is of {other}")
        return _progress_of(told, kind), safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the checkpoint {uri} is damaged: {error}") from error


def _told_in(data: bytes) -> dict[str, Any]:
    """The JSON in the head of a safetensors file: its length in eight bytes, then itself."""
    head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    told: dict[str, Any] = json.loads(head["__metadata__"]["progress"])
    return told


def _progress_of(told: dict[str, Any], kind: type[P]) -> P:
    return kind(**{name: _revived(value, kind.evaluation) for name, value in told.items()})


def _revived(value: Any, evaluation: type[Evaluation]) -> Any:
    """A value of a progress; the only objects among them are evaluations."""
    if isinstance(value, list):
        return [_revived(each, evaluation) for each in value]
    return evaluation(**value) if isinstance(value, dict) else value
