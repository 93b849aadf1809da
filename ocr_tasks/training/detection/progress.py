"""How far a detector's training has come, and what was measured on its way."""

from dataclasses import dataclass
from typing import ClassVar

from ocr_tasks.training.checkpoints import Evaluation, Progress


@dataclass(frozen=True, slots=True)
class PageEvaluation(Evaluation):
    """``precision``, ``recall`` and ``hmean`` are of the pages to watch."""

    precision: float
    recall: float
    hmean: float

    @property
    def on_val(self) -> str:
        """What was measured on val, in few words."""
        return f"Hmean {self.hmean:.4f}"

    def __str__(self) -> str:
        """A line for a log."""
        found = f"Hmean {self.hmean:.4f}, precision {self.precision:.4f}, recall {self.recall:.4f}"
        return f"{self.when}, {found}"


@dataclass(slots=True)
class PageProgress(Progress[PageEvaluation]):
    """``best`` has the highest Hmean of all ``evaluations``; its weights are kept."""

    learnt: ClassVar[str] = "pages"
    evaluation: ClassVar[type[Evaluation]] = PageEvaluation
