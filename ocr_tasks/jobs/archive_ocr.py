"""Every page of an archive to a row of Parquet: plan, infer, seal; then what failed, again."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from ocr_tasks import storage
from ocr_tasks.admission import refuse_secrets, refuse_url
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.reader import read_pages
from ocr_tasks.archive.shards import plan_shards
from ocr_tasks.engines.loading import load_engine, pinned_engine
from ocr_tasks.errors import DamagedFileError
from ocr_tasks.failures import failures_of, pages_again, report
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from ocr_tasks.planning import (
    freeze,
    fresh_run_id,
    is_planned,
    new_plan,
    read_plan,
    show_settings,
)
from ocr_tasks.quarantine import fill
from ocr_tasks.recognition import recognize_pages
from ocr_tasks.records import ExpectedPage
from ocr_tasks.results.commit import commit_shard, committed_shards, committed_tally
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.rows import row_of
from ocr_tasks.sealing import seal_run
from ocr_tasks.settings import Values
from ocr_tasks.stores.filesystems import scheme_of
from ocr_tasks.workers import cores, run_in_processes, worker_number

Json = dict[str, Any]


def _unheard(*_: int) -> None:
    """Progress that nobody listens to."""


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
        SettingsError: the input is empty, lies around the output or may not be read, or a
            setting holds a secret.
        PlanConflictError: the run was planned with other settings.
    """
    settings = settings.admitted()
    layout = RunLayout(settings.output, settings.collection, run_id or fresh_run_id())
    if not is_planned(layout):
        _freeze(layout, settings, list_pages(settings.input, settings.decode), workers, dag_run_id)
    return _planned(layout, settings)


def infer(
    output: str,
    run_id: str,
    shard_id: str,
    threads: int | None = None,
    tick: Callable[[int], None] = _unheard,
    device_number: int | None = None,
    schemes: Sequence[str] | None = None,
) -> Json:
    """Reads the pages of one shard and commits their rows; a committed shard is left alone.

    ``tick`` hears how many more pages are done. Of several devices it takes ``device_number``, or,
    where nobody gives them out, that of the shard. ``schemes`` are those that ``output`` may have,
    as of ``read_plan``. Returns what stands committed: shard_id, attempt, pages, lines, by_status.

    Raises:
        StorageError: the store did not answer; nothing is committed.
        ModelError: the models are not those the run was planned with.
        DamagedFileError: the shard's file is damaged, or gone after the run was sealed.
    """
    run = read_plan(output, run_id, shard_id, schemes=schemes)
    settings = ArchiveOcrSettings.revive(run.frozen.settings)
    committed = committed_tally(run.layout, shard_id)
    if committed is not None:
        tick(committed.pages)
        return asdict(committed)
    if run.is_sealed():
        raise DamagedFileError(f"{run.layout.part(shard_id)} is gone from a sealed run")
    det, rec = run.frozen.engine.detector, run.frozen.engine.recognizer
    spec = replace(settings.engine, det_sha256=det.sha256, rec_sha256=rec.sha256)
    spec = spec.on_device(int(shard_id) if device_number is None else device_number)
    with pinned_engine(spec if threads is None else replace(spec, threads=threads)) as engine:
        run.refuse_other_models(engine.info)
        provenance = run.provenance(shard_id, engine.info)
        pages = read_pages(run.manifest.expected(), settings.decode)
        rows = []
        for answer in recognize_pages(pages, engine, settings.recognition):
            rows.append(row_of(answer, provenance, settings.review))
            tick(1)
    return asdict(commit_shard(run.layout, shard_id, provenance.attempt, rows))


def seal(output: str, run_id: str, schemes: Sequence[str] | None = None) -> Json:
    """Holds all rows against the manifest and writes the seal; a sealed run keeps its seal.

    Returns the seal: counts by status and error, lines, files with digests, models, duration.

    Raises:
        SealRefusedError: a page or shard is missing, twice, or was never expected.
        DamagedFileError: a file of the run is not what was committed or sealed.
    """
    run = read_plan(output, run_id, columns=["shard_id", "page_id"], schemes=schemes)
    return seal_run(run, ArchiveOcrSettings.revive(run.frozen.settings).failures)


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
    infer_missing(planned["output"], planned["run_id"], workers, on_progress, settings.schemes)
    return seal(planned["output"], planned["run_id"], settings.schemes)


def infer_missing(
    output: str,
    run_id: str,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = _unheard,
    schemes: Sequence[str] | None = None,
) -> Json:
    """Infers every shard that is not committed, in ``workers`` processes.

    What lies in memory is read in this process, as no other sees it. Returns the run id and how
    many shards were done here.
    """
    planned = read_plan(output, run_id, columns=["shard_id"], schemes=schemes)
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
        for _ in run_in_processes(_infer_item, items, processes, advance, "shard {0[2]}".format):
            pass
    return {"run_id": run_id, "shards": len(missing)}


def failures(output: str, run_id: str, quarantine: str | None = None) -> Json:
    """What failed in a run, sealed or not: failed and quarantined pages, and the remedies.

    The folder ``quarantine`` is filled with the objects they are of, and a reproducer each.
    Returns run_id, collection, retry_of, sealed, shards, committed (of them), pages (expected),
    failed, ``classes`` (error_class, pages, retryable, remedy), ``failures``, the pages by the
    columns of their rows, and ``quarantine`` (folder, copied, not_copied) or None.

    Raises:
        SettingsError: no such run was planned, or the folder is not empty or lies in the input.
        DamagedFileError: a file of the run is not what was committed.
    """
    run = read_plan(output, run_id, columns=None if quarantine else ["shard_id"])
    failed = failures_of(run)
    filled = None
    if quarantine is not None:
        settings = ArchiveOcrSettings.revive(run.frozen.settings)
        refuse_url(quarantine, settings.schemes)
        defaults = ArchiveOcrSettings(input="", output="").model_dump(mode="json")
        filled = fill(storage.absolute(quarantine), run, failed, settings.decode, defaults)
    return report(run, failed) | {"quarantine": filled}


def retry(
    output: str,
    run_id: str,
    new_run_id: str | None = None,
    overrides: Values | None = None,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = _unheard,
) -> Json | None:
    """Reads the failed and quarantined pages of a sealed run again, in a run of their own.

    A retry that was broken off goes on where it was. Returns the new run's seal, or None where no
    page failed. Raises what plan_retry and run do.
    """
    workers = workers or cores()
    planned = plan_retry(output, run_id, new_run_id, overrides, workers)
    if planned is None:
        return None
    infer_missing(planned["output"], planned["run_id"], workers, on_progress)
    return seal(planned["output"], planned["run_id"])


def plan_retry(
    output: str,
    run_id: str,
    new_run_id: str | None = None,
    overrides: Values | None = None,
    workers: int = 1,
    dag_run_id: str | None = None,
) -> Json | None:
    """Freezes a run over the pages that failed in a sealed run, and those it did not know.

    Its settings are that run's, with nested ``overrides``. Returns as plan, or None if none failed.

    Raises:
        SettingsError: the run is not sealed, or an override is wrong.
        PlanConflictError: the new run id stands for other settings, or is no retry of that run.
    """
    old = read_plan(output, run_id)
    settings = ArchiveOcrSettings.revive(old.settings_again(overrides or {})).admitted()
    layout = RunLayout(settings.output, settings.collection, new_run_id or fresh_run_id())
    if not is_planned(layout):
        pages = list(pages_again(old, settings.decode))
        if not pages:
            return None
        _freeze(layout, settings, pages, workers, dag_run_id, retry_of=run_id)
    return _planned(layout, settings, retry_of=run_id)


def _freeze(
    layout: RunLayout,
    settings: ArchiveOcrSettings,
    pages: Iterable[ExpectedPage],
    workers: int,
    dag_run_id: str | None,
    retry_of: str | None = None,
) -> None:
    refuse_secrets({"run_id": layout.run_id, "dag_run_id": dag_run_id})
    settings = settings.with_champions()
    manifest = plan_shards(pages, settings.shards, workers)
    engine = load_engine(settings.engine).info
    values = settings.model_dump(mode="json")
    freeze(layout, new_plan(layout.run_id, values, engine, dag_run_id, retry_of), manifest)


def _planned(layout: RunLayout, settings: ArchiveOcrSettings, retry_of: str | None = None) -> Json:
    """What stands planned, if it is what these settings want."""
    run = read_plan(layout.output, layout.run_id, None, ["shard_id"], settings.schemes)
    run.refuse_other_settings(settings.model_dump(mode="json"), retry_of)
    show_settings(run)
    return run.told()


def _infer_item(item: tuple[str, str, str, int], tick: Callable[[int], None]) -> Json:
    return infer(*item, tick, worker_number(), [scheme_of(item[0])])  # its plan has been read
