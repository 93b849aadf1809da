"""The steps of a fine-tuning whose dataset is of pages: what is trained and judged is a detector.

Each does what the step of the same name does for lines; ``model_finetune`` asks them where the
dataset's layout says so, and nobody else has to.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.samples import PAGES, TRAIN, VAL, Dataset
from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import SettingsError
from ocr_tasks.evaluation.checks import WEIGHTS, Look, file_faults, time_ratio, trained_on
from ocr_tasks.evaluation.contest import (
    CANDIDATE,
    CHAMPION,
    VAL_JUDGED,
    begun_checks,
    champions_name,
    checks_of,
    part_of,
)
from ocr_tasks.evaluation.found import PageReport, evaluate_pages, timed_pages
from ocr_tasks.evaluation.found_outputs import read_found, write_found
from ocr_tasks.evaluation.found_page import Reports
from ocr_tasks.evaluation.outputs import write_checks
from ocr_tasks.evaluation.page_gate import decide_pages
from ocr_tasks.imaging.maps import DetectionSpec
from ocr_tasks.jobs.model_finetune_judged import (
    exported_from,
    forget_verdict,
    judged_checks,
    pronounced,
    sets_of,
)
from ocr_tasks.jobs.model_finetune_settings import (
    ModelFinetuneSettings,
    as_trained,
    champion_to_begin_with,
)
from ocr_tasks.registry.incumbents import champion_now
from ocr_tasks.training.detection.spec import DetectorSpec

Json = dict[str, Any]
Progress = Callable[[int, int], None]

SERVING = DetectionSpec()


def is_of_pages(dataset: Dataset) -> bool:
    """Whether a detector is trained on it, and no recogniser."""
    return dataset.type == PAGES


def learns_here(settings: ModelFinetuneSettings, dataset: Dataset) -> bool:
    """Whether our own trainer of detectors is to learn from it, and not PaddleX's."""
    return is_of_pages(dataset) and settings.train.trainer == "embedded"


def refuse_for_recognisers(settings: ModelFinetuneSettings) -> None:
    """Lets nothing pass that is for recognisers only.

    Raises:
        SettingsError: there is a sweep or a canary.
    """
    if settings.sweep:
        raise SettingsError("sweep: a detector is trained by one set of options; leave it out")
    if settings.canary.output is not None:
        raise SettingsError("canary: it is for recognisers only; leave canary.output out")


def train(settings: ModelFinetuneSettings, dataset: Dataset, hear: Callable[[Any], None]) -> Json:
    """See model_finetune_sweep.train.

    Raises:
        SettingsError: there is a sweep or a canary, which are for recognisers only.
        and what training.detection.train.learn raises.
    """
    from ocr_tasks.training.detection.train import learn

    refuse_for_recognisers(settings)
    return learn(dataset, settings.output, _spec(settings), SERVING, hear)


def export(settings: ModelFinetuneSettings, dataset: Dataset) -> Json:
    """See model_finetune.export."""
    from ocr_tasks.training.detection.train import export_best

    settings = as_trained(settings, "detector")
    return export_best(dataset, settings.output, settings.detector, SERVING)


def evaluate_base(settings: ModelFinetuneSettings, dataset: Dataset, on_progress: Progress) -> Json:
    """See model_finetune.evaluate_base.

    Raises:
        SettingsError: there is a sweep or a canary, which are for recognisers only.
    """
    from ocr_tasks.engines.loading import load_engine

    refuse_for_recognisers(settings)
    stands = champion_now(settings.registry, "det")
    engine, told = load_engine(_engine(settings, stands.weights, stands.digest)), {}
    for name, some in sets_of(settings, dataset).items():
        report = _report(settings, some, engine, on_progress)
        told[name] = _write(settings, champions_name(name), {CHAMPION: report}, some)
    return told


def evaluate(settings: ModelFinetuneSettings, dataset: Dataset, on_progress: Progress) -> Json:
    """See model_finetune.evaluate."""
    from ocr_tasks.engines.loading import load_engine
    from ocr_tasks.training.outputs import INFERENCE

    exported, sets = exported_from(settings, dataset), sets_of(settings, dataset)
    forget_verdict(settings.output)
    stands = champion_now(settings.registry, "det")
    champion = load_engine(_engine(settings, stands.weights, stands.digest))
    folder, files = storage.join(settings.output, INFERENCE), exported["files"]
    spec = _engine(settings, storage.join(folder, WEIGHTS), files.get(WEIGHTS))
    checks = begun_checks(exported, sets, settings.evaluation, stands)
    checks["files"] = file_faults(folder, files, spec)
    for name, some in sets.items():
        base = {CHAMPION: _report(settings, some, champion, on_progress)}
        _write(settings, champions_name(name), base, some)
    if not checks["files"]:
        candidate = load_engine(spec)
        for name, some in sets.items():
            base = read_found(settings.output, champions_name(name))
            both = {CANDIDATE: _report(settings, some, candidate, on_progress), **base}
            checks["numbers"][name] = _write(settings, name, both, some)
        part = part_of(dataset, settings.evaluation)
        pages = timed_pages(dataset, part, settings.limits)
        looks = _one_look(candidate), _one_look(champion)
        checks["time_ratio"] = time_ratio(*looks, pages)
    write_checks(settings.output, checks)
    return checks


def decide(settings: ModelFinetuneSettings, dataset: Dataset, workers: int | None) -> Json:
    """See model_finetune.decide."""
    on_val = part_of(dataset, settings.evaluation) == VAL
    parts = (TRAIN,) if on_val else (TRAIN, VAL)
    try:
        told = judged_checks(settings, dataset)
        champion = _found_by(settings.output, told["sets"], CHAMPION, champions_name)
        candidate = None
        if not told["files"]:
            candidate = _found_by(settings.output, told["sets"], CANDIDATE, str)
    except FileNotFoundError as error:
        raise SettingsError(f"nothing was evaluated in {settings.output}: {error}") from error
    seen = trained_on(dataset, parts, settings.limits, workers)
    verdict = decide_pages(candidate, champion, settings.gate, checks_of(told, seen))
    if on_val:
        verdict = replace(verdict, notes=(*verdict.notes, VAL_JUDGED))
    return pronounced(settings, verdict)


def _found_by(
    output: str, sets: list[str], role: str, name_of: Callable[[str], str]
) -> Mapping[str, PageReport]:
    return {name: read_found(output, name_of(name))[role] for name in sets}


def _report(
    settings: ModelFinetuneSettings, dataset: Dataset, engine: Engine, hear: Progress
) -> PageReport:
    spec = replace(settings.evaluation, part=part_of(dataset, settings.evaluation))
    return evaluate_pages(dataset, engine, spec, settings.limits, hear)


def _write(settings: ModelFinetuneSettings, name: str, reports: Reports, dataset: Dataset) -> Json:
    return write_found(settings.output, name, reports, dataset, settings.limits)


def _spec(settings: ModelFinetuneSettings) -> DetectorSpec:
    """The options of the training, which begins with the champion if no base is named."""
    if settings.detector.base is not None:
        return settings.detector
    incumbent = champion_to_begin_with(settings, "det")
    return replace(settings.detector, base=incumbent.weights, base_sha256=incumbent.digest)


def _one_look(engine: Engine) -> Look:
    """A detector that looks at each page once, whatever it finds, so that only its speed counts."""
    from ocr_tasks.engines.ppocr import PpocrDetector

    assert isinstance(engine.detector, PpocrDetector)  # as all engines of a ReaderSpec have it
    return replace(engine.detector, spec=replace(SERVING, max_side=SERVING.first_side)).detect


def _engine(settings: ModelFinetuneSettings, weights: str | None, sha256: str | None) -> EngineSpec:
    """The engine with the detector of this URL and digest, or the built-in one."""
    engine = settings.engine.engine(None, None)
    return replace(engine, det_model=weights, det_sha256=sha256, detection=SERVING)
