"""What ``ocr-tasks model-finetune`` prints."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from ocr_tasks.console import out
from ocr_tasks.text.names import visible
from ocr_tasks.training.sweep import shown, stage_of

Json = dict[str, Any]

# What an evaluation by PaddleX may have: its head in a table, and how it is written.
MEASURES = {
    "epoch": ("epoch", ".1f"),
    "minutes": ("minutes", ".1f"),
    "loss": ("loss", ".3f"),
    "acc": ("val acc", ".1%"),
    "norm_edit_dis": ("val norm_edit_dis", ".4f"),
    "precision": ("val precision", ".4f"),
    "recall": ("val recall", ".4f"),
    "hmean": ("val Hmean", ".4f"),
}
SHOWN = ("lines", "exact", "cer", "wer", "lines_a_second")  # of a set's numbers
SHOWN_OF_PAGES = ("pages", "precision", "recall", "hmean", "pages_a_second")


def print_result(result: Json) -> None:
    """A training's evaluations, a row each, the one kept marked; and how exact its export is."""
    if result["best"].keys() & {"acc", "precision"} and "fingerprint" in result:
        _print_paddlexs(result)
        return
    if "hmean" in result["best"]:
        _print_detector(result)
        return
    table = Table("epoch", "share", "minutes", "loss", "val exact", "val CER", "print CER", "")
    for each in result["evaluations"] + result["blends"]:
        table.add_row(
            f"{each['epoch']:.1f}",
            f"{each['share']:.0%}",
            f"{each['minutes']:.1f}",
            f"{each['loss']:.3f}",
            f"{each['exact']:.1%}",
            f"{each['cer']:.4f}",
            f"{each['retention_cer']:.4f}",
            "kept" if each == result["best"] else "",
        )
    out.print(table)
    _say_rest(result, "lines", "steps")


def _print_paddlexs(result: Json) -> None:
    """The same of a training by PaddleX, in its own measures."""
    evaluations, best = result["evaluations"], result["best"]
    measured = [name for name in MEASURES if any(name in each for each in evaluations)]
    table = Table(*(MEASURES[name][0] for name in measured), "")
    for each in evaluations:
        cells = (format(each[name], MEASURES[name][1]) if name in each else "" for name in measured)
        table.add_row(*cells, "best" if each == best else "")
    out.print(table)
    _say_rest(result, "lines" if "acc" in best else "crops", "steps")


def _print_detector(result: Json) -> None:
    """The same of a detector's training."""
    table = Table("epoch", "minutes", "loss", "val precision", "val recall", "val Hmean", "")
    for each in result["evaluations"]:
        rates = (f"{each[name]:.4f}" for name in ("precision", "recall", "hmean"))
        kept = "kept" if each == result["best"] else ""
        told = f"{each['epoch']:.1f}", f"{each['minutes']:.1f}", f"{each['loss']:.3f}"
        table.add_row(*told, *rates, kept)
    out.print(table)
    _say_rest(result, "crops", "pixels")


def _say_rest(result: Json, crops: str, unit: str) -> None:
    for reason, count in result["left_out"].items():
        _say(f"left out: {count} {'lines' if crops == 'lines' else 'pages'}, {reason}")
    for form, parity in result["parity"].items():
        agree = f"{parity['equal']:.2%} of the {unit} of {parity['crops']} {crops} agree"
        _say(f"{form}: {agree}, probabilities to {parity['most_off']:.1g}")


def print_sweep(told: Json, forgetting: float) -> None:
    """A sweep's trials, a table an option, and the best of all."""
    from ocr_tasks.training.sweep_report import sweep_tables  # which brings matplotlib along

    for table in sweep_tables([stage_of(each) for each in told["stages"]], forgetting):
        out.print(table)
    _say(f"the best: {shown(told['best']['options'])}")


def print_numbers(checks: Json) -> None:
    """What candidate and champion read, a table a set; or what is wrong with the files."""
    for fault in checks["files"]:
        _say(f"faulty: {fault}")
    for name, both in checks["numbers"].items():
        table = Table("", *both, title=name)
        is_of_pages = all("hmean" in told for told in both.values())
        for number in SHOWN_OF_PAGES if is_of_pages else SHOWN:
            table.add_row(number, *(f"{told[number]:.4g}" for told in both.values()))
        out.print(table)
    if checks["time_ratio"] is not None:
        _say(f"{checks['time_ratio']:.2f} of the champion's time")


def print_verdict(verdict: Json) -> None:
    """A verdict, a line a rule."""
    for ruling in verdict["rulings"]:
        passed = "passed" if ruling["passed"] else "REFUSED"
        _say(f"{passed} {ruling['rule']}: {ruling['said']}")
    for note in verdict["notes"]:
        _say(f"note: {note}")
    _say("the gate lets it pass" if verdict["promoted"] else "the gate refuses it")


def print_promoted(promoted: Json) -> None:
    """The new champion: its name and digest, why it is, and how pages are read with it."""
    _say(f"champion {promoted['number']}: {promoted['name']} {promoted['sha256']}")
    _say(promoted["reason"])
    model = f"engine.{promoted['kind']}"
    _say(f"-o {model}_model={promoted['url']} -o {model}_sha256={promoted['sha256']}")


def _say(text: str) -> None:
    out.print(escape(visible(text)), highlight=False, soft_wrap=True)
