"""What a person sees in a terminal: progress, tables, errors."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ocr_tasks.errors import OcrTasksError

LOG_SECONDS = 10.0  # between two lines of progress where there is no terminal

out = Console()
err = Console(stderr=True)


class OnProgress(Protocol):
    """Hears how many of all pages are done."""

    def __call__(self, done: int, total: int) -> None:
        """Takes note."""
        ...


@contextmanager
def page_progress() -> Iterator[OnProgress]:
    """A bar with the time that remains on a terminal, plain lines anywhere else."""
    if not err.is_terminal:
        yield _PlainProgress()
        return
    columns = (
        TextColumn("pages"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("pages", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class _PlainProgress:
    """Lines for a log: the first, the last, and one now and then."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()
        self._at_start: int | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._at_start is None:
            self._at_start = done
        elif done < total and now - self._last < LOG_SECONDS:
            return
        self._last = now
        rate = (done - self._at_start) / max(now - self._started, 1e-9)
        left = f", {(total - done) / rate:.0f} s left" if rate > 0 and done < total else ""
        err.print(f"{done} of {total} pages{left}", highlight=False)


def print_seal(seal: dict[str, Any], seconds: float | None = None) -> None:
    """A table of a sealed run; ``seconds`` is what this call took, for the pages a second."""
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right", overflow="fold")
    table.add_row("run", seal["run_id"])
    table.add_row("collection", seal["collection"], end_section=True)
    table.add_row("pages", str(seal["pages"]))
    for status, pages in seal["by_status"].items():
        table.add_row(status, str(pages))
    table.add_section()
    for error, pages in seal["by_error"].items():
        table.add_row(error, str(pages))
    table.add_section()
    table.add_row("lines", str(seal["lines"]))
    if seal["conf_mean"] is not None:
        table.add_row("mean confidence", f"{seal['conf_mean']:.3f}")
    if seconds:
        table.add_row("pages a second", f"{seal['pages'] / seconds:.2f}")
    out.print(table)


def print_error(error: OcrTasksError) -> None:
    """The error's code, what happened, and what to do about it."""
    err.print(f"[bold red]{error.code}[/] {escape(str(error))}", highlight=False)
    err.print(f"  {escape(error.remedy)}", highlight=False)
