"""A verdict with its numbers as Markdown, for somebody who is asked whether to act on it."""

import re
from collections.abc import Mapping

from ocr_tasks.evaluation.verdict import Verdict
from ocr_tasks.text.names import visible

NUMBERS = {
    **{"lines": "{:.0f}", "exact": "{:.1%}", "cer": "{:.4f}", "wer": "{:.4f}"},
    **{"pages": "{:.0f}", "precision": "{:.4f}", "recall": "{:.4f}", "hmean": "{:.4f}"},
}
ACTIVE = re.compile(r"([\\`*_{}\[\]()<>#|~])")  # what Markdown, or HTML in it, acts on

Numbers = Mapping[str, Mapping[str, Mapping[str, float]]]  # by set, model and name


def as_markdown(verdict: Verdict, numbers: Numbers) -> str:
    """The decision, what each rule and note says, and a table a set of what both models read."""
    decision = "The gate lets the candidate pass." if verdict.promoted else "The gate refuses it."
    who = [f"candidate: {verdict.candidate}", f"champion: {verdict.champion}"]
    said = [str(ruling) for ruling in verdict.rulings]
    notes = [f"note: {note}" for note in verdict.notes]
    lines = [decision, "", *(f"- {_plain(line)}" for line in (*who, *said, *notes))]
    for name, models in numbers.items():
        lines += ["", *_table(name, models)]
    return "\n".join(lines)


def _table(name: str, models: Mapping[str, Mapping[str, float]]) -> list[str]:
    rows = [
        [number, *(form.format(told[number]) for told in models.values())]
        for number, form in NUMBERS.items()
        if all(number in told for told in models.values())
    ]
    heads = [name, *models]
    return [_row(heads), _row(["---"] * len(heads)), *map(_row, rows)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    r"""Text that may hold a dataset's words, with a ``\`` before whatever is a mark."""
    return ACTIVE.sub(r"\\\1", visible(text))
