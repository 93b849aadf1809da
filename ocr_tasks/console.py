"""What a person sees in a terminal: progress, tables, errors."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ocr_tasks.errors import OcrTasksError
from ocr_tasks.records import ExpectedPage
from ocr_tasks.text.names import visible

if TYPE_CHECKING:
    from ocr_tasks.training.running import Step  # which brings PaddlePaddle along

LOG_SECONDS = 10.0  # between two lines of progress where there is no terminal


out = Console()
err = Console(stderr=True)


class PageProgress:
    """Hears how many of all pages or images are done, and shows it: here as lines for a log."""

    def __init__(self, units: str) -> None:
        self._units = units
        self._started = self._shown = time.monotonic()
        self._has_shown = False
        self._at_start: int | None = None
        self._done = 0

    @property
    def done_here(self) -> int:
        """The pages done since this began; those of an earlier try do not count."""
        return self._done - (self._at_start or 0)

    @property
    def pages_a_second(self) -> float:
        """How fast these were done."""
        return self.done_here / max(time.monotonic() - self._started, 1e-9)

    def __call__(self, done: int, total: int) -> None:
        """Takes note that ``done`` of ``total`` pages are done."""
        if self._at_start is None:
            self._at_start = done
        self._done = done
        self.show(done, total)

    def show(self, done: int, total: int) -> None:
        """Shows the first and the last, and one now and then."""
        now = time.monotonic()
        if self._has_shown and done < total and now - self._shown < LOG_SECONDS:
            return
        self._shown, self._has_shown = now, True
        rate = self.done_here / max(now - self._started, 1e-9)
        left = f", {(total - done) / rate:.0f} s left" if rate > 0 and done < total else ""
        err.print(f"{done} of {total} {self._units}{left}", highlight=False)


class _Bar(PageProgress):
    """The same on a terminal: a bar with the time that remains."""

    def __init__(self, progress: Progress, units: str) -> None:
        super().__init__(units)
        self._progress = progress
        self._task = progress.add_task(units, total=None)

    def show(self, done: int, total: int) -> None:
        """Moves the bar."""
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def page_progress(units: str = "pages") -> Iterator[PageProgress]:
    """A bar on a terminal, plain lines anywhere else."""
    if not err.is_terminal:
        yield PageProgress(units)
        return
    columns = (
        TextColumn(units),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as progress:
        yield _Bar(progress, units)


class TrainingProgress:
    """Hears every step of a training, and shows loss, validation and the time that is left."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._shown = -LOG_SECONDS

    def __call__(self, step: "Step") -> None:
        """Takes note of a step."""
        val = step.evaluation.on_val
        told = f"loss {step.loss:.3f}, val {val}, {step.seconds_left / 60:.0f} min left"
        if self._progress is not None:
            self._move(self._progress, step, told)
            return
        now = time.monotonic()
        if step.step == step.steps or now - self._shown >= LOG_SECONDS:
            self._shown = now
            err.print(f"{step.step} of {step.steps} steps, {told}", highlight=False)

    def _move(self, progress: Progress, step: "Step", told: str) -> None:
        if self._task is None:  # where nothing is left to train, no bar is drawn
            self._task = progress.add_task("")
        progress.update(self._task, completed=step.step, total=step.steps, description=told)


class ReadingProgress:
    """Hears how many lines or pages of a set are read, set after set, and shows each of them."""

    def __init__(self, units: str, progress: Progress | None = None) -> None:
        self._units, self._progress = units, progress
        self._hear: PageProgress | None = None
        self._done = 0

    def __call__(self, done: int, total: int) -> None:
        """Takes note that ``done`` of the ``total`` of a set are read."""
        if self._hear is None or done < self._done:
            here = self._progress
            units = self._units
            self._hear = PageProgress(units) if here is None else _Bar(here, f"{units} read")
        self._done = done
        self._hear(done, total)


@contextmanager
def finetune_progress(
    units: str = "lines",
) -> Iterator[tuple[TrainingProgress, ReadingProgress]]:
    """Bars on a terminal, plain lines anywhere else: of training, and of reading ``units``."""
    if not err.is_terminal:
        yield TrainingProgress(), ReadingProgress(units)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=err) as progress:
        yield TrainingProgress(progress), ReadingProgress(units, progress)


def print_note(text: str) -> None:
    """A line about what is going on, beside the progress."""
    err.print(escape(visible(text)), highlight=False, soft_wrap=True)


def print_seal(seal: dict[str, Any], pages_a_second: float = 0.0, rows_in: str = "") -> None:
    """A table of a sealed run, and where its rows are.

    The pages a second, if there were any, are this call's.
    """
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right", overflow="fold")
    table.add_row("run", seal["run_id"])
    table.add_row("collection", seal["collection"], end_section=not seal.get("retry_of"))
    if seal.get("retry_of"):  # no key of older seals
        table.add_row("a retry of", seal["retry_of"], end_section=True)
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
    if rows_in:
        out.print(f"rows in {escape(visible(rows_in))}/", highlight=False, soft_wrap=True)


def print_failures(report: dict[str, Any]) -> None:
    """What failed in a run, by class of errors: its remedy, and a line for each page."""
    title = f"run {report['run_id']} of collection {report['collection']}"
    title += f", a retry of {report['retry_of']}" if report["retry_of"] else ""
    out.print(
        f"{title}: {report['failed']} of {report['pages']} pages failed",
        highlight=False,
        soft_wrap=True,
    )
    if not report["sealed"]:
        shards = f"{report['committed']} of {report['shards']} shards are committed"
        out.print(f"not sealed: {shards}", highlight=False)
    for each in report["classes"]:
        again = "a retry could help" if each["retryable"] else "a retry alone does not help"
        out.print(f"\n[bold]{escape(each['error_class'])}[/], pages: {each['pages']}, {again}")
        out.print(escape(each["remedy"]), highlight=False, soft_wrap=True)
        for page in report["failures"]:
            if page["error_class"] == each["error_class"]:
                _print_failure(page)
    if report["quarantine"]:
        _print_quarantine(report["quarantine"])


def _print_quarantine(filled: dict[str, Any]) -> None:
    folder = escape(visible(filled["folder"]))
    out.print(f"\ncopied to {folder}/: {filled['copied']}", highlight=False, soft_wrap=True)
    for missing in filled["not_copied"]:
        said = visible(f"not copied: {_place(missing)}: {missing['why_not']}")
        out.print(escape(said), highlight=False, soft_wrap=True)


def _print_failure(page: dict[str, Any]) -> None:
    """One failed page on one line, however long, so that its place can be copied and searched."""
    number = f" page {page['page_index'] + 1} of {page['page_count']}"
    where = _place(page) + (number if page["page_count"] > 1 else "")
    tries = f" after {page['attempts']} tries" if page["attempts"] > 1 else ""
    how = f" ({page['status']} at {page['error_stage']}{tries})"
    said = visible(f"{where}: {page['error_message']}") + how
    out.print(f"  {escape(said)}", highlight=False, soft_wrap=True)


def _place(document: dict[str, Any]) -> str:
    """Where a document lies: its object, and the member of that if it is an archive."""
    member = f" > {document['source_member']}" if document["source_member"] else ""
    return f"{document['source_uri']}{member}"


def print_engines(told: dict[str, Any]) -> None:
    """The engines of this machine, the one that reads, and why that one."""
    table = Table("engine", "package", "version", "precisions")
    for each in told["installed"]:
        package = each["package"] or "not installed"
        table.add_row(each["kind"], package, each["version"] or "", ", ".join(each["precisions"]))
    out.print(table)
    loaded = told["loaded"]
    reads = f"{loaded['engine']} in {loaded['precision']} on {loaded['device']}"
    out.print(f"{reads} reads: {escape(told['reason'])}", highlight=False, soft_wrap=True)
    for part in ("detector", "recognizer"):
        model = f"{loaded[part]['name']}  sha256 {loaded[part]['sha256']}"
        out.print(f"  {escape(visible(model))}", highlight=False, soft_wrap=True)
    out.print(f"loaded, and a first page read, in {told['seconds']:.1f} s", highlight=False)


def print_page_title(where: ExpectedPage) -> None:
    """Which page the text is of that follows on standard output."""
    member = f" {where.source_member}" if where.source_member else ""
    number = f" page {where.page_index + 1}" if where.page_count > 1 else ""
    title = escape(visible(f"{where.source_uri}{member}{number}"))
    err.print(f"[bold]{title}[/]", highlight=False, soft_wrap=True)


def print_error(error: OcrTasksError) -> None:
    """The error's code, what happened, and what to do about it."""
    message = "\n".join(visible(line) for line in str(error).split("\n"))
    shown = f"[bold red]{error.code}[/] {escape(message)}\n  {escape(error.remedy)}"
    err.print(shown, highlight=False, soft_wrap=True)
