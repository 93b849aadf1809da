"""How far a recogniser's training has come, and what was measured on its way."""

from dataclasses import dataclass, field
from typing import ClassVar

from ocr_tasks.training.checkpoints import Evaluation, Progress


@dataclass(frozen=True, slots=True)
class LineEvaluation(Evaluation):
    """``exact`` and ``cer`` are of the validation lines, ``retention_cer`` of print.

    ``share`` is how far the weights had gone from those they began with to those of that step.
    """

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
        val = f"exact {self.exact:.4f}, CER {self.cer:.4f}"
        measured = f"{val}, CER of print {self.retention_cer:.4f}"
        if self.share < 1:
            return f"{self.share:.0%} of the way: {measured}"
        return f"{self.when}, {measured}"


@dataclass(slots=True)
class LineProgress(Progress[LineEvaluation]):
    """``best`` has the fewest errors on val of all ``evaluations``.

    ``blends`` are those between the weights of the beginning and its, and ``kept`` that of the
    weights that remain, once the training is over, for this ``forgetting``.
    """

    learnt: ClassVar[str] = "lines"
    evaluation: ClassVar[type[Evaluation]] = LineEvaluation

    blends: list[LineEvaluation] = field(default_factory=list)
    kept: LineEvaluation | None = None
    forgetting: float = 0.0
