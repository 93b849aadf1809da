"""The steps by the command: what they print, and the codes they end with."""

import json

import pytest

from ocr_tasks.registry.champions import champion
from tests.jobs.tuning import plant_readings

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves


def given(settings):
    """The options of the command that say what these settings do."""
    options = []
    for key in ("dataset", "output", "registry"):
        options += [f"--{key}", getattr(settings, key)]
    dumped = settings.model_dump(mode="json", include={"retention", "train", "engine", "gate"})
    return [*options, *(f"-o{key}={json.dumps(value)}" for key, value in dumped.items())]


def test_the_command_ends_with_4_where_the_gate_refuses_and_with_0_where_not(settings, call):
    code, _, said = call("model-finetune", "decide", *given(settings), "--workers", "1")
    assert code == 4
    assert "E_GATE" in said
    plant_readings(settings)
    code, said, _ = call("model-finetune", "decide", *given(settings), "--workers", "1")
    assert (code, "the gate lets it pass" in said) == (0, True)
    assert champion(settings.registry, "rec") is None
    code, said, _ = call("model-finetune", "promote", *given(settings), "--workers", "1")
    assert (code, "champion 1: letters" in said) == (0, True)
    back = ("--registry", settings.registry, "--reason", "worse")
    code, said, _ = call("model-finetune", "rollback", *back)
    assert (code, "the built-in model" in said) == (0, True)
    code, _, said = call("model-finetune", "rollback", *back)
    assert (code, "E_REGISTRY" in said) == (1, True)


def test_a_dry_run_goes_through_all_steps_and_promotes_nobody(settings, call):
    code, _, said = call("model-finetune", "run", *given(settings), "--workers", "1", "--dry-run")
    assert (code, "REFUSED improvement" in said) == (4, True)
    assert said.count("8 of 8 lines") == 4  # two sets, read by two models
    assert champion(settings.registry, "rec") is None


def test_steps_print_what_they_did(settings, call):
    code, said, _ = call("model-finetune", "export", *given(settings))
    assert code == 0
    assert "100.00% of the steps of 3 lines agree" in said
    code, said, _ = call("model-finetune", "evaluate", *given(settings))
    assert code == 0
    assert "of the champion's time" in said
    code, _, said = call("model-finetune", "train", "--dataset", settings.dataset)
    assert (code, "E_SETTINGS" in said) == (2, True)
