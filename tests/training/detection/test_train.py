"""A detector's training from the data set to files that serve; resumed ones end as others do."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
import yaml

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ParityError, PlanConflictError, TrainingError
from ocr_tasks.training.checkpoints import LATEST, read_checkpoint
from ocr_tasks.training.detection import loop
from ocr_tasks.training.detection import student as student_room
from ocr_tasks.training.detection import train as room
from ocr_tasks.training.detection.crops import crops_of, plan_crops
from ocr_tasks.training.detection.loop import PageCourse, fine_tune
from ocr_tasks.training.detection.network import load_detector
from ocr_tasks.training.detection.progress import PageProgress
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.detection.student import THRESHOLD, DetectorStudent
from ocr_tasks.training.detection.train import export_best, learn, student_of
from ocr_tasks.training.outputs import BEST, CURVES, INFERENCE, LOG, RESULT, SETTINGS
from tests.stores import names_at
from tests.training.detection.pages import SERVING, drawn_pages, page_with, write_drawn

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

SPEC = DetectorSpec(
    scope="head", threads=1, epochs=2, batch=2, crop_side=96, crops_a_page=1, patience=9
)
STEPS = 6  # of it, with six pages
FILES = {"inference.json", "inference.onnx", "inference.pdiparams", "inference.yml"}


class KilledError(Exception):
    """What stands for a kill: all that is not stored is lost."""


@pytest.fixture(scope="module")
def pages():
    return drawn_pages(6), drawn_pages(2, first=6)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    url = write_drawn(tmp_path_factory.mktemp("data") / "pages", train=4, val=2)
    return read_dataset(url, LayoutSpec(), GroupSpec())


@pytest.fixture(scope="module")
def outputs(tmp_path_factory, dataset):
    """A short training, done and exported."""
    url = storage.absolute(str(tmp_path_factory.mktemp("trained")))
    spec = replace(SPEC, scope="all", epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "PARITY_CROPS", 4)
        learn(dataset, url, spec, SERVING)
        result = export_best(dataset, url, spec, SERVING)
    return url, result


def trained(pages, output, spec=SPEC, kill_at=None):
    base = load_detector(None, None)
    student = student_of(base, spec, SERVING)

    def hear(step):
        if step.step == kill_at:
            raise KilledError

    course = PageCourse(base, *pages, SERVING, str(output), "these")
    return student, fine_tune(student, course, spec, hear)


def test_a_killed_run_that_is_resumed_ends_with_the_same_weights_to_the_bit(tmp_path, pages):
    undisturbed, told = trained(pages, tmp_path / "whole")
    for step in (2, 5):
        with pytest.raises(KilledError):
            trained(pages, tmp_path / "killed", kill_at=step)
    resumed, told_again = trained(pages, tmp_path / "killed")
    assert told.step == told_again.step == STEPS
    _, whole = read_checkpoint(f"{tmp_path}/whole/{LATEST}", "these", PageProgress)
    _, killed = read_checkpoint(f"{tmp_path}/killed/{LATEST}", "these", PageProgress)
    assert whole.keys() == killed.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, killed[name], err_msg=name)
    for name, array in undisturbed.state().items():
        np.testing.assert_array_equal(array, resumed.state()[name], err_msg=name)
    hmeans, again = ([each.hmean for each in run.evaluations] for run in (told, told_again))
    assert hmeans == again


@pytest.mark.parametrize(
    ("scope", "frozen"),
    [("head", "model."), ("neck", "model.backbone."), ("all", None)],
)
def test_training_changes_what_the_scope_says_and_nothing_else(pages, tmp_path, scope, frozen):
    spec = replace(SPEC, scope=scope, epochs=1, crop_side=64, batch=3)
    student, _ = trained(pages, tmp_path, spec)
    before = load_detector(None, None).network.state_dict()
    _, tensors = read_checkpoint(f"{tmp_path}/{LATEST}", "these", PageProgress)
    after = {name.removeprefix("student/"): tensors[name] for name in tensors}
    learnt = {name for name in before if name in after}
    assert any(name.startswith("head.") for name in learnt)
    assert any(name.startswith(THRESHOLD) for name in after)
    assert not any(name.endswith(("_mean", "_variance")) for name in student.parameters())
    if frozen is None:
        assert any(name.startswith("model.backbone.") for name in learnt)
    else:
        assert not any(name.startswith(frozen) for name in learnt)
    moved = [name for name in learnt if (after[name] != before[name].numpy()).any()]
    assert len(moved) > 0.9 * len(learnt)
    for name in before.keys() - learnt:
        now = student.network.state_dict()[name].numpy()
        np.testing.assert_array_equal(now, before[name].numpy(), err_msg=name)


def test_the_loss_falls(pages, tmp_path):
    losses = []
    base = load_detector(None, None)
    spec = replace(SPEC, epochs=8, learning_rate=2e-3, crop_side=128)
    student = student_of(base, spec, SERVING)
    spec = replace(spec, eval_interval=99)
    course = PageCourse(base, *pages, SERVING, str(tmp_path), "these")
    fine_tune(student, course, spec, lambda step: losses.append(step.loss))
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])


def test_what_the_threshold_is_wrong_about_changes_nothing_that_is_served(pages, monkeypatch):
    monkeypatch.setattr(student_room, "db_loss", lambda _, threshold, *__: threshold.sum())
    base = load_detector(None, None)
    student = student_of(base, replace(SPEC, scope="all", crop_side=64), SERVING)
    draws = plan_crops(pages[0], SPEC, 0)[0]
    student.loss(student.prepared(crops_of(draws, pages[0], SPEC, SERVING))).backward()
    moved = {name for name, each in student.parameters().items() if each.grad is not None}
    assert moved
    assert all(name.startswith(THRESHOLD) for name in moved)


def test_the_weights_with_the_highest_hmean_are_kept(pages, tmp_path, monkeypatch):
    hmeans = iter([0.5, 0.7, 0.6])

    class Score:
        precision, recall = 0.1, 0.2

        def __init__(self):
            self.hmean = next(hmeans)

    monkeypatch.setattr(loop, "found_in", lambda *_: Score())
    _, progress = trained(pages, tmp_path)
    assert progress.best == progress.evaluations[1]
    assert progress.best.hmean == 0.7
    assert "Hmean 0.7000, precision 0.1000, recall 0.2000" in str(progress.best)


def test_a_loss_that_is_no_number_ends_the_training(pages, tmp_path, monkeypatch):
    monkeypatch.setattr(
        DetectorStudent,
        "loss",
        lambda self, _: self.parameters()["head.conv_final.bias"] * math.nan,
    )
    with pytest.raises(TrainingError, match="nan at step 1"):
        trained(pages, tmp_path)


def test_a_training_leaves_what_paddlex_users_know(outputs):
    url, result = outputs
    assert {f"{INFERENCE}/{name}" for name in FILES} <= set(names_at(url))
    assert json.loads(storage.read_bytes(f"{url}/{RESULT}")) == result
    assert result["done_flag"] is True
    assert result["model_name"] == "PP-OCRv6_small_det"
    assert result["models"]["best"]["score"] == result["best"]["hmean"]
    for model in result["models"].values():
        for key in model.keys() - {"score"}:
            assert not model[key] or storage.exists(f"{url}/{model[key]}"), key
    assert yaml.safe_load(storage.read_bytes(f"{url}/{SETTINGS}"))["crop_side"] == 96
    logged = storage.read_bytes(f"{url}/{LOG}").decode()
    assert "4 pages to learn, with 12 regions, and 0 that do not count" in logged
    assert storage.read_bytes(f"{url}/{CURVES}").startswith(b"\x89PNG")
    assert {form: parity["crops"] for form, parity in result["parity"].items()} == {
        "paddle": 4,
        "onnx": 4,
    }
    assert storage.exists(f"{url}/{BEST}")


def test_every_form_of_the_model_finds_the_same_in_its_engine(outputs):
    url, _ = outputs
    folder = url.removeprefix("file://") + f"/{INFERENCE}"
    picture, boxes = page_with(9)
    onnx, openvino = (
        load_engine(EngineSpec(kind=kind, precision="fp32", det_model=folder, detection=SERVING))
        for kind in ("onnx", "openvino")
    )
    assert onnx.info.detector.name == "inference"
    wanted = onnx.detector.detect(picture).polygons
    assert len(wanted) == len(boxes)
    np.testing.assert_allclose(openvino.detector.detect(picture).polygons, wanted, atol=1)
    from paddleocr import TextDetection

    theirs = TextDetection(model_name="PP-OCRv6_small_det", model_dir=folder)
    (found,) = theirs.predict(picture)
    centres = sorted(np.array(each).mean(axis=0)[1] for each in found["dt_polys"])
    np.testing.assert_allclose(centres, sorted(wanted.mean(axis=1)[:, 1]), atol=3)


def test_an_exported_detector_can_be_a_base_again(outputs):
    url, _ = outputs
    folder = url.removeprefix("file://") + f"/{INFERENCE}"
    again = load_detector(folder, None)
    state = safetensors.numpy.load(storage.read_bytes(f"{url}/{BEST}"))
    for name, tensor in again.network.state_dict().items():
        np.testing.assert_allclose(tensor.numpy(), state[name], atol=1e-5, err_msg=name)


def test_a_finished_training_is_not_done_again(outputs, dataset):
    url, _ = outputs
    steps = []
    spec = replace(SPEC, scope="all", epochs=1)
    learn(dataset, url, spec, SERVING, steps.append)
    assert not steps
    with pytest.raises(PlanConflictError):
        learn(dataset, url, replace(spec, learning_rate=1e-3), SERVING)


def test_a_broken_export_is_refused(outputs, dataset, tmp_path, monkeypatch):
    url, _ = outputs
    copy = storage.absolute(str(tmp_path / "copy"))
    for name in (RESULT, BEST):
        storage.write(f"{copy}/{name}", storage.read_bytes(f"{url}/{name}"))
    written = room.export_detector

    def broken(base, serving, folder):
        written(base, serving, folder)
        graph = base.graph
        shifted = {name: array + 0.01 for name, array in graph.weights().items()}
        (folder / "inference.onnx").write_bytes(graph.filled(shifted))

    monkeypatch.setattr(room, "PARITY_CROPS", 2)
    monkeypatch.setattr(room, "export_detector", broken)
    with pytest.raises(ParityError, match="of the pixels of 2 crops"):
        export_best(dataset, copy, SPEC, SERVING)
    assert not storage.exists(f"{copy}/{INFERENCE}/inference.onnx")
