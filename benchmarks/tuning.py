"""The table and the curves of a benchmark of fine-tuning, from what was measured of each seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ocr_tasks.evaluation.bootstrap import BootstrapSpec, Interval, rate_difference
from ocr_tasks.text.metrics import TextScore, total

Row = Mapping[str, Any]

CORES = 2  # that the curves' minutes are of
HEADER = (
    "seed",
    "minutes",
    "CPU minutes",
    "epoch",
    "share",
    "exact",
    "CER",
    "CER of print",
    "more than before",
)
TITLES = {
    "exact": "lines of val read to the letter",
    "cer": "character error rate of val",
    "retention_cer": "character error rate of rendered print",
}
JUDGED = ("exact", "cer")  # of these, in the test
OF_THE_TEST: dict[str, Any] = {"mfc": "none", "color": "#c44", "clip_on": False}
RESAMPLES = 500


def intervals(sums: Sequence[TextScore]) -> dict[str, list[float]]:
    """Percentiles 2.5 and 97.5 over resamples of whole groups (Efron 1979)."""
    random = np.random.default_rng(0)
    picks = random.integers(0, len(sums), (RESAMPLES, len(sums)))
    resampled = [total([sums[place] for place in pick]) for pick in picks]
    return {
        f"{rate}_interval": np.percentile([getattr(each, name) for each in resampled], [2.5, 97.5])
        .round(4)
        .tolist()
        for rate, name in (("exact", "accuracy"), ("cer", "cer"))
    }


def as_row(name: str, row: Row, base: Row) -> str:
    """A row of a table in Markdown, under HEADER."""
    costs = [f"{row[key]:.1f}" if key in row else "" for key in ("minutes", "cpu_minutes")]
    best = row.get("best")
    chosen = [f"{best['epoch']:.0f}", f"{best['share']:.0%}"] if best else ["", ""]
    rates = [
        "{:.3f} [{:.3f}, {:.3f}]".format(row[part][rate], *row[part][f"{rate}_interval"])
        for part, rate in (("test", "exact"), ("test", "cer"), ("print", "cer"))
    ]
    lost = _print_lost(row, base)
    change = f"{lost.estimate:+.4f} [{lost.low:+.4f}, {lost.high:+.4f}]" if best else ""
    return _cells([name, *costs, *chosen, *rates, change])


def header() -> str:
    """The head of that table."""
    return f"{_cells(HEADER)}\n|{'---|' * len(HEADER)}"


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _print_lost(row: Row, base: Row) -> Interval:
    """How much higher the character error rate of print is, as the gate counts it."""
    (edits, sizes), (edits_before, _) = (
        np.array(list(each["print"]["groups"].values()), np.int64).T for each in (row, base)
    )
    return rate_difference(edits, edits_before, sizes, BootstrapSpec())


def draw(rows: Sequence[Row], base: Row, file: Path) -> None:
    """Exact lines and error rates on val over a training's time, a line a seed.

    The medians are bold, what each seed kept is a star, and what that read in the test a ring.
    """
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "ocr-tasks"  # equal pictures for equal figures
    figure, panels = plt.subplots(1, len(TITLES), figsize=(11, 3.6), layout="constrained")
    points = min(len(row["evaluations"]) for row in rows)  # one may have stopped sooner
    for axes, (rate, title) in zip(panels, TITLES.items(), strict=True):
        minutes = np.array([_minutes(row, row["evaluations"][:points]) for row in rows])
        values = np.array([[each[rate] for each in row["evaluations"][:points]] for row in rows])
        axes.plot(minutes.T, values.T, "-", color="#b0b0b0", linewidth=1)
        medians = np.median(minutes, axis=0), np.median(values, axis=0)
        axes.plot(*medians, "o-", color="#2a6fbb", label="median")
        ends = [_minutes(row, [row["best"]])[0] for row in rows]
        axes.plot(ends, [row["best"][rate] for row in rows], "k*", label="kept")
        if rate in JUDGED:
            judged = [row["test"][rate] for row in rows]
            axes.plot(ends, judged, "o", label="kept, in the test", **OF_THE_TEST)
            axes.plot([0], [base["test"][rate]], "s", label="before, in the test", **OF_THE_TEST)
        axes.set(xlim=0, ylim=0, xlabel=f"minutes of {CORES} cores")
        axes.set_title(title, fontsize="medium")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize="small", frameon=False)
    figure.savefig(file, metadata={"Date": None})


def _minutes(row: Row, evaluations: Sequence[Row]) -> list[float]:
    """When each was made, had CORES cores worked for nobody else: by the CPU time of the whole."""
    quiet = row["cpu_minutes"] / CORES / row["minutes"]
    return [each["minutes"] * quiet for each in evaluations]
