"""``ocr-tasks models``: what could read, and what is known of it."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from ocr_tasks.cli.options import GivenRegistry, StoodOutput, StoodRunId
from ocr_tasks.console import out, page_progress
from ocr_tasks.evaluation.canary import CanarySpec
from ocr_tasks.evaluation.canary_outputs import canary_rows
from ocr_tasks.evaluation.evaluate import Part
from ocr_tasks.jobs import models as job
from ocr_tasks.text.names import visible

MB = 1e6
SHORT = 12  # digits of a digest in a table: enough to name it by
WHERE = ("at", "machine", "engine")  # of a measurement: when it was made, and on what
SHOWN = {  # of a set's numbers, by the kind of model
    "rec": {"exact": "exact", "cer": "CER", "lines_a_second": "lines/s"},
    "det": {"hmean": "Hmean", "recall": "recall", "pages_a_second": "pages/s"},
}

Registry = Annotated[str, typer.Option("--registry", help="The registry: a path or URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Digest = Annotated[str, typer.Argument(help="A model's sha256, or how it begins.")]

models = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="The models that could read: `list`, `show`, `compare`, `measure`, `canary`.",
)


@models.command("list")
def list_command(
    registry: GivenRegistry = None,
    as_json: AsJson = False,
) -> None:
    """List the built-in models and the versions of a registry; the champions are marked.

    Examples:
    - `ocr-tasks models list`
    - `ocr-tasks models list --registry s3://bucket/registry`
    """
    told = job.list_models(registry)
    if as_json:
        out.print_json(data=told)
        return
    table = Table("kind", Column("name", overflow="fold"), "sha256", "MB", "", "since")
    numbers = {
        kind: Table("sha256", Column("measured on", overflow="fold"), *shown.values())
        for kind, shown in SHOWN.items()
    }
    for model in told:
        short = model["sha256"][:SHORT]
        since = "built in" if model["built_in"] else model["registered_at"][:10]
        champion = "champion" if model["champion"] else ""
        size = f"{model['bytes'] / MB:.1f}"
        table.add_row(model["kind"], _safe(model["name"]), short, size, champion, since)
        for row in _measured(model["metrics"], SHOWN[model["kind"]]):
            numbers[model["kind"]].add_row(short, *row)
    out.print(table)
    for measured in numbers.values():
        if measured.rows:
            out.print(measured)


@models.command("show")
def show_command(digest: Digest, registry: GivenRegistry = None, as_json: AsJson = False) -> None:
    """Show a model: its card, its files and whether they are whole, and when it was champion.

    Exit code 0: they are whole. 1: they are not, or another error. 2: wrong usage.

    Examples:
    - `ocr-tasks models show 6f3272`
    - `ocr-tasks models show 3f2a90 --registry registry/`
    """
    told = job.show_model(registry, digest)
    if as_json:
        out.print_json(data=told)
    else:
        _print_model(told)
    if told["faults"]:
        raise typer.Exit(1)


def _print_model(told: dict[str, Any]) -> None:
    _print_pairs("", {key: told[key] for key in ("kind", "name", "sha256", "url", "champion")})
    card = told["card"]
    _print_pairs("card", {key: card[key] for key in card if key not in {"config", "metrics"}})
    _print_pairs("settings", card["config"])
    for part, numbers in told["metrics"].items():
        shown = {name: f"{value:.4g}" for name, value in numbers.items()}
        where = told["measured"].get(part, {})
        _print_pairs(part, shown | {key: where[key] for key in WHERE if key in where})
    _print_pairs("files", {each["name"]: each["sha256"] for each in told["files"]})
    _print_pairs("log", {str(each["number"]): each["reason"] for each in told["log"]})
    said = "; ".join(told["faults"]) or "every file is what was registered"
    out.print(_safe(said), highlight=False, soft_wrap=True)


@models.command("compare")
def compare_command(
    first: Digest, second: Digest, registry: GivenRegistry = None, as_json: AsJson = False
) -> None:
    """Show two models side by side: what differs of them, and all that was measured.

    Example: `ocr-tasks models compare 6f3272 77c1d4 --registry registry/`
    """
    told = job.compare_models(registry, first, second)
    if as_json:
        out.print_json(data=told)
        return
    sections = {"facts": told["facts"], "settings": told["config"], **told["metrics"]}
    for title, pairs in sections.items():
        if pairs:
            table = Table("", *(digest[:SHORT] for digest in told["versions"]), title=_safe(title))
            for name, values in pairs.items():
                table.add_row(_safe(name), *(_safe(_number(value)) for value in values))
            out.print(table)


@models.command("measure")
def measure_command(
    dataset: Annotated[
        list[str],
        typer.Option("--dataset", help="Labelled lines, or pages: path or URL. Repeatable."),
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="A model's sha256, or how it begins.")
    ] = None,
    part: Annotated[Part, typer.Option("--part", help="Which of them are read.")] = "test",
    registry: GivenRegistry = None,
    as_json: AsJson = False,
) -> None:
    """Have a model, or else the built-in one, read labelled lines: how well, and how fast.

    On labelled pages a detector finds the text. With a registry the numbers are noted there, and
    listed with the model from then on.

    Example: `ocr-tasks models measure --dataset lines/ --model 3f2a90 --registry registry/`
    """
    told = []
    for url in dataset:
        with page_progress("lines or pages") as progress:
            told.append(job.measure(url, part, model, registry, progress))
    if as_json:
        by_model: dict[str, dict[str, Any]] = {each["sha256"]: {} for each in told}
        for each in told:
            by_model[each["sha256"]][each["set"]] = _card(each)
        out.print_json(data=by_model)
        return
    for each in told:
        shown = {name: f"{value:.4g}" for name, value in each["numbers"].items()}
        _print_pairs(f"{each['name']}, {each['set']}", shown | {key: each[key] for key in WHERE})


def _card(told: dict[str, Any]) -> dict[str, Any]:
    """A measurement as the cards of the built-in models have it."""
    return {key: told[key] for key in ("numbers", *WHERE)}


@models.command("canary")
def canary_command(
    digest: Digest,
    registry: Registry,
    output: StoodOutput,
    run_id: StoodRunId,
    report: Annotated[
        str, typer.Option("--report", help="The folder of canary.html and canary.json.")
    ],
    pages: Annotated[int, typer.Option("--pages", min=1, help="How many pages, at most.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which pages chance draws.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Have a version read pages of a past run again, and show what changes.

    Exit code 0: it reads them all. 4: it fails on a page that was read before. 1: an error.
    2: wrong usage.

    Example: `ocr-tasks models canary 3f2a90 --registry registry/ --output results/ --run-id june
    --report canary/`
    """
    spec = CanarySpec(output, run_id, pages, seed)
    with page_progress() as progress:
        told = job.canary(registry, digest, spec, report, progress)
    if as_json:
        out.print_json(data=told)
        return
    print_canary(told)


def print_canary(told: dict[str, Any]) -> None:
    """What a canary says, as a table."""
    models = {f"read {when}": told[when]["name"] for when in ("before", "after")}
    _print_pairs(f"run {told['run_id']}, read again", models | dict(canary_rows(told)))


def _print_pairs(title: str, pairs: dict[str, Any]) -> None:
    if not pairs:
        return
    table = Table(title=_safe(title), show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs.items():
        table.add_row(_safe(name), _safe(value))
    out.print(table)


def _measured(metrics: dict[str, dict[str, float]], shown: Iterable[str]) -> list[list[str]]:
    """A row a set: its name, and the numbers that a table has room for."""
    return [
        [_safe(part), *(f"{numbers[key]:.4g}" if key in numbers else "" for key in shown)]
        for part, numbers in metrics.items()
    ]


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value)


def _safe(value: Any) -> str:
    """What others wrote, which a terminal must not act on."""
    return escape("\n".join(visible(line) for line in str(value).split("\n")))
