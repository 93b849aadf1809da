"""The gate for detectors: the rules of gate.py, on what was found in place of what was read."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ocr_tasks.evaluation.bootstrap import Interval, difference_of_rates, sums_by_cluster
from ocr_tasks.evaluation.evidence import Checks
from ocr_tasks.evaluation.found import FoundPage, PageReport
from ocr_tasks.evaluation.gate import NOT_JUDGED, GateRules
from ocr_tasks.evaluation.guards import SERVED_ALIKE, of_answers, of_export, of_leaked, of_speed
from ocr_tasks.evaluation.pairing import NOBODYS
from ocr_tasks.evaluation.report import Stratum
from ocr_tasks.evaluation.verdict import Figure, Ruling, Verdict
from ocr_tasks.imaging.matching import DetectionScore, total

Reports = Mapping[str, PageReport]  # by the set: test, and perhaps retention


@dataclass(frozen=True, slots=True)
class PairedPages:
    """The same pages as two models saw them."""

    candidate: tuple[FoundPage, ...]
    champion: tuple[FoundPage, ...]

    @property
    def documents(self) -> list[str]:
        """The document of each page; pages that name none are drawn together."""
        return [page.group or NOBODYS for page in self.champion]

    @property
    def scores(self) -> tuple[DetectionScore, DetectionScore]:
        """The candidate's score and the champion's."""
        ours, theirs = (
            total([page.score for page in pages]) for pages in (self.candidate, self.champion)
        )
        return ours, theirs

    def change(self, rules: GateRules) -> Interval:
        """How much higher 1 - Hmean of the candidate is; whole documents are drawn."""
        values = np.array(
            [
                [ours.score.errors, ours.score.size, theirs.score.errors, theirs.score.size]
                for ours, theirs in zip(self.candidate, self.champion, strict=True)
            ],
            np.int64,
        )
        clusters = np.unique(np.array(self.documents, object), return_inverse=True)[1]
        ours, our_sizes, theirs, their_sizes = sums_by_cluster(values, clusters.astype(np.int64)).T
        return difference_of_rates(ours, our_sizes, theirs, their_sizes, rules.bootstrap)

    def strata(self) -> Iterator[tuple[Stratum, "PairedPages"]]:
        """The pages of every stratum, by kind and value."""
        places: dict[Stratum, list[int]] = defaultdict(list)
        for place, page in enumerate(self.champion):
            for stratum in page.strata():
                places[stratum].append(place)
        for stratum in sorted(places, key=lambda each: (each.kind, each.value)):
            chosen = places[stratum]
            yield (
                stratum,
                PairedPages(
                    tuple(self.candidate[place] for place in chosen),
                    tuple(self.champion[place] for place in chosen),
                ),
            )


def paired_pages(candidate: PageReport, champion: PageReport) -> PairedPages | None:
    """The pages of two reports side by side, or None where they are not of the same pages."""
    ours, theirs = (sorted(report.pages, key=_identity) for report in (candidate, champion))
    if [_identity(page) for page in ours] != [_identity(page) for page in theirs]:
        return None
    return PairedPages(tuple(ours), tuple(theirs))


def _identity(page: FoundPage) -> tuple[str, str, str, str, str]:
    return page.path, page.image_sha256, page.label, page.group or "", page.source or ""


def decide_pages(
    candidate: Reports | None, champion: Reports, rules: GateRules, checks: Checks
) -> Verdict:
    """The verdict on a detector, which is promoted if every rule lets it pass.

    The margins of ``rules`` are of 1 - Hmean, and ``stratum_lines`` counts labelled regions.
    ``candidate`` is None where its files are such that nothing could be found with it.
    """
    rulings = list(of_export(checks, rules.guards))
    notes: list[str] = []
    name = checks.sha256
    if candidate is None:
        rulings.append(Ruling("readings", False, "it was not evaluated", {}))
    else:
        name = _name(candidate)
        rulings += _of_model(candidate, champion, checks)
        rulings.append(of_speed(checks.time_ratio, rules.guards))
        for part, report in candidate.items():
            rulings.append(of_answers(part, report.pages, "page"))
            rulings.append(of_leaked(part, report.pages, checks.trained_on, "page"))
        rulings += _of_findings(candidate, champion, rules, notes)
    promoted = all(ruling.passed for ruling in rulings)
    return Verdict(promoted, name, _name(champion), tuple(rulings), tuple(notes))


def _name(reports: Reports) -> str:
    model = reports["test"].engine.detector
    return f"{model.name} {model.sha256}"


def _of_model(candidate: Reports, champion: Reports, checks: Checks) -> Iterator[Ruling]:
    """Rules of which weights looked, and how they were served."""
    ours, theirs = (
        {report.engine.detector.sha256 for report in reports.values()}
        for reports in (candidate, champion)
    )
    said = "what was exported was evaluated"
    if ours != {checks.sha256}:
        said = f"{', '.join(sorted(ours))} was evaluated, but {checks.sha256} exported"
    yield Ruling("identity", ours == {checks.sha256}, said, {})
    is_new = not ours & theirs
    said = "its weights are not the champion's" if is_new else "its weights are the champion's own"
    yield Ruling("novelty", is_new, said, {})
    served = {
        " ".join(str(getattr(report.engine, name)) for name in SERVED_ALIKE)
        for reports in (candidate, champion)
        for report in reports.values()
    }
    yield Ruling("serving", len(served) == 1, f"looked at by {' and by '.join(sorted(served))}", {})


def _of_findings(
    candidate: Reports, champion: Reports, rules: GateRules, notes: list[str]
) -> Iterator[Ruling]:
    """Rules of what was found; what could not be judged goes into ``notes``."""
    if "retention" not in candidate and rules.needs_retention:
        yield Ruling("retention", False, NOT_JUDGED, {})
    elif "retention" not in candidate:
        notes.append(NOT_JUDGED)
    for name, report in candidate.items():
        pairs = paired_pages(report, champion[name])
        if pairs is None or not pairs.champion:
            said = f"{name}: the two models did not see the same pages"
            yield Ruling("pages", False, said, {"set": name})
            continue
        yield Ruling("pages", True, f"{name}: {len(pairs.champion)} pages", {"set": name})
        count = len(set(pairs.documents))
        said = f"{name}: pages of {count} documents ({rules.min_documents} at least)"
        yield Ruling("documents", count >= rules.min_documents, said, {"set": name, "count": count})
        if name == "test":
            yield _improvement(pairs, rules)
        else:
            yield _not_worse("retention", "all pages", pairs, rules.retention_margin, rules)
        yield from _strata(name, pairs, rules, notes)


def _improvement(pairs: PairedPages, rules: GateRules) -> Ruling:
    worse = pairs.change(rules)
    better = Interval(-worse.estimate, -worse.high, -worse.low)
    said = (
        f"{_rates(pairs)}, better by {_shown(better)}; the low end must be above {rules.margin:g}"
    )
    return Ruling("improvement", better.low > rules.margin, said, _figures(pairs, better))


def _strata(name: str, pairs: PairedPages, rules: GateRules, notes: list[str]) -> Iterator[Ruling]:
    """A ruling for each stratum with enough regions and documents; the others go into a note."""
    small = 0
    for stratum, pages in pairs.strata():
        documents = len(set(pages.documents))
        if pages.scores[1].expected < rules.stratum_lines or documents < 2:
            small += 1
            continue
        yield _not_worse("strata", f"{name}, {stratum}", pages, rules.stratum_margin, rules)
    if small:
        few = f"fewer than {rules.stratum_lines} regions, or one document alone"
        notes.append(f"{name}: {small} strata have {few}, and were not judged")


def _not_worse(
    rule: str, where: str, pairs: PairedPages, margin: float, rules: GateRules
) -> Ruling:
    """Whether the candidate is shown to be worse by no more than a margin (non-inferiority)."""
    worse = pairs.change(rules)
    said = (
        f"{where}: {_rates(pairs)}, worse by {_shown(worse)}; "
        f"the high end must be {margin:g} at most"
    )
    return Ruling(rule, worse.high <= margin, said, {"where": where, **_figures(pairs, worse)})


def _rates(pairs: PairedPages) -> str:
    ours, theirs = pairs.scores
    return (
        f"Hmean {theirs.hmean:.4f} → {ours.hmean:.4f} "
        f"(precision {theirs.precision:.4f} → {ours.precision:.4f}, "
        f"recall {theirs.recall:.4f} → {ours.recall:.4f})"
    )


def _shown(interval: Interval) -> str:
    return f"{interval.estimate:+.4f} ({interval.low:+.4f} to {interval.high:+.4f})"


def _figures(pairs: PairedPages, interval: Interval) -> dict[str, Figure]:
    """The interval's numbers; of one document none is known, and JSON has no infinity."""
    ours, theirs = pairs.scores
    ends = {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
    known = {name: end for name, end in ends.items() if math.isfinite(end)}
    return {**known, "hmean": ours.hmean, "champion_hmean": theirs.hmean}
