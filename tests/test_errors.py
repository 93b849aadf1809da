import pickle
import re

import pytest

from ocr_tasks import errors
from ocr_tasks.errors import (
    GateRefusedError,
    OcrTasksError,
    PageError,
    PermanentError,
    SettingsError,
    TransientError,
)


def below(root):
    """Every class below ``root``."""
    return [kind for child in root.__subclasses__() for kind in (child, *below(child))]


FAMILIES = {TransientError, PermanentError}
RAISED = [kind for kind in below(OcrTasksError) if kind not in FAMILIES]
by_name = pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)


def test_the_module_holds_one_tree_and_nothing_beside_it():
    defined = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert defined == {OcrTasksError, *below(OcrTasksError)}


def test_no_two_classes_share_a_code():
    codes = [kind.code for kind in RAISED]
    assert len(codes) == len(set(codes))


@by_name
def test_every_class_has_a_code_of_its_own(kind):
    assert re.fullmatch(r"E_[A-Z]+(_[A-Z]+)*", vars(kind)["code"])


@by_name
def test_every_class_belongs_to_a_known_stage(kind):
    pages = {"plan", "read", "decode", "load", "recognise", "seal"}
    datasets = {"convert", "check", "split", "quality"}
    models = {"train", "export", "gate", "register", "promote"}
    assert kind.stage in pages | datasets | models | {"run"}


@pytest.mark.parametrize(
    "kind", [kind for kind in RAISED if kind is not PageError], ids=lambda kind: kind.__name__
)
def test_every_class_has_a_remedy_of_its_own(kind):
    assert vars(kind)["remedy"].endswith(".")


@by_name
def test_a_class_is_either_transient_or_permanent(kind):
    assert issubclass(kind, TransientError) != issubclass(kind, PermanentError)


@by_name
def test_what_ends_a_call_is_retryable_if_and_only_if_it_is_transient(kind):
    if not issubclass(kind, PageError):
        assert kind.retryable is issubclass(kind, TransientError)


def test_a_page_is_worth_a_retry_where_a_limit_or_the_machine_was_at_fault():
    worth_it = {kind.code for kind in RAISED if issubclass(kind, PageError) and kind.retryable}
    assert worth_it == {"E_TIMEOUT", "E_CRASHED", "E_MEMORY"}


@by_name
def test_wrong_settings_exit_with_2_a_refused_gate_with_4_and_everything_else_with_1(kind):
    assert kind.exit_code == {SettingsError: 2, GateRefusedError: 4}.get(kind, 1)


@by_name
def test_an_error_crosses_processes_whole(kind):
    returned = pickle.loads(pickle.dumps(kind("what went wrong")))
    assert type(returned) is kind
    assert str(returned) == "what went wrong"


@by_name
def test_the_tree_at_the_head_of_the_module_names_every_class_with_its_code(kind):
    line = next(line for line in errors.__doc__.splitlines() if f" {kind.__name__} " in line + " ")
    assert kind.code in line or kind is PageError
