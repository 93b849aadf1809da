import sys

import pytest

from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec, gpu_index
from ocr_tasks.errors import ModelError, SettingsError


@pytest.mark.parametrize("kind", ["fake", "onnx"])
def test_an_engine_says_of_which_kind_it_is(kind):
    info = load_engine(EngineSpec(kind=kind)).info
    assert (info.engine, info.device) == (kind, "cpu")


@pytest.mark.parametrize("device", ["gpu", "gpu:", "gpu:x", "gpu:0 ", "cuda:0", "CPU", "", "cpu:0"])
def test_a_device_that_no_engine_knows_is_refused(device):
    with pytest.raises(SettingsError, match=r"engine\.device") as refusal:
        EngineSpec(device=device)
    assert repr(device) in str(refusal.value)


@pytest.mark.parametrize(("device", "index"), [("gpu:0", 0), ("gpu:12", 12)])
def test_a_gpu_is_named_by_its_index(device, index):
    assert gpu_index(EngineSpec(device=device).device) == index


@pytest.mark.parametrize("package", ["onnxruntime", "cv2"])
def test_a_package_that_is_not_installed_is_named(monkeypatch, package):
    monkeypatch.delitem(sys.modules, "ocr_tasks.engines.onnx", raising=False)
    monkeypatch.setitem(sys.modules, package, None)  # what importing an absent module comes to
    with pytest.raises(ModelError, match=rf"engine\.kind=onnx needs a package: .*{package}"):
        load_engine(EngineSpec(kind="onnx"))


def test_a_kind_that_has_no_module_is_refused():
    with pytest.raises(ModelError, match=r"engine\.kind=tesseract"):
        load_engine(EngineSpec(kind="tesseract"))
