"""A sweep by controlled variables: which trainings it takes, and which of them is the best.

One option is varied at a time, in the order of the settings, and what is the best by then stays
for all options that follow. So a sweep takes as many trainings as there are values in all.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import reduce
from typing import Annotated, Any

from annotated_types import Len

from ocr_tasks.errors import SettingsError
from ocr_tasks.text.names import is_name
from ocr_tasks.training.spec import TrainSpec

Json = dict[str, Any]
Options = dict[str, Any]  # values by the dotted names of TrainSpec


@dataclass(frozen=True, slots=True)
class Variable:
    """An option of a training by its dotted name, as ``replay.share``, and what is tried for it."""

    option: str
    values: Annotated[tuple[Any, ...], Len(1)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to: its best evaluation.

    ``retention_before`` is the CER of print at first; ``lowest_cer`` the lowest on val, also of
    weights that were not kept; ``minutes`` are those of all the training.
    """

    epoch: float
    minutes: float
    exact: float
    cer: float
    retention_cer: float
    retention_before: float
    lowest_cer: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a sweep: ``fault`` says why it has no outcome."""

    name: str
    options: Options
    outcome: Outcome | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """The trials of one option, and which of these and all before them is the best by now."""

    option: str
    trials: tuple[Trial, ...]
    best: Trial | None

    def is_best(self, trial: Trial) -> bool:
        """Whether it is that one: the same training may be a trial of two options."""
        return self.best is not None and trial.name == self.best.name


def outcome_of(result: Json) -> Outcome:
    """The outcome of a training whose result, as ``train_result.json`` has it, is ``result``."""
    best, evaluations = result["best"], result["evaluations"]
    return Outcome(
        epoch=best["epoch"],
        minutes=evaluations[-1]["minutes"],
        exact=best["exact"],
        cer=best["cer"],
        retention_cer=best["retention_cer"],
        retention_before=evaluations[0]["retention_cer"],
        lowest_cer=min(each["cer"] for each in evaluations),
    )


def trial_of(told: Json) -> Trial:
    """The trial that was written as these values; others among them are left out.

    Raises:
        KeyError, TypeError: they are not those of a trial.
    """
    outcome = Outcome(**told["outcome"]) if told["outcome"] is not None else None
    return Trial(told["name"], told["options"], outcome, told["fault"])


def stage_of(told: Json) -> Stage:
    """The trials of one option that were written as these values. Raises as trial_of."""
    best = trial_of(told["best"]) if told["best"] is not None else None
    return Stage(told["option"], tuple(trial_of(each) for each in told["trials"]), best)


def best_of(trials: Sequence[Trial], forgetting: float) -> Trial | None:
    """The trial with the fewest errors on val that has kept print, the first of equals, or None."""
    allowed = [each for each in trials if has_kept_print(each, forgetting)]
    return min(allowed, key=_cer, default=None)


def has_kept_print(trial: Trial, forgetting: float) -> bool:
    """Whether a trial has an outcome, and has not forgotten more print than ``forgetting``."""
    told = trial.outcome
    return told is not None and told.retention_cer <= told.retention_before + forgetting


def _cer(trial: Trial) -> float:
    assert trial.outcome is not None
    return trial.outcome.cer


def value_in(spec: TrainSpec, option: str) -> Any:
    """The value of an option, such as ``replay.share``.

    Raises:
        SettingsError: it is a section of options, or there is none of that name.
    """
    try:
        value = reduce(getattr, option.split("."), spec)
    except AttributeError as error:
        raise SettingsError(f"sweep: train.{option} is no setting") from error
    if is_dataclass(value):
        raise SettingsError(f"sweep: train.{option} is a section; name one of its options")
    return value


def trial_name(options: Mapping[str, Any], spec: TrainSpec) -> str:
    """What the folder of a trial is called: by its options, joined.

    Those but the first that have the value of ``spec``, the settings, are left out: so the same
    training has the same name, at whichever option of a sweep it comes up.
    """
    first, *others = options
    told = [first, *(each for each in others if options[each] != value_in(spec, each))]
    name = "+".join(f"{option}-{as_text(options[option])}" for option in told)
    if is_name(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{'+'.join(told)[:100]}-{digest}"


def shown(options: Mapping[str, Any]) -> str:
    """Options as people read them: ``learning_rate=0.001, epochs=6``."""
    return ", ".join(f"{option}={as_text(value)}" for option, value in options.items())


def as_text(value: Any) -> str:
    """A value as it would be given on a command line."""
    return value if isinstance(value, str) else json.dumps(value)
