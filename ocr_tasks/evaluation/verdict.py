"""What the gate says of a candidate: whether it is promoted, and by which rules, in numbers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Json = dict[str, Any]
Figure = float | int | str


@dataclass(frozen=True, slots=True)
class Ruling:
    """One rule of the gate: whether the candidate passed it, in words and in numbers."""

    rule: str
    passed: bool
    said: str
    figures: Mapping[str, Figure]

    def __str__(self) -> str:
        """As it is printed."""
        return f"{'passed' if self.passed else 'REFUSED'} {self.rule}: {self.said}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a candidate takes the champion's place. One rule that it does not pass refuses it.

    ``notes`` say what was not judged, and why; ``settings`` by which options it was. Rules about
    readings are missing where there is none to judge, or where the two models did not read the
    same lines.
    """

    promoted: bool
    candidate: str
    champion: str
    rulings: tuple[Ruling, ...]
    notes: tuple[str, ...] = ()
    settings: Json = field(default_factory=dict)

    @property
    def reasons(self) -> list[Ruling]:
        """The rules that it did not pass."""
        return [ruling for ruling in self.rulings if not ruling.passed]

    def __str__(self) -> str:
        """As it is printed: a line a rule, and the decision last."""
        refused = f"refused by {', '.join(dict.fromkeys(each.rule for each in self.reasons))}"
        return "\n".join(
            [
                f"candidate {self.candidate}",
                f"champion  {self.champion}",
                *map(str, self.rulings),
                *(f"note: {note}" for note in self.notes),
                "promoted" if self.promoted else refused,
            ]
        )

    def as_json(self) -> Json:
        """The verdict as JSON values."""
        return asdict(self)


def verdict_of(values: Json) -> Verdict:
    """The verdict that was written as these values.

    Raises:
        KeyError, TypeError: they are not those of a verdict.
    """
    rulings = tuple(Ruling(**each) for each in values["rulings"])
    return Verdict(**values | {"rulings": rulings, "notes": tuple(values["notes"])})
