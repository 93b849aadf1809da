"""``ocr-tasks dataset-refresh``: a dataset converted, checked, split, judged, published."""

from pathlib import Path
from typing import Annotated

import typer

from ocr_tasks.cli.dataset_tables import (
    print_check,
    print_convert,
    print_diff,
    print_published,
    print_split,
    print_versions,
)
from ocr_tasks.cli.options import Config, Output, Overrides, Workers, settings_of
from ocr_tasks.console import page_progress
from ocr_tasks.errors import CheckFailedError, DamagedFileError
from ocr_tasks.jobs import dataset_refresh, dataset_versions
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings

Dataset = Annotated[
    str | None, typer.Option("--dataset", help="The folder of the label files: a path or URL.")
]
StoodOutput = Annotated[str, typer.Option("--output", help="The output of the publication.")]
Name = Annotated[str, typer.Option("--name", help="The name the dataset was published under.")]
Fingerprint = Annotated[str, typer.Argument(help="The begin of a fingerprint, or `latest`.")]

dataset = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Labelled lines or pages, before a model is trained on them: `run`, or its steps.",
)


@dataset.command()
def run(
    source: Dataset = None,
    output: Output = None,
    workers: Workers = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Split if `split.enable` says so, check, hold against the gate, and publish a version.

    Exit code 0: published, or the same content was. 1: refused, or an error. 2: wrong usage.

    Example: `ocr-tasks dataset-refresh run --dataset lines/ --output refreshed/ -o name=letters
    -o split.enable=true`
    """
    settings = _settings(source, output, config, override)
    with page_progress("images") as progress:
        version = dataset_refresh.run(settings, workers, progress)
    print_published(version)


@dataset.command()
def convert(
    source: Dataset = None,
    output: Output = None,
    workers: Workers = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Add samples from HierText, ICDAR, PAGE XML or ALTO files, or from corrected results.

    Examples:
    - `ocr-tasks dataset-refresh convert --dataset lines/ --output refreshed/
      -o convert.source=transcribed/`
    - `ocr-tasks dataset-refresh convert --dataset lines/ --output refreshed/
      -o convert.source=results/ -o convert.corrections=corrected.jsonl`
    """
    settings = _settings(source, output, config, override)
    with page_progress() as progress:
        result = dataset_refresh.convert(settings, workers, progress)
    print_convert(result)


@dataset.command()
def check(
    source: Dataset = None,
    output: Output = None,
    workers: Workers = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Check every sample; write result, findings, pictures and a report.

    Exit code 0: passed. 1: critical findings, or an error. 2: wrong usage.

    Examples:
    - `ocr-tasks dataset-refresh check --dataset lines/ --output checked/`
    - `ocr-tasks dataset-refresh check --dataset s3://bucket/lines --output s3://bucket/checked
      -o CheckDataset.split.enable=True -o CheckDataset.split.train_percent=80`
    """
    settings = _settings(source, output, config, override)
    with page_progress("images") as progress:
        result = dataset_refresh.check(settings, workers, progress)
    print_check(result, settings.output)
    if not result["done_flag"]:
        raise CheckFailedError(result["err_msg"])


@dataset.command()
def split(
    source: Dataset = None,
    output: Output = None,
    workers: Workers = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Split a dataset by groups; the old label files are kept as `.bak`.

    Example: `ocr-tasks dataset-refresh split --dataset lines/ --output checked/
    -o split.train_percent=90 -o split.val_percent=10`
    """
    settings = _settings(source, output, config, override)
    with page_progress("images") as progress:
        result = dataset_refresh.split(settings, workers, progress)
    print_split(result)


@dataset.command()
def publish(
    source: Dataset = None,
    output: Output = None,
    workers: Workers = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Check the dataset as it is, hold it against the gate, and publish a version.

    Exit codes as for `run`.

    Example: `ocr-tasks dataset-refresh publish --dataset lines/ --output refreshed/
    -o name=letters`
    """
    settings = _settings(source, output, config, [*(override or []), "split.enable=false"])
    with page_progress("images") as progress:
        version = dataset_refresh.run(settings, workers, progress)
    print_published(version)


@dataset.command()
def versions(
    output: StoodOutput,
    name: Name,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file, and hold it against the manifest.")
    ] = False,
) -> None:
    """Show the versions of a dataset, the oldest first.

    Exit code 0: all are sound. 1: one is damaged, or an error. 2: wrong usage.

    Example: `ocr-tasks dataset-refresh versions --output refreshed/ --name letters --verify`
    """
    found = dataset_versions.versions(output, name, verify)
    print_versions(found)
    faults = [each["fault"] for each in found if "fault" in each]
    if faults:
        raise DamagedFileError("; ".join(faults))


@dataset.command()
def diff(old: Fingerprint, new: Fingerprint, output: StoodOutput, name: Name) -> None:
    """Show what changed from one version of a dataset to another.

    Example: `ocr-tasks dataset-refresh diff 5e0c latest --output refreshed/ --name letters`
    """
    print_diff(dataset_versions.diff(output, name, old, new))


def _settings(
    source: str | None, output: str | None, config: Path | None, override: list[str] | None
) -> DatasetRefreshSettings:
    return settings_of(DatasetRefreshSettings, config, override, dataset=source, output=output)
