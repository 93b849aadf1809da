"""What a model read in the labelled lines of a dataset, and what comes of it in numbers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from ocr_tasks.records import EngineInfo, ModelInfo
from ocr_tasks.text.metrics import TextScore, score_of, total
from ocr_tasks.text.scripts import length_band, script_of

Json = dict[str, Any]

GROUP, SOURCE, SCRIPT, LENGTH = "group", "source", "script", "length"

scored = lru_cache(maxsize=1 << 17)(score_of)  # every table asks a line for its score


@dataclass(frozen=True, slots=True)
class Stratum:
    """Lines that have something in common: by which kind of thing, and what it is."""

    kind: str
    value: str

    def __str__(self) -> str:
        """As tables have it."""
        return f"{self.kind} {self.value}"


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A labelled line and what was read in it.

    ``group`` is its document or writer and ``source`` the collection it is from, where that is
    known; ``image_sha256`` the digest of its decoded pixels. Where the model failed on the line,
    ``fault`` says how, and the text is empty.
    """

    path: str
    image_sha256: str
    group: str | None
    source: str | None
    label: str
    read: str
    confidence: float
    fault: str | None = None

    @property
    def score(self) -> TextScore:
        """How far the reading is from the label."""
        return scored(self.label, self.read)

    def strata(self) -> Iterator[Stratum]:
        """The strata that it lies in."""
        if self.group is not None:
            yield Stratum(GROUP, self.group)
        if self.source is not None:
            yield Stratum(SOURCE, self.source)
        yield Stratum(SCRIPT, script_of(self.label))
        yield Stratum(LENGTH, length_band(self.label))

    def as_json(self) -> Json:
        """The line as JSON values, with its distance, in edits, and what strata it lies in."""
        strata = {stratum.kind: stratum.value for stratum in self.strata()}
        return strata | asdict(self) | {"distance": self.score.edits}


@dataclass(frozen=True, slots=True)
class UnscoredLine:
    """A line that no model can be judged by, as its image cannot be decoded; and why."""

    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class EvalReport:
    """What a model read in one part of a dataset.

    ``seconds`` are those that the recogniser took for the lines.
    """

    engine: EngineInfo
    dataset: str
    part: str
    lines: tuple[ReadLine, ...]
    unscored: tuple[UnscoredLine, ...]
    seconds: float

    @property
    def score(self) -> TextScore:
        """The score of all lines."""
        return total([line.score for line in self.lines])

    @property
    def lines_a_second(self) -> float:
        """How fast they were read."""
        return len(self.lines) / max(self.seconds, 1e-9)

    def by_stratum(self) -> dict[Stratum, TextScore]:
        """The scores of all strata, by kind and value."""
        scores: dict[Stratum, list[TextScore]] = defaultdict(list)
        for line in self.lines:
            for stratum in line.strata():
                scores[stratum].append(line.score)
        in_order = sorted(scores, key=lambda each: (each.kind, each.value))
        return {stratum: total(scores[stratum]) for stratum in in_order}

    def as_json(self) -> Json:
        """The report as JSON values; ``report_of`` makes the report of them again."""
        return asdict(self) | {"lines": [line.as_json() for line in self.lines]}


def report_of(values: Json) -> EvalReport:
    """The report that was written as these values.

    Raises:
        KeyError, TypeError: they are not those of a report.
    """
    engine = values["engine"]
    models = {part: ModelInfo(**engine[part]) for part in ("detector", "recognizer")}
    read = {
        "engine": EngineInfo(**engine | models),
        "lines": tuple(_line_of(line) for line in values["lines"]),
        "unscored": tuple(UnscoredLine(**line) for line in values["unscored"]),
    }
    return EvalReport(**values | read)


def _line_of(values: Json) -> ReadLine:
    """The line of its own values; distance and strata follow from them."""
    return ReadLine(**{field.name: values[field.name] for field in fields(ReadLine)})
