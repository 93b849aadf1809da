"""The command ``ocr-tasks``: parse, call a job, report. The only place that sets exit codes."""

import sys
from typing import Annotated

import typer
from rich.markup import escape

from ocr_tasks import __version__
from ocr_tasks.admission import refuse_url
from ocr_tasks.cli.archive_ocr import archive
from ocr_tasks.cli.dataset_refresh import dataset
from ocr_tasks.cli.model_finetune import finetune
from ocr_tasks.cli.models import models
from ocr_tasks.cli.options import Config, Overrides, as_text
from ocr_tasks.console import err, out, print_engines, print_error, print_page_title
from ocr_tasks.errors import OcrTasksError
from ocr_tasks.jobs import ocr
from ocr_tasks.settings import parse_overrides
from ocr_tasks.text.names import visible

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Scanned archives to Parquet, page for page.",
)
app.add_typer(archive, name="archive-ocr")
app.add_typer(dataset, name="dataset-refresh")
app.add_typer(finetune, name="model-finetune")
app.add_typer(models, name="models")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit


@app.command("ocr")
def ocr_command(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders, PDFs, tars or URLs.")],
    save_path: Annotated[
        str | None,
        typer.Option("--save-path", help="A folder for JSON and pictures with boxes."),
    ] = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Print the text of a few files: a first try, without a run.

    Examples:
    - `ocr-tasks ocr page.jpg`
    - `ocr-tasks ocr scans/ report.pdf --save-path out/`
    """
    settings = ocr.OcrSettings.load(as_text(config), parse_overrides(override or []))
    if save_path:
        refuse_url(save_path, settings.schemes)
    failed = 0
    for page in ocr.read(inputs, settings):
        print_page_title(page.answer.expected)
        if page.error is not None:
            failed += not page.answer.expected.skipped
            fault = escape(visible(f"{page.error.error_class} {page.error.message}"))
            err.print(fault, highlight=False, soft_wrap=True)
            continue
        sys.stdout.write(page.text + "\n")
        for url in page.save(save_path) if save_path else ():
            err.print(f"saved {escape(url)}", highlight=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)


@app.command()
def engines(config: Config = None, override: Overrides = None) -> None:
    """Say which engines this machine has, which of them reads, and why.

    Examples:
    - `ocr-tasks engines`
    - `ocr-tasks engines -o engine.precision=fp32`
    """
    settings = ocr.OcrSettings.load(as_text(config), parse_overrides(override or []))
    print_engines(ocr.engines(settings))


def main() -> None:
    """The entry point: our errors become one line, a remedy and their exit code."""
    try:
        app()
    except OcrTasksError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        err.print("interrupted; the same run id takes the run up again")
        sys.exit(INTERRUPTED)
