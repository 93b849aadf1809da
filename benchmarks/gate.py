"""How often the gate errs: candidates whose worth is known, because they are drawn by chance.

usage: gate.py [--tries N] [--documents N …]

Each try draws a test set and a retention set of documents, and how many characters of each line
two models get wrong. Documents are hard or easy, and suit the one model or the other by chance;
beyond that the candidate is better or worse by what the row says. The share of tries in which it
is promoted, by the default rules, is what the table shows, and which rule refused the others most.
"""

import argparse
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ocr_tasks.evaluation.evidence import Checks, Parity, Readings, TrainedOn
from ocr_tasks.evaluation.gate import GateRules, decide
from ocr_tasks.evaluation.report import EvalReport, ReadLine
from ocr_tasks.evaluation.verdict import Verdict
from ocr_tasks.records import EngineInfo, ModelInfo

LINES_EACH, CHARACTERS = 15, (8, 60)  # of a document, and of a line
RETENTION_DOCUMENTS = 40
HARD, EASY = (0.16, 0.05), (0.02, 0.008)  # CER: its mean, and how documents scatter about it
SUITS = 0.25  # of that scatter, by which a document suits the one model or the other
SOURCES = ("letters", "ledgers")
CHAMPION, CANDIDATE = "c" * 64, "d" * 64
RULES = GateRules()
SOUND = Checks(CANDIDATE, (), Parity(200, 1.0, 0.0), 1.0, TrainedOn(frozenset(), frozenset()))


@dataclass(frozen=True, slots=True)
class Worth:
    """By how much a candidate is better (CER) on the test set, by source, and in retention."""

    name: str
    letters: float
    ledgers: float
    retention: float
    rules: GateRules = RULES


WORTHS = (
    Worth("equal, if any improvement will do", 0.0, 0.0, 0.0, replace(RULES, margin=0.0)),
    Worth("equal", 0.0, 0.0, 0.0),
    Worth("better by the margin", 0.005, 0.005, 0.0),
    Worth("better by 0.02", 0.02, 0.02, 0.0),
    Worth("better by 0.04", 0.04, 0.04, 0.0),
    Worth("better by 0.07", 0.07, 0.07, 0.0),
    Worth("better by 0.07, forgets 0.005", 0.07, 0.07, -0.005),
    Worth("better by 0.07, forgets 0.01", 0.07, 0.07, -0.01),
    Worth("better by 0.12, worse by 0.02 on one source", 0.12, -0.02, 0.0),
    Worth("better by 0.12, worse by 0.04 on one source", 0.12, -0.04, 0.0),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tries", type=int, default=300)
    parser.add_argument("--documents", type=int, nargs="+", default=[10, 30])
    args = parser.parse_args()
    console = Console(width=120)
    heads = [f"{count} documents" for count in args.documents]
    table = Table("candidate", *heads, title=f"promoted, of {args.tries} tries")
    for worth in WORTHS:
        cells = [shown(worth, documents, args.tries) for documents in args.documents]
        table.add_row(worth.name, *cells)
    console.print(table)


def shown(worth: Worth, documents: int, tries: int) -> str:
    """The share of tries in which such a candidate is promoted, and what refused most others."""
    verdicts = [verdict_on(worth, documents, seed) for seed in range(tries)]
    promoted = sum(verdict.promoted for verdict in verdicts) / tries
    refused = Counter(
        rule for verdict in verdicts for rule in {each.rule for each in verdict.reasons}
    )
    most = [f"{rule} {count / tries:.1%}" for rule, count in refused.most_common(1)]
    return ", else ".join([f"{promoted:.1%}", *most])


def verdict_on(worth: Worth, documents: int, seed: int) -> Verdict:
    """The verdict on a candidate of that worth, drawn by ``seed``."""
    chance = np.random.default_rng(seed)
    by_source = np.array([worth.letters, worth.ledgers])[np.arange(documents) % 2]
    test = _two_reports("test", HARD, by_source, chance)
    same = np.full(RETENTION_DOCUMENTS, worth.retention)
    retention = _two_reports("retention", EASY, same, chance)
    candidate, champion = (Readings(*pair) for pair in zip(test, retention, strict=True))
    return decide(candidate, champion, worth.rules, SOUND)


def _two_reports(
    name: str, cer: tuple[float, float], better: NDArray[np.float64], chance: np.random.Generator
) -> tuple[EvalReport, EvalReport]:
    """What the candidate and the champion read in as many documents as ``better`` has numbers."""
    mean, scatter = cer
    hard = chance.normal(mean, scatter, len(better))
    lengths = chance.integers(*CHARACTERS, (len(better), LINES_EACH))
    reports = []
    for sha256, gain in ((CANDIDATE, better), (CHAMPION, 0 * better)):
        suits = chance.normal(0, SUITS * scatter, len(better))
        rates = np.clip(hard - gain + suits, 0, 1)
        edits = chance.binomial(lengths, rates[:, np.newaxis])
        reports.append(_report(name, sha256, lengths, edits))
    return reports[0], reports[1]


def _report(
    name: str, sha256: str, lengths: NDArray[np.int64], edits: NDArray[np.int64]
) -> EvalReport:
    lines = tuple(
        _line(f"{name}/{document}_{line}", document, int(lengths[document, line]), int(wrong))
        for (document, line), wrong in np.ndenumerate(edits)
    )
    model = ModelInfo("drawn", sha256)
    engine = EngineInfo("drawn", "0", "cpu", model, model, "alphabet")
    return EvalReport(engine, f"memory://{name}", name, lines, (), 1.0)


def _line(path: str, document: int, length: int, wrong: int) -> ReadLine:
    label, read = "a" * length, "a" * (length - wrong) + "#" * wrong
    source = SOURCES[document % len(SOURCES)]
    return ReadLine(path, path, str(document), source, label, read, 0.9)


if __name__ == "__main__":
    main()
