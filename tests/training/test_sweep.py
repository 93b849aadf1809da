"""Names of trials, and which of them is the best."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.errors import SettingsError
from ocr_tasks.text.names import is_name
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.sweep import (
    Outcome,
    Stage,
    Trial,
    best_of,
    outcome_of,
    shown,
    trial_name,
    value_in,
)

SPEC = TrainSpec()


def trial(name, cer, retention_cer=0.01, before=0.01):
    return Trial(name, {}, Outcome(1.0, 1.0, 0.5, cer, retention_cer, before, cer))


DIVERGED = Trial("diverged", {}, fault="the loss is nan")


@pytest.mark.parametrize(
    ("trials", "best"),
    [
        pytest.param([trial("a", 0.2), trial("b", 0.1), trial("c", 0.3)], "b", id="lowest"),
        pytest.param([trial("a", 0.1), trial("b", 0.1)], "a", id="first of equals"),
        pytest.param([trial("a", 0.2), trial("b", 0.1, 0.0151)], "a", id="print is forgotten"),
        pytest.param([trial("a", 0.2), trial("b", 0.1, 0.015)], "b", id="at the floor"),
        pytest.param([trial("a", 0.2), trial("b", 0.1, 0.2, 0.2)], "b", id="print was bad before"),
        pytest.param([DIVERGED, trial("a", 0.9)], "a", id="one diverged"),
        pytest.param([DIVERGED], None, id="all diverged"),
        pytest.param([], None, id="none"),
    ],
)
def test_the_best_has_the_fewest_errors_of_those_that_kept_print(trials, best):
    found = best_of(trials, forgetting=0.005)
    assert (found.name if found else None) == best


def test_the_outcome_is_the_best_evaluation_and_the_minutes_of_all():
    first = {"epoch": 0.0, "minutes": 0.2, "exact": 0.1, "cer": 0.3, "retention_cer": 0.02}
    best = {"epoch": 2.0, "minutes": 4.0, "exact": 0.4, "cer": 0.1, "retention_cer": 0.01}
    last = {"epoch": 3.0, "minutes": 6.0, "exact": 0.3, "cer": 0.09, "retention_cer": 0.05}
    outcome = outcome_of({"best": best, "evaluations": [first, best, last]})
    assert outcome == Outcome(2.0, 6.0, 0.4, 0.1, 0.01, 0.02, 0.09)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"learning_rate": 0.001}, "learning_rate-0.001"),
        ({"learning_rate": SPEC.learning_rate}, f"learning_rate-{SPEC.learning_rate}"),
        ({"learning_rate": 1e-6, "epochs": 3}, "learning_rate-1e-06+epochs-3"),
        ({"learning_rate": 0.001, "epochs": SPEC.epochs}, "learning_rate-0.001"),
        ({"augmentation.blur": False}, "augmentation.blur-false"),
        ({"base": None}, "base-null"),
    ],
)
def test_a_trial_is_named_by_what_differs(options, name):
    assert trial_name(options, SPEC) == name


values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False))


@given(st.lists(values, min_size=2, max_size=2, unique_by=repr))
def test_other_values_have_other_names_which_folders_can_have(pair):
    names = [trial_name({"base": value}, SPEC) for value in pair]
    assert all(map(is_name, names))
    same_text = str(pair[0]) == str(pair[1])  # "1" and 1: no option takes both
    assert same_text or names[0] != names[1] or str(pair[0]).lower() in ("none", "null", "true")


@pytest.mark.parametrize("option", ["lerning_rate", "replay.shares", "epochs.more", ""])
def test_an_option_that_is_none_is_named(option):
    with pytest.raises(SettingsError, match=f"train.{option} is no setting"):
        value_in(SPEC, option)


def test_a_section_is_no_option():
    with pytest.raises(SettingsError, match="name one of its options"):
        value_in(SPEC, "augmentation")


def test_options_are_shown_as_they_are_given():
    assert shown({"learning_rate": 1e-3, "base": "x.onnx"}) == "learning_rate=0.001, base=x.onnx"


def test_the_best_is_the_same_trial_whatever_options_it_was_tried_for():
    best = Trial("learning_rate-0.001", {"learning_rate": 0.001})
    again = Trial("learning_rate-0.001", {"learning_rate": 0.001, "epochs": 6})
    assert Stage("epochs", (again,), best).is_best(again)
    assert not Stage("epochs", (again,), None).is_best(again)
