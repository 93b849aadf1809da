"""The gate's rules that need no statistics: whether the comparison means what it seems to."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from annotated_types import Ge, Interval

from ocr_tasks.evaluation.evidence import Checks, Parity, Readings, TrainedOn
from ocr_tasks.evaluation.report import EvalReport
from ocr_tasks.evaluation.verdict import Ruling

SERVED_ALIKE = ("engine", "engine_version", "device", "precision")


@dataclass(frozen=True, slots=True)
class GuardSpec:
    """How exactly the exported files have to compute, and how slow a candidate may be.

    ``min_agreement`` is a share of steps, ``max_difference`` a probability, ``max_time_ratio``
    the candidate's time over the champion's.
    """

    min_agreement: Annotated[float, Interval(ge=0, le=1)] = 0.999
    max_difference: Annotated[float, Ge(0)] = 1e-3
    max_time_ratio: Annotated[float, Ge(0)] = 1.1


def of_export(checks: Checks, spec: GuardSpec) -> Iterator[Ruling]:
    """Rules of what was exported: files and parity."""
    said = "; ".join(checks.files) or "every file is there, whole, and loads"
    yield Ruling("files", not checks.files, said, {"faults": len(checks.files)})
    yield _parity(checks.parity, spec)


def _parity(parity: Parity | None, spec: GuardSpec) -> Ruling:
    if parity is None:
        return Ruling("parity", False, "it was not measured", {})
    agrees = parity.agreement >= spec.min_agreement
    is_close = parity.largest_difference <= spec.max_difference
    said = (
        f"of {parity.crops} crops {parity.agreement:.4%} of the steps agree with the trained "
        f"network ({spec.min_agreement:.1%} must), probabilities to {parity.largest_difference:.2g}"
        f" ({spec.max_difference:g} at most)"
    )
    figures = {
        "crops": parity.crops,
        "agreement": parity.agreement,
        "largest_difference": parity.largest_difference,
    }
    return Ruling("parity", agrees and is_close and parity.crops > 0, said, figures)


def of_model(candidate: Readings, champion: Readings, checks: Checks) -> Iterator[Ruling]:
    """Rules of which weights read, with which alphabet, and how they were served."""
    read_by = {report.engine.recognizer.sha256 for report in candidate.by_set.values()}
    said = "what was exported was evaluated"
    if read_by != {checks.sha256}:
        said = f"{', '.join(sorted(read_by))} was evaluated, but {checks.sha256} exported"
    yield Ruling("identity", read_by == {checks.sha256}, said, {})
    is_new = champion.engine.recognizer.sha256 not in read_by
    said = "its weights are not the champion's" if is_new else "its weights are the champion's own"
    yield Ruling("novelty", is_new, said, {})
    alphabets = {candidate.engine.dict_sha256, champion.engine.dict_sha256}
    is_one = len(alphabets) == 1
    said = "both emit the same characters in the same order"
    yield Ruling(
        "alphabet", is_one, said if is_one else "its characters are not the champion's", {}
    )
    yield _serving(candidate, champion)


def _serving(candidate: Readings, champion: Readings) -> Ruling:
    reports = [*candidate.by_set.values(), *champion.by_set.values()]
    served = {
        " ".join(str(getattr(report.engine, name)) for name in SERVED_ALIKE) for report in reports
    }
    said = f"read by {' and by '.join(sorted(served))}"
    return Ruling("serving", len(served) == 1, said, {})


def of_speed(time_ratio: float | None, spec: GuardSpec) -> Ruling:
    """The rule of how fast the candidate reads."""
    if time_ratio is None:
        return Ruling("speed", False, "it was not measured", {})
    fast = 0 < time_ratio <= spec.max_time_ratio  # NaN is neither
    said = f"{time_ratio:.2f} of the champion's time ({spec.max_time_ratio:g} at most)"
    return Ruling("speed", fast, said, {"time_ratio": time_ratio})


class Answer(Protocol):
    """What a model said of an image, whatever was asked."""

    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def image_sha256(self) -> str: ...  # noqa: D102
    @property
    def group(self) -> str | None: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def confidence(self) -> float: ...  # noqa: D102
    @property
    def fault(self) -> str | None: ...  # noqa: D102


def of_numbers(name: str, report: EvalReport) -> Ruling:
    """The rule that a model put out numbers, on every line."""
    return of_answers(name, report.lines, "line")


def of_answers(name: str, answers: Sequence[Answer], unit: str) -> Ruling:
    """The rule that a model put out numbers of every ``unit`` that it was shown."""
    wild = [line for line in answers if line.fault or not _is_share(line.confidence)]
    said = f"every {unit} was read, with a confidence from 0 to 1"
    if wild:
        why = wild[0].fault or f"confidence {wild[0].confidence}"
        said = f"{name}: it failed on {len(wild)} {unit}s; first on {wild[0].path}: {why}"
    return Ruling("numbers", not wild, said, {"set": name, "lines": len(wild)})


def _is_share(value: float) -> bool:
    return math.isfinite(value) and 0 <= value <= 1 + 1e-3


def of_leaks(name: str, report: EvalReport, trained_on: TrainedOn) -> Ruling:
    """The rule that no line was seen before: by its pixels, or by its document and text."""
    return of_leaked(name, report.lines, trained_on, "line")


def of_leaked(name: str, answers: Sequence[Answer], trained_on: TrainedOn, unit: str) -> Ruling:
    """The rule that no ``unit`` was seen before: by its pixels, or by its document and label."""
    leaked = [each for each in answers if _was_seen(each, trained_on)]
    said = f"{name}: no {unit} of {len(answers)} was trained on"
    if leaked:
        said = f"{name}: {len(leaked)} {unit}s were trained on; first {leaked[0].path}"
    return Ruling("leak", not leaked, said, {"set": name, "lines": len(leaked)})


def _was_seen(line: Answer, trained_on: TrainedOn) -> bool:
    by_text = line.group is not None and (line.group, line.label) in trained_on.texts
    return by_text or line.image_sha256 in trained_on.images
