"""What a person sees in a terminal: progress, tables, errors."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


class PageProgress:
    """Hears how many of all pages are done, and shows it: here as lines for a log."""

    def __init__(self) -> None:
        self._started = self._shown = time.monotonic()
        self._at_start: int | None = None
        self._done = 0

    @property
    def done_here(self) -> int:
        """The pages done since this began; those of an earlier try do not count."""
        return self._done - (self._at_start or 0)

    def __call__(self, done: int, total: int) -> None:
        """Takes note that ``done`` of ``total`` pages are done."""
        if self._at_start is None:
            self._at_start = done
        self._done = done
        self.show(done, total)

    def show(self, done: int, total: int) -> None:
        """Shows the first and the last, and one now and then."""
        now = time.monotonic()
        if self.done_here and done < total and now - self._shown < LOG_SECONDS:
            return
        self._shown = now
        rate = self.done_here / max(now - self._started, 1e-9)
        left = f", {(total - done) / rate:.0f} s left" if rate > 0 and done < total else ""
        err.print(f"{done} of {total} pages{left}", highlight=False)


class _Bar(PageProgress):
    """The same on a terminal: a bar with the time that remains."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._task = progress.add_task("pages", total=None)

    def show(self, done: int, total: int) -> None:
        """Moves the bar."""
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def page_progress() -> Iterator[PageProgress]:
    """A bar on a terminal, plain lines anywhere else."""
    if not err.is_terminal:
        yield PageProgress()
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
        yield _Bar(progress)


def print_seal(seal: dict[str, Any], pages_a_second: float = 0.0) -> None:
    """A table of a sealed run; the pages a second, if there were any, are this call's."""
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
    if pages_a_second:
        table.add_row("pages a second", f"{pages_a_second:.2f}")
    out.print(table)


def print_error(error: OcrTasksError) -> None:
    """The error's code, what happened, and what to do about it."""
    shown = f"[bold red]{error.code}[/] {escape(str(error))}\n  {escape(error.remedy)}"
    err.print(shown, highlight=False, soft_wrap=True)
