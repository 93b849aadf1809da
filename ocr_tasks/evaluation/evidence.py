"""What the gate is told: what two models read, and what else is known of the candidate."""

from dataclasses import dataclass

from ocr_tasks.evaluation.report import EvalReport
from ocr_tasks.records import EngineInfo


@dataclass(frozen=True, slots=True)
class Readings:
    """What one model read in the untouched test set, and in the fixed one of what must be kept.

    ``retention`` is None where there is no such set.
    """

    test: EvalReport
    retention: EvalReport | None

    @property
    def engine(self) -> EngineInfo:
        """The engine that served the model."""
        return self.test.engine

    @property
    def by_set(self) -> dict[str, EvalReport]:
        """The reports, by what they are of."""
        both = {"test": self.test, "retention": self.retention}
        return {name: report for name, report in both.items() if report is not None}


@dataclass(frozen=True, slots=True)
class Parity:
    """How like the exported files compute what the trained network does, on real crops.

    ``agreement`` is the share of steps with the same best class, and ``largest_difference`` that
    of a probability.
    """

    crops: int
    agreement: float
    largest_difference: float


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """What a candidate has seen in training or by the choice of its checkpoint.

    ``images`` are digests of decoded pixels, ``texts`` pairs of document and label.
    """

    images: frozenset[str]
    texts: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Checks:
    """What is known of a candidate beside its readings.

    ``sha256`` is the digest of its weights as they were exported. ``files`` says what is wrong
    with its files, and is empty where nothing is. ``time_ratio`` is its time over the champion's
    on the same lines. What was not measured is None, which no rule lets pass.
    """

    sha256: str
    files: tuple[str, ...]
    parity: Parity | None
    time_ratio: float | None
    trained_on: TrainedOn
