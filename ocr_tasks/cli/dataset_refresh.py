"""``ocr-tasks dataset-refresh``: a dataset checked and split."""

from pathlib import Path
from typing import Annotated

import typer

from ocr_tasks.cli.options import Config, Output, Overrides, Workers, as_text
from ocr_tasks.console import page_progress, print_check, print_split
from ocr_tasks.errors import CheckFailedError
from ocr_tasks.jobs import dataset_refresh
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings
from ocr_tasks.settings import parse_overrides

Dataset = Annotated[
    str | None, typer.Option("--dataset", help="The folder of the label files: a path or URL.")
]

dataset = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Labelled lines or pages, before a model is trained on them: `check`, `split`.",
)


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
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Split a dataset by groups; the old label files are kept as `.bak`.

    Example: `ocr-tasks dataset-refresh split --dataset lines/ --output checked/
    -o split.train_percent=90 -o split.val_percent=10`
    """
    print_split(dataset_refresh.split(_settings(source, output, config, override)))


def _settings(
    source: str | None, output: str | None, config: Path | None, override: list[str] | None
) -> DatasetRefreshSettings:
    given = {"dataset": source, "output": output}
    values = parse_overrides(override or [])
    values |= {key: value for key, value in given.items() if value is not None}
    return DatasetRefreshSettings.load(as_text(config), values)
