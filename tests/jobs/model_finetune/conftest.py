"""A small fine-tuning up to its evaluation, and copies of it for the tests to go on from."""

import shutil

import pytest

from ocr_tasks import storage
from ocr_tasks.jobs import model_finetune as job
from ocr_tasks.training import train as room
from tests.jobs.tuning import SMALLEST, nudged_weights, settings_in


@pytest.fixture(autouse=True, scope="package")
def little_print():
    """Fewer lines of print to watch than a real training has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "RETENTION_LINES", 3)
        yield


@pytest.fixture(scope="package")
def evaluated(tmp_path_factory, little_print):
    """A fine-tuning up to the evaluation; tests take copies of it."""
    folder = tmp_path_factory.mktemp("evaluated")
    train = SMALLEST["train"] | {"base": nudged_weights(folder)}
    settings = settings_in(folder, train=train)
    job.evaluate_base(settings)
    steps = []
    result = job.train(settings, steps.append)
    assert result["done_flag"] is False
    assert [each.step for each in steps] == list(range(1, steps[-1].steps + 1))
    assert job.export(settings)["done_flag"] is True
    return settings, job.evaluate(settings)


@pytest.fixture
def settings(evaluated, tmp_path):
    """The settings of a copy of the evaluated fine-tuning, and a registry of its own."""
    whole, _ = evaluated
    output = tmp_path / "tuned"
    shutil.copytree(whole.output.removeprefix("file://"), output)
    places = {
        "output": storage.absolute(str(output)),
        "registry": storage.absolute(str(tmp_path / "registry")),
    }
    return whole.model_copy(update=places)
