"""PaddleX itself, on a stand-in for PaddleOCR's source tree: what is asked, and what is kept."""

import json
import math
import threading
import time

import numpy as np
import pytest
import yaml

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import PlanConflictError, TrainingError
from ocr_tasks.training import programs
from ocr_tasks.training.outputs import EXPORTED, INFERENCE, LOG, RESULT
from ocr_tasks.training.spec import PaddlexSpec, TrainSpec
from ocr_tasks.training.trainers import export_best, learn
from ocr_tasks.training.weights import load_base
from tests.stores import names_at
from tests.training.paddlex.conftest import LONG, TRAIN, VAL

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

LONGEST = len(LONG.label)


def dataset(url):
    return read_dataset(url, LayoutSpec(), GroupSpec())


def spec_of(tree, **more):
    paddlex = PaddlexSpec(source=str(tree.folder))
    return TrainSpec(trainer="paddlex", epochs=2, batch=4, seed=7, paddlex=paddlex, **more)


def read_json(url):
    return json.loads(storage.read_bytes(url))


def of_key(value, key):
    """All values of a key, however deep."""
    if isinstance(value, list):
        return [found for each in value for found in of_key(each, key)]
    if not isinstance(value, dict):
        return []
    here = [value[key]] if key in value else []
    return here + [found for each in value.values() for found in of_key(each, key)]


def test_paddlex_trains_evaluates_and_exports_what_then_serves(tree, dataset_url, tmp_path):
    url, spec, steps = storage.absolute(str(tmp_path / "tuned")), spec_of(tree), []
    result = learn(dataset(dataset_url), url, spec, steps.append)

    (asked,) = tree.asked("train")
    assert asked["cwd"] == str(tree.folder)
    assert asked["environment"]["PADDLE_PDX_PADDLEOCR_PATH"] == str(tree.folder)
    assert asked["environment"]["PADDLE_PDX_LOCAL_FONT_FILE_PATH"].endswith(".ttf")
    config = asked["config"]
    wanted = {"epoch_num": 2, "seed": 7, "use_space_char": True, "use_gpu": False}
    wanted |= {"eval_batch_epoch": 1, "save_epoch_step": 2, "checkpoints": None}
    assert wanted.items() <= config["Global"].items()
    assert config["Optimizer"]["lr"]["learning_rate"] == spec.learning_rate
    assert config["Train"]["loader"]["batch_size_per_card"] == 4
    assert set(of_key(config, "max_text_length")) == {LONGEST + 2}
    assert LONGEST > 25
    assert asked["train"] == "".join(f"{x.name}\t{x.label}\n" for x in TRAIN)
    assert asked["val"] == "".join(f"{x.name}\t{x.label}\n" for x in VAL)
    assert len(asked["images"]) == 11
    assert asked["dictionary"].splitlines() == list(load_base(None, None).charset[1:-1])

    assert [(step.step, step.steps, step.loss) for step in steps] == [
        (1, 4, 4.0),
        (2, 4, 2.0),
        (3, 4, pytest.approx(4 / 3)),
        (4, 4, 1.0),
    ]
    assert math.isnan(steps[0].evaluation.exact)
    assert steps[3].evaluation.exact == 0.25
    assert steps[3].seconds_left == 70
    assert result["left_out"] == {
        "characters outside the alphabet": 1,
        "image not there": 1,
    }
    assert [each["acc"] for each in result["evaluations"]] == [0.25, 0.5]
    assert result["best"] == result["evaluations"][1]
    assert result["models"]["best"]["score"] == 0.5
    assert result["done_flag"] is False
    assert learn(dataset(dataset_url), url, spec) == result  # is not done again
    assert len(tree.asked("train")) == 1

    exported = export_best(dataset(dataset_url), url, spec)
    assert exported["paddleocr"] == {"acc": 0.5, "norm_edit_dis": 0.875}
    assert exported["done_flag"] is True
    assert exported["serves"] == ["openvino", "onnx", "paddle"]
    (evaluated,), (written,) = tree.asked("eval"), tree.asked("export_model")
    assert evaluated["checkpoint"] == "best_accuracy 2"
    assert evaluated["val"] == asked["val"]
    assert written["dictionary"] == asked["dictionary"]
    parity = exported["parity"]["onnx"]
    assert (parity["crops"], parity["equal"]) == (4, 1.0)
    assert 0 <= parity["most_off"] < 1e-3

    assert set(names_at(url)) == {
        *(f"{INFERENCE}/inference.{ending}" for ending in ("json", "pdiparams", "yml", "onnx")),
        *(f"best_accuracy/best_accuracy.{ending}" for ending in ("pdparams", "info.json")),
        *(f"latest/latest.{ending}" for ending in ("pdparams", "pdopt", "states")),
        *("config.yaml", "paddleocr.yaml", "paddlex.json", LOG, RESULT, EXPORTED),
    }
    for model in exported["models"].values():
        for key in model.keys() - {"score"}:
            assert not model[key] or storage.exists(f"{url}/{model[key]}"), key
    logged = storage.read_bytes(f"{url}/{LOG}").decode()
    assert "global_step: 4" in logged
    assert "left out: {" in logged
    assert "1 of 11 labels have more characters than the 40 steps" in logged
    assert yaml.safe_load(storage.read_bytes(f"{url}/config.yaml"))["trainer"] == "paddlex"
    assert read_json(f"{url}/{EXPORTED}")["files"].keys() == {
        f"inference.{ending}" for ending in ("json", "pdiparams", "yml", "onnx")
    }
    folder = url.removeprefix("file://") + f"/{INFERENCE}"
    readers = [
        load_engine(EngineSpec(kind=kind, precision="fp32", rec_model=folder)).recognizer
        for kind in ("onnx", "openvino")
    ]
    crop = np.full((1, 48, 320, 3), 255, np.uint8)
    assert len({reader.recognize(crop)[0].text for reader in readers}) == 1


def test_a_training_that_failed_says_why_and_goes_on_from_its_checkpoint(
    tree, dataset_url, tmp_path
):
    url = storage.absolute(str(tmp_path / "tuned"))
    leak = "logs = OUT / 'distributed_train_logs'; logs.mkdir(); (logs / 'env').touch(); "
    leak += "raise ValueError('the disk is full')"
    tree.does("train", leak)
    with pytest.raises(TrainingError, match=r"(?s)train of PP-OCRv6_small_rec.*the disk is full"):
        learn(dataset(dataset_url), url, spec_of(tree))
    assert storage.read_bytes(f"{url}/latest/latest.states") == b"1"
    assert not [name for name in names_at(url) if "distributed_train_logs" in name]
    assert "global_step: 2" in storage.read_bytes(f"{url}/{LOG}").decode()
    tree.behaves()
    with pytest.raises(PlanConflictError, match="other data, weights or settings"):
        learn(dataset(dataset_url), url, spec_of(tree, learning_rate=0.1))
    result = learn(dataset(dataset_url), url, spec_of(tree))
    assert tree.asked("train")[1]["config"]["Global"]["checkpoints"].endswith(
        "latest/latest.pdparams"
    )
    assert [each["epoch"] for each in result["evaluations"]] == [2]
    assert "global_step: 4" in storage.read_bytes(f"{url}/{LOG}").decode()


def test_a_training_out_of_time_is_ended_and_keeps_its_best(
    tree, s3_endpoint, dataset_url, monkeypatch
):
    for name in names_at(dataset_url):
        s3_endpoint.put(f"to-learn/{name}", storage.read_bytes(f"{dataset_url}/{name}"))
    url, hangs = s3_endpoint.uri("tuned"), tree.folder / "hangs"
    tree.does("train", "(TREE / 'hangs').touch(); time.sleep(600)")
    monkeypatch.setattr(programs, "_clock", clock_that_waits_for(hangs))
    result = learn(dataset(s3_endpoint.uri("to-learn")), url, spec_of(tree, max_minutes=90))
    assert result["is_whole"] is False
    assert result["best"]["acc"] == 0.25
    assert storage.read_bytes(f"{url}/best_accuracy/best_accuracy.pdparams") == b"best_accuracy 1"
    (asked,) = tree.asked("train")
    assert len(asked["images"]) == 11


def clock_that_waits_for(path):
    """In place of a clock: time is out once there is a file, however slow the machine is."""

    def clock(seconds, mark, is_late):
        assert seconds == 90 * 60

        def end():
            while not path.exists():
                time.sleep(0.1)
            is_late.set()
            programs.end_marked(mark)

        waiting = threading.Timer(0, end)
        waiting.daemon = True
        waiting.start()
        return waiting

    return clock
