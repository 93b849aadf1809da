"""Two processes on the CPU: they learn what one does, end together, and go on after a death."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.errors import SettingsError, TrainingError, WorkerDiedError
from ocr_tasks.training import programs, several
from ocr_tasks.training import train as room
from ocr_tasks.training.checkpoints import LATEST
from ocr_tasks.training.crew import Crew
from ocr_tasks.training.outputs import RESULT, read_told
from ocr_tasks.training.several import VISIBLE
from ocr_tasks.training.spec import ReplaySpec, TrainSpec, of_one_process, processes_of
from ocr_tasks.training.trainers import learn
from tests.dataset.folders import CHARACTERS, drawn_lines, write_lines
from tests.training.quick_rank import DIES, LINES_OF_PRINT

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

NO_REPLAY = ReplaySpec(share=0.0)
ALONE = TrainSpec(scope="head", epochs=2, batch=4, patience=9, threads=2, replay=NO_REPLAY)
TWO = replace(ALONE, batch=2, processes=2)
LINES, STEPS = 9, 6  # of which the last of an epoch has one line, and one process none


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "RETENTION_LINES", LINES_OF_PRINT)
        patch.setattr(several, "RANK", ("-m", "tests.training.quick_rank"))
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "lines"
    parts = {"train": drawn_lines(LINES), "val": drawn_lines(3, first=100)}
    url = write_lines(folder, CHARACTERS, **parts)
    return read_dataset(url, LayoutSpec(), GroupSpec())


@pytest.fixture(scope="module")
def whole(tmp_path_factory, dataset):
    """An undisturbed training by two: where it is, its result and its losses."""
    return _trained(dataset, tmp_path_factory.mktemp("two"), TWO)


def _trained(dataset, folder, spec):
    url, losses = storage.absolute(str(folder)), []
    result = learn(dataset, url, spec, lambda step: losses.append(step.loss))
    return url, result, losses


def weights_at(url):
    tensors = safetensors.numpy.load(storage.read_bytes(f"{url}/{LATEST}"))
    return {name: array for name, array in tensors.items() if name.startswith("student/")}


def test_two_processes_learn_what_one_does_with_all_their_lines(whole, dataset, tmp_path):
    url, result, losses = whole
    alone_url, alone, alone_losses = _trained(dataset, tmp_path, ALONE)
    assert len(losses) == STEPS
    np.testing.assert_allclose(losses, alone_losses, rtol=1e-3)
    ours, theirs = weights_at(url), weights_at(alone_url)
    assert ours.keys() == theirs.keys()
    moved = np.concatenate([(ours[name] - theirs[name]).ravel() for name in ours])
    assert np.abs(moved).mean() < 1e-6
    assert [each["step"] for each in result["evaluations"]] == [0, 3, 6]
    for mine, other in zip(result["evaluations"], alone["evaluations"], strict=True):
        assert mine["loss"] == pytest.approx(other["loss"], rel=1e-3)
    assert read_told(url, RESULT) == result


def test_a_death_ends_all_and_the_resumed_training_ends_as_an_undisturbed_one(
    whole, dataset, tmp_path, monkeypatch
):
    marks = []
    monkeypatch.setattr(
        programs,
        "end_marked",
        lambda mark, end=programs.end_marked: (end(mark), marks.append(mark)),
    )
    monkeypatch.setenv(DIES, "5")
    with pytest.raises(WorkerDiedError, match="a process of the training was killed"):
        _trained(dataset, tmp_path, TWO)
    assert programs.marked(marks[0]) == []
    monkeypatch.delenv(DIES)
    url, _, losses = _trained(dataset, tmp_path, TWO)
    assert losses == whole[2][3:]  # from the checkpoint after the first epoch
    resumed, undisturbed = weights_at(url), weights_at(whole[0])
    for name, array in undisturbed.items():
        np.testing.assert_array_equal(array, resumed[name], err_msg=name)


def test_what_a_process_raised_is_raised_here(tmp_path):
    error = TrainingError("the loss is nan at step 7")
    several.error_file(tmp_path, 1).write_bytes(pickle.dumps(error))
    with pytest.raises(TrainingError, match="nan at step 7"):
        several._raise_why(tmp_path, TWO, [])


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_every_line_of_a_batch_is_in_one_share(size):
    shares = []
    for number in range(size):
        crew = Crew()
        crew.number, crew.size = number, size
        shares += crew.share(range(4))
    assert sorted(shares) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (TrainSpec(), [("cpu", 8)]),
        (TrainSpec(device="gpu:0,3"), [("gpu:0", 4), ("gpu:1", 4)]),
        (TrainSpec(processes=3), [("cpu", 2)] * 3),
    ],
)
def test_each_process_has_its_gpu_or_its_share_of_the_cores(spec, wanted):
    spec = replace(spec, threads=8)
    processes = [of_one_process(spec, number) for number in range(processes_of(spec))]
    assert [(each.device, each.threads) for each in processes] == wanted


@pytest.mark.parametrize(
    ("visible", "wanted"), [(None, "1,3"), ("", "1,3"), ("4,5,6,7", "5,7"), ("a,b,c,d", "b,d")]
)
def test_gpus_are_counted_among_those_that_are_visible(visible, wanted, monkeypatch):
    monkeypatch.delenv(VISIBLE, raising=False)
    if visible is not None:
        monkeypatch.setenv(VISIBLE, visible)
    assert several.environment_of(TrainSpec(device="gpu:1,3"))[VISIBLE] == wanted


def test_a_gpu_that_is_not_visible_is_refused(monkeypatch):
    monkeypatch.setenv(VISIBLE, "4")
    with pytest.raises(SettingsError, match="only 1 is visible"):
        several.environment_of(TrainSpec(device="gpu:0,1"))


@pytest.mark.parametrize(
    "options", [{"device": "cuda"}, {"device": "gpu:0,"}, {"device": "gpu:0", "processes": 2}]
)
def test_devices_that_cannot_be_are_refused(options):
    with pytest.raises(SettingsError, match=r"train\."):
        TrainSpec(**options)
