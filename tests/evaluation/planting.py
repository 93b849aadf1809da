"""Evidence for the gate, drawn by chance that is always the same: honest, and planted."""

import random
from collections.abc import Callable
from dataclasses import replace

from ocr_tasks.evaluation.evidence import Checks, Parity, Readings, TrainedOn
from ocr_tasks.evaluation.report import EvalReport, ReadLine
from ocr_tasks.records import EngineInfo, ModelInfo

CHAMPION, CANDIDATE = "c" * 64, "d" * 64
DOCUMENTS, LINES_EACH = 20, 15
TEXT = "harbour quill amber zinc oak lantern salt ivory crane willow ember frost"
WORDS = TEXT.split()

Errors = Callable[[int, int], float]  # from document and line to the share of wrong characters


def engine_of(sha256: str, **facts: str) -> EngineInfo:
    """An engine whose recogniser has this digest."""
    detector = ModelInfo("det", "0" * 64)
    recognizer = ModelInfo("rec", sha256)
    engine = EngineInfo("onnx", "onnxruntime 1", "cpu", detector, recognizer, "alphabet")
    return replace(engine, **facts)


def label_of(document: int, line: int, name: str) -> str:
    """A label of its own, in one of three scripts' words by document."""
    words = random.Random(f"{name} {document} {line}").choices(WORDS, k=2 + 3 * (line % 3))
    return f"{' '.join(words)} {document} {line}"


def misread(label: str, share: float, chance: random.Random) -> str:
    """The label with about that share of its characters wrong."""
    return "".join("#" if chance.random() < share else each for each in label)


def report(
    sha256: str,
    errors: Errors,
    name: str = "test",
    seed: int = 0,
    documents: int = DOCUMENTS,
    lines_each: int = LINES_EACH,
) -> EvalReport:
    """A report of which each line has about the wanted share of errors."""
    chance = random.Random(f"{seed} {name} {sha256}")
    lines = []
    for document in range(documents):
        for line in range(lines_each):
            label = label_of(document, line, name)
            lines.append(
                ReadLine(
                    path=f"{name}/{document:02d}_{line:02d}.jpg",
                    image_sha256=f"pixels of {name} {document} {line}",
                    group=f"{name} {document:02d}",
                    source="letters" if document % 2 else "ledgers",
                    label=label,
                    read=misread(label, errors(document, line), chance),
                    confidence=0.9,
                )
            )
    return EvalReport(engine_of(sha256), f"memory://{name}", name, tuple(lines), (), 3.0)


def readings(
    sha256: str, test: Errors | float, retention: Errors | float = 0.02, **options: int
) -> Readings:
    """What a model read in both sets."""
    return Readings(
        report(sha256, _errors(test), "test", **options),
        report(sha256, _errors(retention), "retention", **options),
    )


def _errors(given: Errors | float) -> Errors:
    return given if callable(given) else lambda document, line: given


def champion() -> Readings:
    """The champion: 16 % of the characters wrong, and 2 % of those it should keep reading."""
    return readings(CHAMPION, 0.16)


def honest(share: float = 0.08) -> Readings:
    """A candidate that is better everywhere, and as good in retention, line by line."""
    better = readings(CANDIDATE, share)
    kept = replace(champion().retention, engine=engine_of(CANDIDATE))
    return replace(better, retention=kept)


def sound(**other: object) -> Checks:
    """Checks that every rule lets pass, but for what is given."""
    checks = Checks(CANDIDATE, (), Parity(200, 1.0, 1e-5), 1.0, TrainedOn(frozenset(), frozenset()))
    return replace(checks, **other)


def with_lines(told: EvalReport, change: Callable[[int, ReadLine], ReadLine | None]) -> EvalReport:
    """A report with other lines in the place of its own; None leaves one out."""
    changed = (change(number, line) for number, line in enumerate(told.lines))
    return replace(told, lines=tuple(line for line in changed if line is not None))
