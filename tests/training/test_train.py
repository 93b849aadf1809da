"""A training from the data set to files that serve, local and in S3."""

import hashlib
import io
import json

import numpy as np
import pytest
import safetensors.numpy
import yaml
from PIL import Image

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import VAL, LayoutSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ParityError, TrainingError
from ocr_tasks.imaging.crops import pad_to_bucket
from ocr_tasks.training import best
from ocr_tasks.training import train as room
from ocr_tasks.training.lines import lines_of
from ocr_tasks.training.outputs import BEST, CURVES, EXPORTED, INFERENCE, LOG, RESULT, SETTINGS
from ocr_tasks.training.spec import ReplaySpec, TrainSpec
from ocr_tasks.training.train import train
from ocr_tasks.training.weights import load_base
from tests.dataset.folders import CHARACTERS, drawn_lines, write_lines
from tests.stores import names_at

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

REPLAY = ReplaySpec(share=0.25, rendered=4)
SPEC = TrainSpec(scope="deep", epochs=1, batch=4, threads=1, replay=REPLAY)
FILES = {"inference.json", "inference.onnx", "inference.pdiparams", "inference.yml"}


def dataset(url):
    return read_dataset(url, LayoutSpec(), GroupSpec())


def read_json(uri):
    return json.loads(storage.read_bytes(uri))


@pytest.fixture(scope="module", autouse=True)
def little_print():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "RETENTION_LINES", 3)
        yield


@pytest.fixture(scope="module")
def dataset_url(tmp_path_factory):
    """A data set of 8 drawn lines to learn, and 4 to watch."""
    folder = tmp_path_factory.mktemp("data") / "lines"
    return write_lines(folder, CHARACTERS, train=drawn_lines(8), val=drawn_lines(4, first=100))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory, dataset_url):
    """A short training, done."""
    url = storage.absolute(str(tmp_path_factory.mktemp("trained")))
    result = train(dataset(dataset_url), url, SPEC)
    return url, result


def test_a_training_leaves_what_paddlex_users_know(outputs):
    url, result = outputs
    assert {f"{INFERENCE}/{name}" for name in FILES} <= set(names_at(url))
    assert read_json(f"{url}/{RESULT}") == result
    assert result["done_flag"] is True
    assert result["model_name"] == "PP-OCRv6_small_rec"
    for model in result["models"].values():
        told = {"score", "pdparams", "pdopt", "pdstates", "inference_config", "pdmodel"}
        assert model.keys() >= told
        for key in model.keys() - {"score"}:
            assert not model[key] or storage.exists(f"{url}/{model[key]}"), key
    settings = yaml.safe_load(storage.read_bytes(f"{url}/{SETTINGS}"))
    assert settings["scope"] == "deep"
    assert settings["replay"]["rendered"] == 4
    logged = storage.read_bytes(f"{url}/{LOG}").decode()
    assert "8 lines to learn, of up to " in logged
    assert f"CER {result['best']['cer']:.4f}" in logged
    picture = Image.open(io.BytesIO(storage.read_bytes(f"{url}/{CURVES}")))
    assert picture.format == "PNG"
    assert min(picture.size) > 400
    assert len(result["evaluations"]) == 2
    assert 0 < result["evaluations"][1]["loss"] < 20


def test_every_form_of_the_model_reads_alike_in_its_engine(outputs, dataset_url):
    url, result = outputs
    assert {form: parity["crops"] for form, parity in result["parity"].items()} == {
        "paddle": 4,
        "onnx": 4,
    }
    folder = url.removeprefix("file://") + f"/{INFERENCE}"
    onnx, openvino = (
        load_engine(EngineSpec(kind=kind, precision="fp32", rec_model=folder))
        for kind in ("onnx", "openvino")
    )
    base = load_base(None, None)
    lines = lines_of(dataset(dataset_url), VAL, base.charset, room.DecodeSpec())
    from paddleocr import TextRecognition

    theirs = TextRecognition(model_name="PP-OCRv6_small_rec", model_dir=folder)
    for number in range(len(lines.lines)):
        crop = pad_to_bucket(lines.strip(number))
        (wanted,) = onnx.recognizer.recognize(crop[np.newaxis])
        (ours,) = openvino.recognizer.recognize(crop[np.newaxis])
        (got,) = theirs.predict([crop])
        assert ours.text == wanted.text == got["rec_text"]
        assert got["rec_score"] == pytest.approx(wanted.confidence, abs=0.02)


def test_the_best_weights_can_be_a_base_again(outputs):
    url, _ = outputs
    path = url.removeprefix("file://")
    again = load_base(f"{path}/{BEST}", None)
    served = load_base(f"{path}/{INFERENCE}", None)
    state = safetensors.numpy.load(storage.read_bytes(f"{url}/{BEST}"))
    for name, tensor in again.network.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), state[name], err_msg=name)
        np.testing.assert_allclose(
            served.network.state_dict()[name].numpy(), state[name], atol=1e-5, err_msg=name
        )


def test_a_finished_training_is_not_done_again(outputs, dataset_url):
    url, first = outputs
    steps = []
    again = train(dataset(dataset_url), url, SPEC, steps.append)
    assert not steps
    assert again == first
    assert "resumed at step" in storage.read_bytes(f"{url}/{LOG}").decode()


def test_a_training_reads_and_writes_s3(dataset_url, s3_endpoint):
    for name in names_at(dataset_url):
        s3_endpoint.put(f"to-learn/{name}", storage.read_bytes(f"{dataset_url}/{name}"))
    spec = TrainSpec(scope="head", epochs=1, batch=4, threads=1, replay=REPLAY)
    url = s3_endpoint.uri("trained")
    result = train(dataset(s3_endpoint.uri("to-learn")), url, spec)
    assert {f"{INFERENCE}/{name}" for name in FILES} <= set(names_at(url))
    assert read_json(f"{url}/{RESULT}") == result


def test_a_broken_export_is_refused_and_no_result_is_written(tmp_path, dataset_url, monkeypatch):
    written = best.export

    def broken(network, graph, bindings, charset, folder):
        written(network, graph, bindings, charset, folder)
        name, array = list(graph.weights().items())[-2]  # of the output
        (folder / "inference.onnx").write_bytes(graph.filled({name: array / 2}))

    url = storage.absolute(str(tmp_path / "trained"))
    monkeypatch.setattr(best, "export", broken)
    with pytest.raises(ParityError, match="the onnx form agrees with the trained network at"):
        train(dataset(dataset_url), url, SPEC)
    assert read_json(f"{url}/{RESULT}")["done_flag"] is False
    assert not storage.exists(f"{url}/{INFERENCE}/inference.onnx")


def test_what_was_learnt_can_be_exported_again_to_the_same_bytes(outputs, dataset_url):
    url, result = outputs
    before = read_json(f"{url}/{EXPORTED}")
    served = storage.read_bytes(f"{url}/{INFERENCE}/inference.onnx")
    storage.write(f"{url}/{INFERENCE}/inference.onnx", served[:-100])
    assert best.export_best(dataset(dataset_url), url, SPEC) == result
    assert storage.read_bytes(f"{url}/{INFERENCE}/inference.onnx") == served
    again = read_json(f"{url}/{EXPORTED}")
    assert again["files"]["inference.onnx"] == before["files"]["inference.onnx"]
    assert again["files"]["inference.onnx"] == hashlib.sha256(served).hexdigest()


def test_nothing_is_exported_where_nobody_has_trained(tmp_path, dataset_url):
    url = storage.absolute(str(tmp_path / "empty"))
    with pytest.raises(TrainingError, match="there is no train_result"):
        best.export_best(dataset(dataset_url), url, SPEC)
