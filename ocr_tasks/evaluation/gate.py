"""The gate: whether a candidate may take the champion's place. A pure function of evidence."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

import annotated_types
from annotated_types import Ge

from ocr_tasks.evaluation.bootstrap import BootstrapSpec, Interval
from ocr_tasks.evaluation.evidence import Checks, Readings
from ocr_tasks.evaluation.guards import (
    GuardSpec,
    of_export,
    of_leaks,
    of_model,
    of_numbers,
    of_speed,
)
from ocr_tasks.evaluation.pairing import PairedLines, paired
from ocr_tasks.evaluation.verdict import Figure, Ruling, Verdict
from ocr_tasks.records import ModelInfo

NOT_JUDGED = "there is no retention set, so nobody knows what was forgotten"
DRAWABLE = 4  # documents of a stratum, below which only its lines can be drawn


@dataclass(frozen=True, slots=True)
class GateRules:
    """What a candidate has to show; all margins are of the character error rate.

    It must be better on the test set by more than ``margin``, and not worse by more than
    ``retention_margin`` on the retention set, and by more than ``stratum_margin`` on any stratum
    of either that has ``stratum_lines`` lines. Each holds for the whole interval, and not for its
    middle alone. Both sets need lines of ``min_documents`` documents. Without a retention set a
    candidate is refused, unless ``needs_retention`` is false.
    """

    margin: Annotated[float, annotated_types.Interval(ge=0, le=1)] = 0.005
    retention_margin: Annotated[float, annotated_types.Interval(ge=0, le=1)] = 0.005
    stratum_margin: Annotated[float, annotated_types.Interval(ge=0, le=1)] = 0.02
    stratum_lines: Annotated[int, Ge(1)] = 100
    min_documents: Annotated[int, Ge(2)] = 8
    needs_retention: bool = True
    guards: GuardSpec = field(default_factory=GuardSpec)
    bootstrap: BootstrapSpec = field(default_factory=BootstrapSpec)


def decide(
    candidate: Readings | None, champion: Readings, rules: GateRules, checks: Checks
) -> Verdict:
    """The verdict on a candidate, which is promoted if every rule lets it pass.

    ``candidate`` is None where its files are such that nothing could be read with it.
    """
    rulings = list(of_export(checks, rules.guards))
    notes: list[str] = []
    name = checks.sha256
    if candidate is None:
        rulings.append(Ruling("readings", False, "it was not evaluated", {}))
    else:
        name = _name(candidate.engine.recognizer)
        rulings += of_model(candidate, champion, checks)
        rulings.append(of_speed(checks.time_ratio, rules.guards))
        for part, report in candidate.by_set.items():
            rulings.append(of_numbers(part, report))
            rulings.append(of_leaks(part, report, checks.trained_on))
        rulings += _of_readings(candidate, champion, rules, notes)
    promoted = all(ruling.passed for ruling in rulings)
    named = name, _name(champion.engine.recognizer)
    return Verdict(promoted, *named, tuple(rulings), tuple(notes))


def _name(model: ModelInfo) -> str:
    return f"{model.name} {model.sha256}"


def _of_readings(
    candidate: Readings, champion: Readings, rules: GateRules, notes: list[str]
) -> Iterator[Ruling]:
    """Rules of what was read; what could not be judged goes into ``notes``."""
    if candidate.retention is None and rules.needs_retention:
        yield Ruling("retention", False, NOT_JUDGED, {})
    elif candidate.retention is None:
        notes.append(NOT_JUDGED)
    for name, report in candidate.by_set.items():
        pairs = paired(report, champion.by_set[name])
        if pairs is None or not pairs.champion:
            said = f"{name}: the two models did not read the same lines"
            yield Ruling("lines", False, said, {"set": name})
            continue
        yield Ruling("lines", True, f"{name}: {len(pairs.champion)} lines", {"set": name})
        yield _documents(name, pairs, rules)
        yield _improvement(pairs, rules) if name == "test" else _retention(pairs, rules)
        yield from _strata(name, pairs, rules, notes)


def _documents(name: str, pairs: PairedLines, rules: GateRules) -> Ruling:
    count = pairs.documents
    said = f"{name}: lines of {count} documents ({rules.min_documents} at least)"
    return Ruling("documents", count >= rules.min_documents, said, {"set": name, "count": count})


def _improvement(pairs: PairedLines, rules: GateRules) -> Ruling:
    worse = pairs.cer_change(rules.bootstrap)
    better = Interval(-worse.estimate, -worse.high, -worse.low)
    exact = pairs.accuracy_change(rules.bootstrap)
    candidate, champion = pairs.scores
    said = (
        f"CER {champion.cer:.4f} → {candidate.cer:.4f}, better by {_shown(better)}; the low end "
        f"must be above {rules.margin:g}; exact lines {champion.accuracy:.1%} → "
        f"{candidate.accuracy:.1%}, change {_shown(exact)}"
    )
    figures = _figures(better) | {
        "cer": candidate.cer,
        "champion_cer": champion.cer,
        "exact": candidate.accuracy,
        "champion_exact": champion.accuracy,
        "exact_gain": exact.estimate,
    }
    return Ruling("improvement", better.low > rules.margin, said, figures)


def _retention(pairs: PairedLines, rules: GateRules) -> Ruling:
    return _not_worse("retention", "all lines", pairs, rules.retention_margin, rules)


def _strata(name: str, pairs: PairedLines, rules: GateRules, notes: list[str]) -> Iterator[Ruling]:
    """A ruling for each stratum with enough lines; the others go into one note."""
    small = []
    for stratum, lines in pairs.strata():
        if len(lines.champion) < rules.stratum_lines:
            small.append(stratum)
            continue
        where = f"{name}, {stratum}"
        yield _not_worse("strata", where, lines, rules.stratum_margin, rules)
    if small:
        kinds = dict.fromkeys(stratum.kind for stratum in small)
        counted = ", ".join(
            f"{sum(stratum.kind == kind for stratum in small)} by {kind}" for kind in kinds
        )
        few = f"have fewer than {rules.stratum_lines} lines and were not judged"
        notes.append(f"{name}: {len(small)} strata ({counted}) {few}")


def _not_worse(
    rule: str, where: str, pairs: PairedLines, margin: float, rules: GateRules
) -> Ruling:
    """Whether the candidate is shown to be worse by no more than a margin (non-inferiority)."""
    by_line = pairs.documents < DRAWABLE
    worse = pairs.cer_change(rules.bootstrap, by_line)
    candidate, champion = pairs.scores
    unit = "lines" if by_line else "documents"
    said = (
        f"{where}: CER {champion.cer:.4f} → {candidate.cer:.4f}, change {_shown(worse)} by {unit} "
        f"of {len(pairs.champion)} lines; the high end must be {margin:g} at most"
    )
    figures = _figures(worse) | {
        "where": where,
        "lines": len(pairs.champion),
        "documents": pairs.documents,
        "cer": candidate.cer,
        "champion_cer": champion.cer,
    }
    return Ruling(rule, worse.high <= margin, said, figures)


def _shown(interval: Interval) -> str:
    return f"{interval.estimate:+.4f} ({interval.low:+.4f} to {interval.high:+.4f})"


def _figures(interval: Interval) -> dict[str, Figure]:
    """The interval's numbers; of one document none is known, and JSON has no infinity."""
    ends = {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
    return {name: end for name, end in ends.items() if math.isfinite(end)}
