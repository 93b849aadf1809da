"""``ocr-tasks archive-ocr``: a run, its steps, and what failed in it."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ocr_tasks.cli.options import (
    Collection,
    Config,
    GivenRegistry,
    Input,
    Output,
    Overrides,
    RunId,
    StoodOutput,
    StoodRunId,
    Workers,
    settings_of,
)
from ocr_tasks.console import err, out, page_progress, print_failures, print_seal
from ocr_tasks.jobs import archive_ocr
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from ocr_tasks.planning import fresh_run_id
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.settings import parse_overrides

TOO_MANY_FAILURES = 3

archive = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Every page of an archive to one row of Parquet: `run`, or its steps.",
)


@archive.command()
def run(
    source: Input = None,
    output: Output = None,
    collection: Collection = None,
    registry: GivenRegistry = None,
    run_id: RunId = None,
    workers: Workers = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Read every page of an input and seal the run.

    Exit code 0: sealed. 1: an error. 2: wrong usage. 3: sealed, but a larger share of pages
    failed than `failures.max_share`.

    Examples:
    - `ocr-tasks archive-ocr run --input scans/ --output results/`
    - `ocr-tasks archive-ocr run --input s3://bucket/maps --output s3://bucket/ocr
      --collection maps -o shards.pages=100`
    - with the champion of a registry: `--registry s3://bucket/registry`
    - take up a run that was broken off: the same command with its `--run-id`
    """
    settings = _settings(source, output, collection, registry, config, override)
    run_id = run_id or fresh_run_id()
    err.print(f"run {run_id}", highlight=False)
    with page_progress() as progress:
        seal = archive_ocr.run(settings, run_id, workers, progress)
    _report(seal, settings.output, progress.pages_a_second)


@archive.command()
def plan(
    source: Input = None,
    output: Output = None,
    collection: Collection = None,
    registry: GivenRegistry = None,
    run_id: RunId = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="How many workers should all have a shard.")
    ] = 1,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """List the input and freeze the run; print its id and shards as JSON.

    Example: `ocr-tasks archive-ocr plan --input scans/ --output results/ --run-id june`
    """
    settings = _settings(source, output, collection, registry, config, override)
    _print_json(archive_ocr.plan(settings, run_id, workers))


@archive.command()
def infer(
    output: StoodOutput,
    run_id: StoodRunId,
    shard: Annotated[
        str | None, typer.Option("--shard", help="One shard; else all that are missing.")
    ] = None,
    workers: Workers = None,
) -> None:
    """Read a planned run's shards and commit their rows; print what was done as JSON.

    Example: `ocr-tasks archive-ocr infer --output results/ --run-id june --shard 00003`
    """
    if shard is not None:
        _print_json(archive_ocr.infer(output, run_id, shard))
        return
    with page_progress() as progress:
        done = archive_ocr.infer_missing(output, run_id, workers, progress)
    _print_json(done)


@archive.command()
def seal(output: StoodOutput, run_id: StoodRunId) -> None:
    """Hold all rows against the manifest and seal the run, or say what is missing.

    Example: `ocr-tasks archive-ocr seal --output results/ --run-id june`
    """
    _report(archive_ocr.seal(output, run_id))


@archive.command()
def failures(
    output: StoodOutput,
    run_id: StoodRunId,
    quarantine: Annotated[
        str | None,
        typer.Option("--quarantine", help="An empty folder for copies of the failed objects."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, for programs.")
    ] = False,
) -> None:
    """List the failed and quarantined pages of a run, sealed or not, with what to do about them.

    Exit code 0, whether or not a page failed.

    Examples:
    - `ocr-tasks archive-ocr failures --output results/ --run-id june`
    - `ocr-tasks archive-ocr failures --output results/ --run-id june --quarantine failed/`
    """
    report = archive_ocr.failures(output, run_id, quarantine)
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        print_failures(report)


@archive.command()
def retry(
    output: StoodOutput,
    run_id: StoodRunId,
    new_run_id: Annotated[
        str | None,
        typer.Option("--new-run-id", help="Names the retry; an old name takes it up again."),
    ] = None,
    workers: Workers = None,
    override: Overrides = None,
) -> None:
    """Read the failed and quarantined pages of a sealed run again, in a new run, and seal that.

    It has the settings of the old run, with what `--override` says. Exit codes as of `run`; 0
    where no page failed.

    Examples:
    - `ocr-tasks archive-ocr retry --output results/ --run-id june`
    - `ocr-tasks archive-ocr retry --output results/ --run-id june --new-run-id june-2
      -o decode.max_pixels=900000000`
    """
    new_run_id = new_run_id or fresh_run_id()
    err.print(f"run {new_run_id}", highlight=False)
    overrides = parse_overrides(override or [])
    with page_progress() as progress:
        seal = archive_ocr.retry(output, run_id, new_run_id, overrides, workers, progress)
    if seal is None:
        out.print(f"no page of run {run_id} failed: there is nothing to retry", highlight=False)
        return
    _report(seal, output, progress.pages_a_second)


def _settings(
    source: str | None,
    output: str | None,
    collection: str | None,
    registry: str | None,
    config: Path | None,
    override: list[str] | None,
) -> ArchiveOcrSettings:
    places = {"input": source, "output": output, "registry": registry}
    return settings_of(ArchiveOcrSettings, config, override, collection=collection, **places)


def _print_json(values: dict[str, Any]) -> None:
    out.print_json(data=values)


def _report(seal: dict[str, Any], output: str = "", pages_a_second: float = 0.0) -> None:
    """Shows a seal; ends with exit code 3 where more failed than `failures.max_share`."""
    pages = RunLayout(output, seal["collection"], seal["run_id"]).pages if output else ""
    print_seal(seal, pages_a_second, pages)
    if not seal["within_budget"]:
        share = f"{seal['failed_share']:.1%}"
        said = f"sealed, but {share} of the pages failed: more than failures.max_share"
        err.print(said, highlight=False, soft_wrap=True)
        raise typer.Exit(TOO_MANY_FAILURES)
