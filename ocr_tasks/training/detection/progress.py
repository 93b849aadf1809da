"""Checkpoints of a detector's training: everything a resumed run needs to end as undisturbed.

They are files as those of a recogniser's training are; see ``training/checkpoints.py``.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from ocr_tasks import storage
from ocr_tasks.errors import ModelError, PlanConflictError
from ocr_tasks.training.checkpoints import Tensors


@dataclass(frozen=True, slots=True)
class PageEvaluation:
    """What was measured after ``step`` steps: ``loss`` is their mean since the last evaluation.

    ``precision``, ``recall`` and ``hmean`` are of the pages to watch.
    """

    step: int
    epoch: float
    minutes: float
    rate: float
    loss: float
    precision: float
    recall: float
    hmean: float

    @property
    def on_val(self) -> str:
        """What was measured on val, in few words."""
        return f"Hmean {self.hmean:.4f}"

    def __str__(self) -> str:
        """A line for a log."""
        where = f"epoch {self.epoch:g}, step {self.step}, {self.minutes:.1f} min"
        found = f"Hmean {self.hmean:.4f}, precision {self.precision:.4f}, recall {self.recall:.4f}"
        return f"{where}: loss {self.loss:.4f}, {found}"


@dataclass(slots=True)
class PageProgress:
    """How far a training has come. ``best`` is the evaluation whose weights are kept."""

    fingerprint: str
    step: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_steps: int = 0
    best: PageEvaluation | None = None
    without_gain: int = 0
    evaluations: list[PageEvaluation] = field(default_factory=list)


def write_progress(uri: str, progress: PageProgress, tensors: Tensors) -> None:
    """Writes a checkpoint over the last one.

    Raises:
        StorageError: the store did not answer.
    """
    whole = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    told = {"progress": json.dumps(asdict(progress))}
    storage.write(uri, safetensors.numpy.save(whole, metadata=told))


def read_progress(uri: str, fingerprint: str) -> tuple[PageProgress, Tensors] | None:
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
        raise PlanConflictError(f"the checkpoint {uri} is of other pages, weights or settings")
    return progress, tensors


def _progress_in(data: bytes) -> PageProgress:
    """The JSON in the head of a safetensors file: its length in eight bytes, then itself."""
    head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    told: dict[str, Any] = json.loads(head["__metadata__"]["progress"])
    told["best"] = None if told["best"] is None else PageEvaluation(**told["best"])
    told["evaluations"] = [PageEvaluation(**each) for each in told["evaluations"]]
    return PageProgress(**told)
