"""Every page of an archive to a row of Parquet: plan, infer, seal."""

import datetime
import json
import socket
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ocr_tasks import __version__, storage
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.archive.shards import (
    Manifest,
    ShardSpec,
    manifest_bytes,
    plan_shards,
    read_manifest,
)
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError, PlanConflictError, SettingsError
from ocr_tasks.recognition import RecognitionSpec, recognize_pages
from ocr_tasks.records import EngineInfo, ModelInfo
from ocr_tasks.results.commit import commit_shard, committed_shards, committed_tally
from ocr_tasks.results.layout import RunLayout, manifest_uri
from ocr_tasks.results.rows import Provenance, ReviewSpec, row_of
from ocr_tasks.results.seal import audit_run, seal_of
from ocr_tasks.settings import JobSettings, digest_of
from ocr_tasks.workers import cores, run_in_processes

Json = dict[str, Any]
PLAN_KEY = "ocr_tasks.plan"  # the manifest's footer holds the frozen plan under this key


def _unheard(*_: int) -> None:
    """Progress that nobody listens to."""


@dataclass(frozen=True, slots=True)
class FailureSpec:
    """The largest share of failed pages with which a sealed run still counts as a success."""

    max_share: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what is no share.

        Raises:
            SettingsError: it is not between 0 and 1.
        """
        if not 0 <= self.max_share <= 1:
            raise SettingsError(f"failures.max_share={self.max_share}: use a share from 0 to 1")


class ArchiveOcrSettings(JobSettings):
    """The settings of a run; the command line, a DAG and configs/archive_ocr.yaml fill them."""

    input: str
    output: str
    collection: str = "default"
    shards: ShardSpec = field(default_factory=ShardSpec)
    decode: DecodeSpec = field(default_factory=DecodeSpec)
    engine: EngineSpec = field(default_factory=EngineSpec)
    recognition: RecognitionSpec = field(default_factory=RecognitionSpec)
    review: ReviewSpec = field(default_factory=ReviewSpec)
    failures: FailureSpec = field(default_factory=FailureSpec)


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
    uri = manifest_uri(settings.output, run_id)
    if not storage.exists(uri):
        manifest = plan_shards(list_pages(settings.input), settings.shards, workers)
        frozen = {
            "settings": settings.model_dump(mode="json"),
            "config_sha256": _config_sha256(settings),
            "engine": asdict(load_engine(settings.engine).info),
            "pipeline_version": __version__,
            "run_id": run_id,
            "dag_run_id": dag_run_id,
            "planned_at": _now().isoformat(),
        }
        footer = {PLAN_KEY: json.dumps(frozen, ensure_ascii=False)}
        storage.create(uri, manifest_bytes(manifest, footer), layout.staging)
    run = _planned(settings.output, run_id)
    _refuse_other_settings(run, settings)
    storage.create(layout.settings, _pretty(run.frozen), layout.staging)
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
    """
    run = _planned(storage.absolute(output), run_id, shard_id)
    committed = committed_tally(run.layout, shard_id)
    if committed is not None:
        tick(committed.pages)
        return asdict(committed)
    spec = run.settings.engine
    engine = load_engine(spec if threads is None else replace(spec, threads=threads))
    _refuse_other_models(engine.info, run.engine)
    provenance = Provenance(
        collection=run.layout.collection,
        run_id=run_id,
        dag_run_id=run.frozen["dag_run_id"],
        shard_id=shard_id,
        attempt=uuid.uuid4().hex,
        pipeline_version=__version__,
        config_sha256=run.frozen["config_sha256"],
        engine=engine.info,
        host=socket.gethostname(),
    )
    pages = read_pages(run.manifest.expected(), run.settings.decode)
    rows = []
    for answer in recognize_pages(pages, engine, run.settings.recognition):
        rows.append(row_of(answer, provenance, run.settings.review))
        tick(1)
    return asdict(commit_shard(run.layout, shard_id, provenance.attempt, rows))


def seal(output: str, run_id: str) -> Json:
    """Holds all rows against the manifest and writes the seal; a sealed run keeps its seal.

    Returns the seal: counts by status and error, lines, files with digests, models, duration.

    Raises:
        SealRefusedError: a page or shard is missing, twice, or was never expected.
    """
    run = _planned(storage.absolute(output), run_id)
    if not storage.exists(run.layout.seal):
        audit = audit_run(run.layout, run.manifest.table)
        sealed = seal_of(audit, run.frozen, _now())
        storage.create(run.layout.seal, _pretty(sealed), run.layout.staging)
    sealed: Json = json.loads(storage.read_bytes(run.layout.seal))
    sealed["within_budget"] = sealed["failed_share"] <= run.settings.failures.max_share
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
        WorkerDiedError: a worker process was killed.
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

    Returns the run id and how many shards were done here.
    """
    planned = _planned(storage.absolute(output), run_id)
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
    threads = planned.settings.engine.threads or max(1, cores() // processes)
    items = [(planned.layout.output, run_id, shard, threads) for shard in missing]
    for _ in run_in_processes(_infer_item, items, processes, advance):
        pass
    return {"run_id": run_id, "shards": len(missing)}


def new_run_id() -> str:
    """A run id that sorts by time and that no other run has."""
    return f"{_now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


@dataclass(frozen=True, slots=True)
class _PlannedRun:
    """A run as its manifest froze it."""

    frozen: Json
    settings: ArchiveOcrSettings
    layout: RunLayout
    manifest: Manifest

    @property
    def engine(self) -> EngineInfo:
        """The engine and models the run was planned with."""
        values = self.frozen["engine"]
        detector, recognizer = ModelInfo(**values["detector"]), ModelInfo(**values["recognizer"])
        return EngineInfo(**values | {"detector": detector, "recognizer": recognizer})


def _planned(output: str, run_id: str, shard_id: str | None = None) -> _PlannedRun:
    """The plan that stands, with its whole manifest or one shard's part of it."""
    uri = manifest_uri(output, run_id)
    try:
        manifest = read_manifest(uri, shard_id)
    except FileNotFoundError as error:
        raise SettingsError(f"no run {run_id!r} was planned in {output}") from error
    frozen = json.loads(manifest.metadata[PLAN_KEY])
    settings = ArchiveOcrSettings.revive(frozen["settings"])
    layout = RunLayout(output, settings.collection, run_id)
    return _PlannedRun(frozen, settings, layout, manifest)


def _infer_item(item: tuple[str, str, str, int], tick: Callable[[int], None]) -> Json:
    output, run_id, shard_id, threads = item
    return infer(output, run_id, shard_id, threads, tick)


def _with_absolute_urls(settings: ArchiveOcrSettings) -> ArchiveOcrSettings:
    source, output = storage.absolute(settings.input), storage.absolute(settings.output)
    if f"{output}/".startswith(f"{source.rstrip('/')}/"):
        raise SettingsError(f"the output {output} lies in the input {source}")
    return settings.model_copy(update={"input": source, "output": output})


def _config_sha256(settings: ArchiveOcrSettings) -> str:
    """A digest of every setting that can change a row's text: not where, nor how fast."""
    values = settings.model_dump(mode="json", include={"decode", "engine", "recognition"})
    for how_fast in ("threads", "device"):
        del values["engine"][how_fast]
    return digest_of(values)


def _refuse_other_settings(run: _PlannedRun, settings: ArchiveOcrSettings) -> None:
    stood, given = run.settings.model_dump(mode="json"), settings.model_dump(mode="json")
    other = [key for key in given if given[key] != stood.get(key)]
    if other:
        raise PlanConflictError(
            f"run {run.layout.run_id} was planned with other settings of: {', '.join(other)}"
        )


def _refuse_other_models(loaded: EngineInfo, planned: EngineInfo) -> None:
    for part in ("engine", "detector", "recognizer", "dict_sha256"):
        if getattr(loaded, part) != getattr(planned, part):
            raise ModelError(
                f"the run was planned with {part} {getattr(planned, part)}, "
                f"but here is {getattr(loaded, part)}"
            )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _pretty(values: Json) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()
