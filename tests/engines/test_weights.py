"""Weights by digest, and no pickles."""

import hashlib
import pickle
import zipfile

import pytest

from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.ppocr import DETECTOR, WHEEL_FILES, wheel_models
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.engines.weights import refuse_pickles
from ocr_tasks.errors import ModelError

REAL = wheel_models() / WHEEL_FILES[DETECTOR]


class Planted:
    """What a pickle would run."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('the pickle ran')",))


def test_a_model_of_the_pinned_digest_is_loaded():
    engine = load_engine(EngineSpec(det_model=str(REAL), det_sha256=DETECTOR.sha256))
    assert engine.info.detector.sha256 == DETECTOR.sha256


def test_a_model_of_another_digest_is_refused_unloaded(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"this is no model, which loading it would tell")
    with pytest.raises(ModelError, match="not the pinned"):
        load_engine(EngineSpec(det_model=str(path), det_sha256=DETECTOR.sha256))


def test_the_default_model_can_be_pinned_to_another_digest_too():
    with pytest.raises(ModelError, match="not the pinned"):
        load_engine(EngineSpec(rec_sha256=hashlib.sha256(b"another").hexdigest()))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_whatever_its_name_and_never_run(tmp_path, protocol):
    path = tmp_path / "inference.onnx"
    path.write_bytes(pickle.dumps(Planted(), protocol))
    with pytest.raises(ModelError, match="pickle"):
        load_engine(EngineSpec(det_model=str(tmp_path)))


def test_the_zips_of_pytorch_are_refused(tmp_path):
    path = tmp_path / "model.bin"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Planted()))
    with pytest.raises(ModelError, match="pickle"):
        refuse_pickles(path)


@pytest.mark.parametrize("name", ["best.pdparams", "best.pdopt", "model.pt", "model.pth", "x.pkl"])
def test_a_folder_with_a_pickle_by_name_is_refused(tmp_path, name):
    (tmp_path / "inference.json").write_text("{}")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / name).write_bytes(b"(i__builtin__\nexit\n.")  # protocol 0: no signature
    with pytest.raises(ModelError, match=name):
        refuse_pickles(tmp_path)


def test_an_honest_folder_passes(tmp_path):
    (tmp_path / "inference.json").write_text("{}")
    (tmp_path / "inference.pdiparams").write_bytes(bytes(64))
    refuse_pickles(tmp_path)
    refuse_pickles(REAL)
