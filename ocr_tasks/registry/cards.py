"""Model cards: what a model was made of, and how well it reads."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ocr_tasks.settings import flattened

Json = dict[str, Any]

DIGITS = 4  # significant ones, of numbers that people read


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is to be known of a model.

    ``name`` names it in rows. ``base`` and ``base_sha256`` say which weights training began with,
    ``dataset`` and ``data_fingerprint`` which lines it saw, ``config`` and ``seed`` how it was
    trained. ``metrics`` are numbers by the set they were measured on.
    """

    name: str
    base: str
    base_sha256: str
    dataset: str
    data_fingerprint: str
    config: Json
    seed: int
    licence: str
    pipeline_version: str
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: str = ""

    def as_json(self) -> Json:
        """The card as JSON values."""
        return asdict(self)


def markdown_of(card: ModelCard, digest: str) -> bytes:
    """The card for people, as UTF-8: a page of Markdown."""
    facts = {
        "sha256": digest,
        "base": f"{card.base} {card.base_sha256}",
        "dataset": card.dataset,
        "data fingerprint": card.data_fingerprint,
        "seed": card.seed,
        "licence": card.licence,
        "made by": f"ocr-tasks {card.pipeline_version}",
    }
    lines = [f"# {card.name}", "", *_table(("", ""), facts.items())]
    for part, numbers in card.metrics.items():
        shown = [(name, f"{value:.{DIGITS}g}") for name, value in numbers.items()]
        lines += ["", f"## Measured on {part}", "", *_table(("", ""), shown)]
    if card.config:
        lines += ["", "## Settings", "", *_table(("Key", "Value"), flattened(card.config).items())]
    if card.notes:
        lines += ["", "## Notes", "", card.notes]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _table(heads: tuple[str, str], rows: Any) -> Iterator[str]:
    yield f"| {heads[0]} | {heads[1]} |"
    yield "|---|---|"
    for name, value in rows:
        yield f"| {_cell(name)} | {_cell(value)} |"


def _cell(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
