"""The options that several commands have."""

from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ocr_tasks.settings import JobSettings, parse_overrides

S = TypeVar("S", bound=JobSettings)

Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="A YAML file of settings.", exists=True)
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", "-o", help="A setting, as `engine.device=gpu:0`. May be repeated."),
]
Input = Annotated[str | None, typer.Option("--input", help="What to read: a path or URL.")]
Output = Annotated[str | None, typer.Option("--output", help="Where results go: a path or URL.")]
Collection = Annotated[
    str | None, typer.Option("--collection", help="The name the pages are filed under.")
]
GivenRegistry = Annotated[
    str | None, typer.Option("--registry", help="The registry of models: a path or URL.")
]
RunId = Annotated[
    str | None, typer.Option("--run-id", help="Names the run; an old name takes it up again.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes that read; one a core.")
]
StoodOutput = Annotated[str, typer.Option("--output", help="The output the run was planned for.")]
StoodRunId = Annotated[str, typer.Option("--run-id", help="The run, as `plan` printed it.")]


def settings_of(
    kind: type[S], config: Path | None, override: list[str] | None, **given: str | None
) -> S:
    """A job's settings: a file, the environment, ``--override``, and over all the options given.

    Raises:
        SettingsError: a key is unknown, or a value is wrong.
    """
    values = parse_overrides(override or [])
    values |= {key: value for key, value in given.items() if value is not None}
    return kind.load(as_text(config), values)


def as_text(config: Path | None) -> str | None:
    """The path of a configuration as jobs take it."""
    return str(config) if config else None
