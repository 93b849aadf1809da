"""``ocr-tasks model-finetune``: a model trained, exported, evaluated, judged, promoted."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ocr_tasks.cli.dataset_refresh import Dataset
from ocr_tasks.cli.finetune_tables import (
    print_numbers,
    print_promoted,
    print_result,
    print_sweep,
    print_verdict,
)
from ocr_tasks.cli.models import Registry
from ocr_tasks.cli.options import Config, Output, Overrides, Workers, settings_of
from ocr_tasks.console import finetune_progress, out, print_note
from ocr_tasks.jobs import model_finetune as job
from ocr_tasks.jobs.model_finetune_settings import ModelFinetuneSettings

GivenRegistry = Annotated[
    str | None, typer.Option("--registry", help="The registry of models: a path or URL.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Judge the candidate, but promote none.")]
OfKind = Annotated[Literal["rec", "det"], typer.Option("--kind", help="Recogniser or detector.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the registry's log.")]

finetune = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="A model trained on your lines or pages, promoted if it is better: `run`, or its steps.",
)


@finetune.command()
def run(
    dataset: Dataset = None,
    output: Output = None,
    registry: GivenRegistry = None,
    workers: Workers = None,
    dry_run: DryRun = False,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Train, export, evaluate, judge, and promote what the gate lets pass.

    Where the settings have a sweep, the best training of that goes on.

    Exit code 0: promoted. 4: the gate has refused. 1: an error. 2: wrong usage.

    Example: `ocr-tasks model-finetune run --dataset lines/ --output tuned/ --registry registry/
    -o retention=print/`
    """
    settings = _settings(dataset, output, registry, config, override)
    with finetune_progress() as (hear, on_progress):
        told = job.run(settings, workers, hear, on_progress, print_note, dry_run=dry_run)
    (print_verdict if dry_run else print_promoted)(told)


@finetune.command()
def train(
    dataset: Dataset = None,
    output: Output = None,
    registry: GivenRegistry = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Train, beginning with the champion; again, and it goes on from the last checkpoint.

    Example: `ocr-tasks model-finetune train --dataset lines/ --output tuned/ --registry registry/
    -o train.epochs=4`
    """
    settings = _settings(dataset, output, registry, config, override)
    with finetune_progress() as (hear, _):
        result = job.train(settings, hear)
    print_result(result)


@finetune.command()
def sweep(
    dataset: Dataset = None,
    output: Output = None,
    registry: GivenRegistry = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Train with one value after the other of each option in `sweep`; the best is what stays.

    Again, and it goes on: what was tried is not tried anew.

    Example: `ocr-tasks model-finetune sweep --dataset lines/ --output tuned/ --registry registry/
    -o sweep.learning_rate=[0.0002,0.0005,0.001] -o sweep.epochs=[3,6]`
    """
    settings = _settings(dataset, output, registry, config, override)
    with finetune_progress() as (hear, _):
        told = job.sweep(settings, hear, print_note)
    print_sweep(told, settings.train.forgetting)


@finetune.command()
def export(
    dataset: Dataset = None,
    output: Output = None,
    registry: GivenRegistry = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Write the best weights as files that serve, if these say what was trained.

    Example: `ocr-tasks model-finetune export --dataset lines/ --output tuned/ --registry registry/`
    """
    print_result(job.export(_settings(dataset, output, registry, config, override)))


@finetune.command()
def evaluate(
    dataset: Dataset = None,
    output: Output = None,
    registry: GivenRegistry = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Have candidate and champion read the test part and the retention set.

    Example: `ocr-tasks model-finetune evaluate --dataset lines/ --output tuned/
    --registry registry/ -o retention=print/`
    """
    settings = _settings(dataset, output, registry, config, override)
    with finetune_progress() as (_, on_progress):
        checks = job.evaluate(settings, on_progress)
    print_numbers(checks)


@finetune.command()
def decide(
    dataset: Dataset = None,
    output: Output = None,
    registry: GivenRegistry = None,
    workers: Workers = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Ask the gate about what was evaluated; nobody is promoted.

    Exit code 0: it would let it pass. 4: it has refused. 1: an error. 2: wrong usage.

    Example: `ocr-tasks model-finetune decide --dataset lines/ --output tuned/
    --registry registry/`
    """
    settings = _settings(dataset, output, registry, config, override)
    with finetune_progress("pages") as (_, on_progress):  # of a canary, if there is one
        verdict = job.decide(settings, workers, on_progress)
    print_verdict(verdict)


@finetune.command()
def promote(
    dataset: Dataset = None,
    output: Output = None,
    registry: GivenRegistry = None,
    workers: Workers = None,
    config: Config = None,
    override: Overrides = None,
) -> None:
    """Register what the gate has let pass, and make it the champion.

    Exit codes as for `run`.

    Example: `ocr-tasks model-finetune promote --dataset lines/ --output tuned/
    --registry registry/`
    """
    settings = _settings(dataset, output, registry, config, override)
    print_promoted(job.promote(settings, workers))


@finetune.command()
def rollback(registry: Registry, reason: Reason, kind: OfKind = "rec") -> None:
    """Bring back the champion before this one.

    Example: `ocr-tasks model-finetune rollback --registry registry/ --reason 'worse on maps'`
    """
    entry = job.rollback(registry, reason, kind=kind)
    champion = entry["digest"] or "the built-in model"
    out.print(f"champion {entry['number']}: {champion}", highlight=False, soft_wrap=True)


def _settings(
    dataset: str | None,
    output: str | None,
    registry: str | None,
    config: Path | None,
    override: list[str] | None,
) -> ModelFinetuneSettings:
    return settings_of(
        ModelFinetuneSettings, config, override, dataset=dataset, output=output, registry=registry
    )
