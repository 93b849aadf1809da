"""Pages of a past run read again by a model that would take the place of the one that read them."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import SettingsError
from ocr_tasks.evaluation.canary import (
    CanarySpec,
    ChangedLine,
    compare_pages,
    pages_for_canary,
)
from ocr_tasks.evaluation.canary_outputs import write_canary
from ocr_tasks.imaging.crops import Pixels, strip_of
from ocr_tasks.planning import TEXT_SECTIONS, PlannedRun, read_plan
from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.records import ExpectedPage, Page, PageFailure, PageResult
from ocr_tasks.results.commit import committed_shards
from ocr_tasks.results.past import Row, past_rows
from ocr_tasks.settings import JobSettings

Json = dict[str, Any]
Progress = Callable[[int, int], None]

COLUMNS = ("page_id", "status", "lines")  # of the rows of a past run


class ReadingSettings(JobSettings):
    """What of a run's settings its texts depend on."""

    decode: DecodeSpec = DecodeSpec()
    engine: EngineSpec = EngineSpec()
    recognition: RecognitionSpec = RecognitionSpec()


def run_canary(
    spec: CanarySpec, reader: EngineSpec, output: str, schemes: Sequence[str], hear: Progress
) -> Json:
    """Has ``reader`` read pages of the past run again; what came of it lies below ``output``.

    They are found, cut and decoded as the run did it: of ``reader`` the recogniser counts, and
    what it runs on. Returns what canary.json says, but for single lines, with the ``ruling`` on
    it; ``hear`` hears (pages done, pages in all).

    Raises:
        SettingsError: no such run was planned, or no page of it was read by a recogniser.
        EngineBrokenError: it fails on any page.
        ModelError, DamagedFileError, StorageError: as a run does.
    """
    assert spec.output is not None
    assert spec.run_id is not None
    run = read_plan(spec.output, spec.run_id, schemes=schemes)
    rows = _rows_of_some(run, spec)
    settings = _settings_of(run)
    expected = run.pages([row["page_id"] for row in rows])
    engine = load_engine(_as_served(reader, settings.engine))
    pages = read_pages(expected, settings.decode)
    answers = recognize_pages(pages, engine, settings.recognition)
    report = compare_pages(rows, _heard(answers, len(expected), hear))
    told = {
        "run_id": spec.run_id,
        "results": run.layout.output,
        "seed": spec.seed,
        "before": asdict(run.frozen.engine.recognizer),
        "after": asdict(engine.info.recognizer),
    }
    crops = _crops_of(report.changed, expected, settings.decode)
    write_canary(output, told, report, crops)
    return told | {key: value for key, value in report.as_json().items() if key != "changed"}


def _rows_of_some(run: PlannedRun, spec: CanarySpec) -> list[Row]:
    """The rows of the pages that are drawn, out of as many shards at most."""
    committed = sorted(committed_shards(run.layout))
    shards = random.Random(spec.seed).sample(committed, min(spec.pages, len(committed)))  # noqa: S311
    rows = list(past_rows(run.layout, shards, COLUMNS))
    chosen = set(pages_for_canary(rows, spec.pages, spec.seed))
    if not chosen:
        raise SettingsError(f"run {spec.run_id} has no page that a recogniser read")
    return [row for row in rows if row["page_id"] in chosen]


def _settings_of(run: PlannedRun) -> ReadingSettings:
    return ReadingSettings.revive({name: run.frozen.settings[name] for name in TEXT_SECTIONS})


def _as_served(reader: EngineSpec, past: EngineSpec) -> EngineSpec:
    """The reader with the detector of a past run."""
    return replace(
        reader, det_model=past.det_model, det_sha256=past.det_sha256, detection=past.detection
    )


def _heard(
    answers: Iterator[PageResult | PageFailure], count: int, hear: Progress
) -> Iterator[PageResult | PageFailure]:
    hear(0, count)
    for done, answer in enumerate(answers, start=1):
        hear(done, count)
        yield answer


def _crops_of(
    lines: Sequence[ChangedLine], expected: Sequence[ExpectedPage], spec: DecodeSpec
) -> dict[ChangedLine, Pixels]:
    """The pictures of lines; their pages are decoded once more, as all at once are too large."""
    on_page: dict[str, list[ChangedLine]] = {}
    for line in lines:
        on_page.setdefault(line.page_id, []).append(line)
    wanted = [page for page in expected if page.page_id in on_page]
    crops: dict[ChangedLine, Pixels] = {}
    for page in read_pages(wanted, spec):
        if isinstance(page, Page):
            crops |= {line: _crop(page, line) for line in on_page[page.expected.page_id]}
    return crops


def _crop(page: Page, line: ChangedLine) -> Pixels:
    shrunk = page.image.shape[1] / page.facts.width  # 1, but for degraded pages
    polygon = np.array(line.polygon, np.float32).reshape(4, 2) * np.float32(shrunk)
    return strip_of(page.image, polygon)
