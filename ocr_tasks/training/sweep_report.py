"""What a sweep leaves behind: its trials as a table, as JSON and as a picture."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ocr_tasks import storage
from ocr_tasks.text.names import visible
from ocr_tasks.training.sweep import Stage, Trial, as_text, has_kept_print, shown

SWEEP, TABLE, PICTURE = "sweep.json", "sweep.txt", "sweep.png"

PANEL = (4.5, 2.8)  # inches
TEXT_WIDTH = 110  # characters of a line of the table

BEST = "best"
TRIED, BEST_BY_THEN, FORGOTTEN, NO_OUTCOME = (
    "tried",
    "the best by then",
    "print is forgotten",
    "diverged",
)
MARKS: dict[str, dict[str, Any]] = {
    TRIED: {"marker": "o", "ms": 7, "mfc": "C0", "mec": "C0"},
    BEST_BY_THEN: {"marker": "*", "ms": 14, "mfc": "C0", "mec": "C0"},
    FORGOTTEN: {"marker": "o", "ms": 7, "mfc": "white", "mec": "C0"},
    NO_OUTCOME: {"marker": "x", "ms": 7, "mec": "C3"},
}


def write_sweep(output: str, stages: Sequence[Stage], forgetting: float) -> None:
    """Writes table, picture and JSON of the trials up to now below ``output``."""
    text = io.StringIO()
    console = Console(file=text, width=TEXT_WIDTH)
    for table in sweep_tables(stages, forgetting):
        console.print(table)
    storage.write(storage.join(output, TABLE), text.getvalue().encode("utf-8"))
    if stages:
        storage.write(storage.join(output, PICTURE), draw_sweep(stages, forgetting))
    told = {"stages": [asdict(stage) for stage in stages]}
    storage.write(storage.join(output, SWEEP), json.dumps(told, indent=1).encode())


def sweep_tables(stages: Sequence[Stage], forgetting: float) -> list[Table]:
    """A table an option: a row a trial, the best of all by then marked, or why it came to nothing.

    Where the best is a trial of an option before, the last row says so. A lower CER of weights
    that were not kept is named too.
    """
    return [_table(stage, forgetting) for stage in stages]


def _table(stage: Stage, forgetting: float) -> Table:
    columns = ("val CER", "val exact", "print CER", "best epoch", "minutes", "")
    table = Table(stage.option, *columns, title=f"sweep of {stage.option}")
    for trial in stage.trials:
        said = [BEST] if stage.is_best(trial) else []
        said += _said(trial, forgetting)
        table.add_row(_value(stage, trial), *_numbers(trial), escape(visible(", ".join(said))))
    if stage.best is not None and not any(map(stage.is_best, stage.trials)):
        before = escape(visible(f"still the best: {shown(stage.best.options)}"))
        table.add_row("", *_numbers(stage.best), before)
    return table


def _numbers(trial: Trial) -> list[str]:
    told = trial.outcome
    if told is None:
        return [""] * 5
    return [
        f"{told.cer:.4f}",
        f"{told.exact:.1%}",
        f"{told.retention_cer:.4f}",
        f"{told.epoch:g}",
        f"{told.minutes:.1f}",
    ]


def _said(trial: Trial, forgetting: float) -> list[str]:
    told = trial.outcome
    if told is None:
        return [str(trial.fault)]
    if not has_kept_print(trial, forgetting):
        return [FORGOTTEN]
    if told.lowest_cer < told.cer:
        return [f"{told.lowest_cer:.4f} had forgotten print"]
    return []


def _value(stage: Stage, trial: Trial) -> str:
    return escape(visible(as_text(trial.options[stage.option])))


def draw_sweep(stages: Sequence[Stage], forgetting: float) -> bytes:
    """A PNG with two panels an option: the CER and the exact lines on val of each of its values.

    A dashed line is what the best of all by then comes to.
    """
    width, height = PANEL
    figure = Figure(figsize=(2 * width, height * len(stages)), layout="constrained")
    for row, stage in enumerate(stages):
        cer = figure.add_subplot(len(stages), 2, 2 * row + 1)
        exact = figure.add_subplot(len(stages), 2, 2 * row + 2)
        cer.set_title("character error rate on validation lines", fontsize=10)
        exact.set_title("validation lines read to the letter", fontsize=10)
        for axes, number in ((cer, "cer"), (exact, "exact")):
            _draw(axes, stage, number, forgetting)
    handles = [Line2D([], [], linestyle="", **mark) for mark in MARKS.values()]
    figure.legend(handles, MARKS, loc="outside lower center", ncols=len(MARKS), frameon=False)
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=100)
    return written.getvalue()


def _draw(axes: Axes, stage: Stage, number: str, forgetting: float) -> None:
    axes.set_xlabel(stage.option)
    axes.set_xticks(range(len(stage.trials)), [_value(stage, each) for each in stage.trials])
    axes.margins(x=0.15, y=0.25)
    if stage.best is not None:
        axes.axhline(_height(stage.best, number), color="0.7", linestyle="--", zorder=0)
    points = [(place, each) for place, each in enumerate(stage.trials) if each.outcome is not None]
    heights = [_height(each, number) for _, each in points]
    axes.plot([place for place, _ in points], heights, color="0.6", linewidth=1, zorder=1)
    for place, trial in enumerate(stage.trials):
        if trial.outcome is None:
            across = axes.get_xaxis_transform()  # in which the panel is 1 high
            axes.plot(place, 0.06, transform=across, **MARKS[NO_OUTCOME])
        else:
            mark = MARKS[_kind(stage, trial, forgetting)]
            axes.plot(place, _height(trial, number), zorder=2, **mark)


def _kind(stage: Stage, trial: Trial, forgetting: float) -> str:
    if stage.is_best(trial):
        return BEST_BY_THEN
    return TRIED if has_kept_print(trial, forgetting) else FORGOTTEN


def _height(trial: Trial, number: str) -> float:
    assert trial.outcome is not None
    height: float = getattr(trial.outcome, number)
    return height
