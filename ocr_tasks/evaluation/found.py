"""What a detector found on the labelled pages of a dataset, and what comes of it in numbers."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from typing import Any

import numpy as np

from ocr_tasks.archive.decode import pixels_sha256
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.dataset.facts import decode_spec
from ocr_tasks.dataset.groups import GroupOf
from ocr_tasks.dataset.image_rules import LimitSpec, missing_image, name_of
from ocr_tasks.dataset.inspection import decoded
from ocr_tasks.dataset.page_labels import page_labels
from ocr_tasks.dataset.samples import PAGES, Dataset, Sample
from ocr_tasks.engines.contract import Engine
from ocr_tasks.errors import DatasetError, InferenceError, PageError
from ocr_tasks.evaluation.evaluate import EvaluationSpec, sources_of
from ocr_tasks.evaluation.report import GROUP, SOURCE, Stratum, UnscoredLine
from ocr_tasks.imaging.crops import Pixels
from ocr_tasks.imaging.matching import DetectionScore, score_of_page, total
from ocr_tasks.records import EngineInfo, ModelInfo
from ocr_tasks.text.names import printable

Json = dict[str, Any]

TIMED_PAGES = 10
NOT_A_PAGE = "E_LABELS"  # the code of a label that is none of a page


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A labelled page, and how much of its text was found.

    ``group`` is its document and ``source`` the collection it is from, where that is known;
    ``image_sha256`` the digest of its decoded pixels; ``confidence`` the mean of what was found.
    ``found`` are the corners of each region that was found, x and y in turn, in the page's pixels.
    Where the model failed on the page, ``fault`` says how, and nothing was found.
    """

    path: str
    image_sha256: str
    group: str | None
    source: str | None
    label: str
    score: DetectionScore
    confidence: float
    found: tuple[tuple[float, ...], ...]
    fault: str | None = None

    def strata(self) -> Iterator[Stratum]:
        """The strata that it lies in."""
        if self.group is not None:
            yield Stratum(GROUP, self.group)
        if self.source is not None:
            yield Stratum(SOURCE, self.source)


@dataclass(frozen=True, slots=True)
class PageReport:
    """What a model found in one part of a dataset; ``seconds`` are those that it took."""

    engine: EngineInfo
    dataset: str
    part: str
    pages: tuple[FoundPage, ...]
    unscored: tuple[UnscoredLine, ...]
    seconds: float

    @property
    def score(self) -> DetectionScore:
        """The score of all pages."""
        return total([page.score for page in self.pages])

    def by_stratum(self) -> dict[Stratum, DetectionScore]:
        """The scores of all strata, by kind and value."""
        scores: dict[Stratum, list[DetectionScore]] = defaultdict(list)
        for page in self.pages:
            for stratum in page.strata():
                scores[stratum].append(page.score)
        in_order = sorted(scores, key=lambda each: (each.kind, each.value))
        return {stratum: total(scores[stratum]) for stratum in in_order}

    def summary(self) -> dict[str, float]:
        """Its numbers, by name: rates from 0 to 1, counts, and pages a second."""
        return {
            "pages": len(self.pages),
            "unscored": len(self.unscored),
            "faults": sum(page.fault is not None for page in self.pages),
            **asdict(self.score),
            **self.score.rates(),
            "pages_a_second": len(self.pages) / max(self.seconds, 1e-9),
        }

    def as_json(self) -> Json:
        """The report as JSON values; ``page_report_of`` makes the report of them again."""
        return asdict(self)


def page_report_of(values: Json) -> PageReport:
    """The report that was written as these values.

    Raises:
        KeyError, TypeError: they are not those of a report.
    """
    engine = values["engine"]
    models = {part: ModelInfo(**engine[part]) for part in ("detector", "recognizer")}
    pages = [
        FoundPage(**{field.name: page[field.name] for field in fields(FoundPage)} | _parts_of(page))
        for page in values["pages"]
    ]
    read = {
        "engine": EngineInfo(**engine | models),
        "pages": tuple(pages),
        "unscored": tuple(UnscoredLine(**each) for each in values["unscored"]),
    }
    return PageReport(**values | read)


def _parts_of(page: Json) -> Json:
    found = tuple(tuple(flat) for flat in page["found"])
    return {"score": DetectionScore(**page["score"]), "found": found}


def evaluate_pages(
    dataset: Dataset,
    engine: Engine,
    spec: EvaluationSpec,
    limits: LimitSpec,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> PageReport:
    """What the engine's detector finds on every page of the part, as pages are served.

    ``on_progress`` hears (pages done, pages in all).

    Raises:
        DatasetError: the dataset is none of pages, or has none in this part that can be decoded.
        StorageError: the store did not answer.
    """
    samples = dataset.of_part(spec.part)
    if dataset.type != PAGES:
        raise DatasetError(f"{dataset.root} is a {dataset.type}: a detector needs {PAGES}")
    source_of = sources_of(dataset, spec)
    pages: list[FoundPage] = []
    unscored: list[UnscoredLine] = []
    seconds = 0.0
    for done, found in enumerate(_pictures(dataset, samples, limits), start=1):
        if isinstance(found, UnscoredLine):
            unscored.append(found)
        else:
            started = time.perf_counter()
            pages.append(_found(*found, engine, source_of))
            seconds += time.perf_counter() - started
        on_progress(done, len(samples))
    if not pages:
        raise DatasetError(f"no page of {dataset.root} in {spec.part} can be decoded")
    told = tuple(pages), tuple(unscored), seconds
    return PageReport(engine.info, dataset.root, spec.part, *told)


def timed_pages(dataset: Dataset, part: str, limits: LimitSpec) -> Iterator[Pixels]:
    """The first pages of a part that can be scored: on these two models take turns."""
    found = _pictures(dataset, dataset.of_part(part), limits)
    pages = (each[1] for each in found if not isinstance(each, UnscoredLine))
    return islice(pages, TIMED_PAGES)


def _pictures(
    dataset: Dataset, samples: list[Sample], limits: LimitSpec
) -> Iterator[tuple[Sample, Pixels] | UnscoredLine]:
    """The pages, decoded in a contained process."""
    with POOL.borrowed(decode_spec(limits)) as decoder:
        for sample in samples:
            missing = missing_image(dataset, sample)
            if missing is not None:
                yield UnscoredLine(sample.path, missing.rule.code, missing.message)
                continue
            try:
                page_labels(sample.label)
                pixels = decoded(dataset.objects[name_of(sample.path) or ""], decoder).pixels
            except PageError as error:
                yield UnscoredLine(sample.path, error.code, printable(str(error)))
            except ValueError as error:
                yield UnscoredLine(sample.path, NOT_A_PAGE, printable(str(error)))
            else:
                yield sample, pixels


def _found(sample: Sample, pixels: Pixels, engine: Engine, source_of: GroupOf) -> FoundPage:
    labels, fault = page_labels(sample.label), None
    try:
        found = engine.detector.detect(pixels)
        polygons, scores = list(found.polygons.astype(np.float64)), found.scores
    except InferenceError as error:
        polygons, scores, fault = [], np.zeros(0, np.float32), str(error)
    return FoundPage(
        path=sample.path,
        image_sha256=pixels_sha256(pixels),
        group=sample.group,
        source=source_of(sample.path),
        label=sample.label,
        score=score_of_page(labels.expected, labels.ignored, polygons),
        confidence=float(scores.mean()) if len(scores) else 0.0,
        found=tuple(tuple(each.ravel().round(1).tolist()) for each in polygons),
        fault=fault,
    )
