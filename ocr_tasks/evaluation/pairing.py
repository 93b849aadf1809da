"""The lines that two models read, side by side, and how sure the difference between them is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.evaluation.bootstrap import (
    BootstrapSpec,
    Interval,
    rate_difference,
    sums_by_cluster,
)
from ocr_tasks.evaluation.report import EvalReport, ReadLine, Stratum
from ocr_tasks.text.metrics import TextScore, total

NOBODYS = ""  # the document of lines that name none: they are drawn together


@dataclass(frozen=True, slots=True)
class PairedLines:
    """The same lines as two models read them, each pair with one label."""

    candidate: tuple[ReadLine, ...]
    champion: tuple[ReadLine, ...]

    @property
    def groups(self) -> list[str]:
        """The document of each line."""
        return [line.group or NOBODYS for line in self.champion]

    @property
    def documents(self) -> int:
        """How many documents they are of."""
        return len(set(self.groups))

    @property
    def scores(self) -> tuple[TextScore, TextScore]:
        """The candidate's score and the champion's."""
        ours, theirs = zip(*self._scores(), strict=True)
        return total(ours), total(theirs)

    def strata(self) -> Iterator[tuple[Stratum, "PairedLines"]]:
        """The lines of every stratum, by kind and value."""
        places: dict[Stratum, list[int]] = {}
        for place, line in enumerate(self.champion):
            for stratum in line.strata():
                places.setdefault(stratum, []).append(place)
        for stratum in sorted(places, key=lambda each: (each.kind, each.value)):
            yield stratum, self._some(places[stratum])

    def _some(self, places: Sequence[int]) -> "PairedLines":
        return PairedLines(
            tuple(self.candidate[place] for place in places),
            tuple(self.champion[place] for place in places),
        )

    def cer_change(self, spec: BootstrapSpec, by_line: bool = False) -> Interval:
        """How much higher the candidate's CER is; whole documents are drawn, or single lines."""
        return self._change("edits", "characters", spec, by_line)

    def accuracy_change(self, spec: BootstrapSpec) -> Interval:
        """By how much the share of lines is higher that the candidate reads to the letter."""
        return self._change("exact", "lines", spec)

    def _change(
        self, counted: str, size: str, spec: BootstrapSpec, by_line: bool = False
    ) -> Interval:
        values = np.array(
            [
                [getattr(ours, counted), getattr(theirs, counted), getattr(theirs, size)]
                for ours, theirs in self._scores()
            ],
            np.int64,
        )
        clusters = np.arange(len(values)) if by_line else _numbered(self.groups)
        ours, theirs, sizes = sums_by_cluster(values, clusters).T
        return rate_difference(ours, theirs, sizes, spec)

    def _scores(self) -> Iterator[tuple[TextScore, TextScore]]:
        for ours, theirs in zip(self.candidate, self.champion, strict=True):
            yield ours.score, theirs.score


def _numbered(names: Sequence[str]) -> NDArray[np.int64]:
    """For each name its number, from 0 in the order of names."""
    return np.unique(np.array(names, object), return_inverse=True)[1].astype(np.int64)


def paired(candidate: EvalReport, champion: EvalReport) -> PairedLines | None:
    """The lines of two reports side by side, or None where they are not of the same lines."""
    ours, theirs = (sorted(report.lines, key=_identity) for report in (candidate, champion))
    if [_identity(line) for line in ours] != [_identity(line) for line in theirs]:
        return None
    return PairedLines(tuple(ours), tuple(theirs))


def _identity(line: ReadLine) -> tuple[str, str, str, str, str]:
    return line.path, line.image_sha256, line.label, line.group or "", line.source or ""
