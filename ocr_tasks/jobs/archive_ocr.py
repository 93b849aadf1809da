"""Every page of an archive to a row of Parquet: plan, infer, seal."""

import datetime
import json
import socket
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

from annotated_types import Interval

from ocr_tasks import __version__, storage
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.archive.shards import ShardSpec, plan_shards
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import DamagedFileError, SettingsError
from ocr_tasks.faults import damage_named
from ocr_tasks.planning import FrozenPlan, freeze, is_planned, pretty_json, read_plan, show_settings
from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.results.commit import commit_shard, committed_shards, committed_tally
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.rows import Provenance, ReviewSpec, row_of
from ocr_tasks.results.schema import Status
from ocr_tasks.results.seal import Audit, audit_run, refuse_changed_files
from ocr_tasks.settings import JobSettings, digest_of
from ocr_tasks.workers import cores, run_in_processes

Json = dict[str, Any]
# Settings that no text depends on.
HOW_FAST = (
    ("decode", "ahead"),
    ("engine", "device"),
    ("engine", "threads"),
    ("recognition", "batch_lines"),
    ("recognition", "open_pages"),
)


def _unheard(*_: int) -> None:
    """Progress that nobody listens to."""


@dataclass(frozen=True, slots=True)
class FailureSpec:
    """The largest share of failed pages with which a sealed run still counts as a success."""

    max_share: Annotated[float, Interval(ge=0, le=1)] = 0.1


class ArchiveOcrSettings(JobSettings):
    """The settings of a run; the command line, a DAG and configs/archive_ocr.yaml fill them."""

    input: str
    output: str
    collection: str = "default"
    shards: ShardSpec = ShardSpec()
    decode: DecodeSpec = DecodeSpec()
    engine: EngineSpec = EngineSpec()
    recognition: RecognitionSpec = RecognitionSpec()
    review: ReviewSpec = ReviewSpec()
    failures: FailureSpec = FailureSpec()


def plan(
    settings: ArchiveOcrSettings,
    run_id: str | None = None,
    workers: int = 1,
    dag_run_id: str | None = None,
) -> Json:
    """Lists the input and freezes the run: manifest, settings and models, in one object.

    Planning a planned run again reads the plan that stands; nothing is listed a second time.
    Returns run_id, output, collection, pages, and the ids of the shards.

    Raises:
        SettingsError: the input is empty or lies around the output.
        PlanConflictError: the run was planned with other settings.
    """
    settings = _with_absolute_urls(settings)
    run_id = run_id or new_run_id()
    layout = RunLayout(settings.output, settings.collection, run_id)
    if not is_planned(layout):
        pages = plan_shards(list_pages(settings.input, settings.decode), settings.shards, workers)
        frozen = FrozenPlan(
            run_id=run_id,
            settings=settings.model_dump(mode="json"),
            config_sha256=_config_sha256(settings),
            engine=load_engine(settings.engine).info,
            pipeline_version=__version__,
            dag_run_id=dag_run_id,
            planned_at=_now(),
        )
        freeze(layout, frozen, pages)
    run = read_plan(settings.output, run_id, columns=["shard_id"])
    run.refuse_other_settings(settings.model_dump(mode="json"))
    show_settings(run)
    return {
        "run_id": run_id,
        "output": settings.output,
        "collection": settings.collection,
        "pages": run.manifest.pages,
        "shards": run.manifest.shard_ids(),
    }


def infer(
    output: str,
    run_id: str,
    shard_id: str,
    threads: int | None = None,
    tick: Callable[[int], None] = _unheard,
) -> Json:
    """Reads the pages of one shard and commits their rows; a committed shard is left alone.

    ``tick`` hears how many more pages are done. Returns what stands committed: shard_id, attempt,
    pages, lines, by_status.

    Raises:
        StorageError: the store did not answer; nothing is committed.
        ModelError: the models are not those the run was planned with.
        DamagedFileError: the shard's file is damaged, or gone after the run was sealed.
    """
    run = read_plan(storage.absolute(output), run_id, shard_id)
    settings = ArchiveOcrSettings.revive(run.frozen.settings)
    committed = committed_tally(run.layout, shard_id)
    if committed is not None:
        tick(committed.pages)
        return asdict(committed)
    if storage.exists(run.layout.seal):
        raise DamagedFileError(f"{run.layout.part(shard_id)} is gone from a sealed run")
    spec = settings.engine
    engine = load_engine(spec if threads is None else replace(spec, threads=threads))
    run.refuse_other_models(engine.info)
    provenance = Provenance(
        collection=run.layout.collection,
        run_id=run_id,
        dag_run_id=run.frozen.dag_run_id,
        shard_id=shard_id,
        attempt=uuid.uuid4().hex,
        pipeline_version=__version__,
        config_sha256=run.frozen.config_sha256,
        engine=engine.info,
        host=socket.gethostname(),
    )
    pages = read_pages(run.manifest.expected(), settings.decode)
    rows = []
    for answer in recognize_pages(pages, engine, settings.recognition):
        rows.append(row_of(answer, provenance, settings.review))
        tick(1)
    return asdict(commit_shard(run.layout, shard_id, provenance.attempt, rows))


def seal(output: str, run_id: str) -> Json:
    """Holds all rows against the manifest and writes the seal; a sealed run keeps its seal.

    Returns the seal: counts by status and error, lines, files with digests, models, duration.

    Raises:
        SealRefusedError: a page or shard is missing, twice, or was never expected.
        DamagedFileError: a file of the run is not what was committed or sealed.
    """
    run = read_plan(storage.absolute(output), run_id, columns=["shard_id", "page_id"])
    if not storage.exists(run.layout.seal):
        content = _seal_content(audit_run(run.layout, run.manifest.table), run.frozen)
        if storage.create(run.layout.seal, pretty_json(content), run.layout.staging):
            return content
    with damage_named(run.layout.seal):
        sealed: Json = json.loads(storage.read_bytes(run.layout.seal))
        files = sealed["files"]
    refuse_changed_files(files)
    return sealed


def run(
    settings: ArchiveOcrSettings,
    run_id: str | None = None,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = _unheard,
) -> Json:
    """Plan, infer in ``workers`` processes, seal. A run that was broken off goes on where it was.

    ``on_progress`` hears (pages done, pages in all). Returns the seal.

    Raises:
        OcrTasksError: as plan, infer and seal do.
        WorkerDiedError: a shard's worker processes died in every try; all other shards are done.
    """
    workers = workers or cores()
    planned = plan(settings, run_id, workers)
    infer_missing(planned["output"], planned["run_id"], workers, on_progress)
    return seal(planned["output"], planned["run_id"])


def infer_missing(
    output: str,
    run_id: str,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = _unheard,
) -> Json:
    """Infers every shard that is not committed, in ``workers`` processes.

    What lies in memory is read in this process, as no other sees it. Returns the run id and how
    many shards were done here.
    """
    planned = read_plan(storage.absolute(output), run_id, columns=["shard_id"])
    committed = committed_shards(planned.layout)
    missing = [shard for shard in planned.manifest.shard_ids() if shard not in committed]
    total = planned.manifest.pages
    done = total - planned.manifest.pages_in(missing)
    on_progress(done, total)

    def advance(pages: int) -> None:
        nonlocal done
        done += pages
        on_progress(done, total)

    processes = max(1, min(workers or cores(), len(missing)))
    settings = ArchiveOcrSettings.revive(planned.frozen.settings)
    threads = settings.engine.threads or max(1, cores() // processes)
    items = [(planned.layout.output, run_id, shard, threads) for shard in missing]
    if any(storage.is_of_this_process(url) for url in (settings.input, settings.output)):
        for item in items:
            _infer_item(item, advance)
    else:
        for _ in run_in_processes(_infer_item, items, processes, advance, _shard_of):
            pass
    return {"run_id": run_id, "shards": len(missing)}


def new_run_id() -> str:
    """A run id that sorts by time and that no other run has."""
    return f"{_now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def _infer_item(item: tuple[str, str, str, int], tick: Callable[[int], None]) -> Json:
    output, run_id, shard_id, threads = item
    return infer(output, run_id, shard_id, threads, tick)


def _shard_of(item: tuple[str, str, str, int]) -> str:
    return f"shard {item[2]}"


def _with_absolute_urls(settings: ArchiveOcrSettings) -> ArchiveOcrSettings:
    source, output = storage.absolute(settings.input), storage.absolute(settings.output)
    if f"{output}/".startswith(f"{source.rstrip('/')}/"):
        raise SettingsError(f"the output {output} lies in the input {source}")
    return settings.model_copy(update={"input": source, "output": output})


def _config_sha256(settings: ArchiveOcrSettings) -> str:
    """A digest of every setting that can change a row's text: not where, nor how fast."""
    values = settings.model_dump(mode="json", include={"decode", "engine", "recognition"})
    for section, key in HOW_FAST:
        del values[section][key]
    return digest_of(values)


def _seal_content(audit: Audit, frozen: FrozenPlan) -> Json:
    settings = ArchiveOcrSettings.revive(frozen.settings)
    failed = audit.by_status[Status.FAILED] + audit.by_status[Status.QUARANTINED]
    failed_share = failed / audit.pages
    return {
        "run_id": frozen.run_id,
        "collection": settings.collection,
        "pages": audit.pages,
        "by_status": dict(sorted(audit.by_status.items())),
        "by_error": dict(sorted(audit.by_error.items())),
        "failed_share": failed_share,
        "within_budget": failed_share <= settings.failures.max_share,
        "lines": audit.lines,
        "conf_mean": audit.conf_mean,
        "engine": asdict(frozen.engine),
        "config_sha256": frozen.config_sha256,
        "pipeline_version": frozen.pipeline_version,
        "planned_at": frozen.planned_at.isoformat(),
        "sealed_at": _now().isoformat(),
        # Between two readings of a wall clock, which may have been set back in between.
        "duration_s": max(0.0, (_now() - frozen.planned_at).total_seconds()),
        "files": audit.files,
    }


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
