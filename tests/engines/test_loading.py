import importlib.util
import sys
from dataclasses import replace

import pytest

from ocr_tasks.engines import loading
from ocr_tasks.engines.loading import chosen, load_engine, pinned_engine
from ocr_tasks.engines.spec import EngineSpec, gpu_index
from ocr_tasks.errors import EngineBrokenError, ModelError, SettingsError, StorageError


@pytest.mark.parametrize("kind", ["fake", "onnx"])
def test_an_engine_says_of_which_kind_it_is(kind):
    info = load_engine(EngineSpec(kind=kind)).info
    assert (info.engine, info.device) == (kind, "cpu")


@pytest.mark.parametrize(
    "device",
    ["gpu", "gpu:", "gpu:x", "gpu:0 ", "cuda:0", "CPU", "", "cpu:0", "gpu:0,", "cpu,gpu:0"],
)
def test_a_device_that_no_engine_knows_is_refused(device):
    with pytest.raises(SettingsError, match=r"engine\.device") as refusal:
        EngineSpec(device=device)
    assert repr(device) in str(refusal.value)


def test_several_devices_are_given_out_in_turn():
    spec = EngineSpec(device="gpu:2,gpu:0,gpu:5")
    assert [spec.on_device(n).device for n in range(4)] == ["gpu:2", "gpu:0", "gpu:5", "gpu:2"]
    assert EngineSpec().on_device(7).device == "cpu"


@pytest.mark.parametrize(("device", "index"), [("gpu:0", 0), ("gpu:12", 12)])
def test_a_gpu_is_named_by_its_index(device, index):
    assert gpu_index(EngineSpec(device=device).device) == index


@pytest.mark.parametrize("package", ["onnxruntime", "cv2"])
def test_a_package_that_is_not_installed_is_named(monkeypatch, package):
    for module in ("onnx", "ppocr"):
        monkeypatch.delitem(sys.modules, f"ocr_tasks.engines.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)  # what importing an absent module comes to
    with pytest.raises(ModelError, match=rf"engine\.kind=onnx needs a package: .*{package}"):
        load_engine(EngineSpec(kind="onnx"))


def test_a_kind_that_has_no_module_is_refused():
    with pytest.raises(ModelError, match=r"engine\.kind=tesseract"):
        load_engine(EngineSpec(kind="tesseract"))


@pytest.fixture
def machine(monkeypatch):
    """A function that says what this machine has."""

    def arrange(openvino, bf16):
        find_spec = importlib.util.find_spec
        absent = () if openvino else ("openvino",)
        monkeypatch.setattr(
            loading.importlib.util,
            "find_spec",
            lambda name: None if name in absent else find_spec(name),
        )
        monkeypatch.setattr(loading, "computes_in_bf16", lambda: bf16)

    return arrange


@pytest.mark.parametrize(
    ("openvino", "bf16", "given", "taken"),
    [
        pytest.param(True, True, {}, ("openvino", "bf16"), id="a CPU with bfloat16"),
        pytest.param(True, False, {}, ("openvino", "fp32"), id="a CPU without"),
        pytest.param(False, True, {}, ("onnx", "fp32"), id="no OpenVINO"),
        pytest.param(True, True, {"device": "gpu:0"}, ("onnx", "fp32"), id="a GPU"),
        pytest.param(True, True, {"precision": "fp32"}, ("openvino", "fp32"), id="fp32 is set"),
        pytest.param(True, True, {"kind": "onnx"}, ("onnx", "fp32"), id="onnx is set"),
        pytest.param(True, True, {"kind": "fake"}, ("fake", "fp32"), id="fake is set"),
        pytest.param(True, False, {"precision": "bf16"}, ("openvino", "bf16"), id="bf16 is set"),
    ],
)
def test_auto_is_the_fastest_that_the_machine_has(machine, openvino, bf16, given, taken):
    machine(openvino, bf16)
    choice = chosen(EngineSpec(**given))
    assert (choice.spec.kind, choice.spec.precision) == taken
    assert chosen(choice.spec).spec == choice.spec


@pytest.mark.parametrize("kind", ["onnx", "paddle", "fake"])
def test_a_precision_that_an_engine_has_not_is_refused(kind):
    with pytest.raises(SettingsError, match=rf"needs engine\.kind=openvino, not {kind}"):
        EngineSpec(kind=kind, precision="bf16")


def test_bf16_is_refused_where_the_cpu_would_only_imitate_it(monkeypatch):
    from ocr_tasks.engines import openvino

    monkeypatch.setattr(openvino, "computes_in_bf16", lambda: False)
    with pytest.raises(ModelError, match=r"engine\.precision=bf16: this CPU"):
        load_engine(EngineSpec(kind="openvino", precision="bf16"))


def test_openvino_is_refused_a_gpu():
    with pytest.raises(ModelError, match=r"engine\.device=gpu:0"):
        load_engine(EngineSpec(kind="openvino", device="gpu:0"))


def test_an_engine_with_pinned_models_is_loaded_once_until_another_is_wanted(monkeypatch):
    loaded = []
    monkeypatch.setattr(loading, "_kept", [])
    monkeypatch.setattr(loading, "load_engine", lambda spec: loaded.append(spec) or object())
    one, other = (EngineSpec(threads=threads, det_sha256="a", rec_sha256="b") for threads in (1, 2))
    with pinned_engine(one) as first, pinned_engine(replace(one)) as again:
        assert first is again
    with pinned_engine(other):
        pass
    with pinned_engine(one) as anew:
        assert anew is not first
    assert loaded == [one, other, one]


def test_an_engine_that_broke_is_not_taken_for_the_next_try(monkeypatch):
    spec = EngineSpec(det_sha256="a", rec_sha256="b")
    monkeypatch.setattr(loading, "_kept", [])
    monkeypatch.setattr(loading, "load_engine", lambda spec: object())
    with pytest.raises(EngineBrokenError), pinned_engine(spec) as broken:
        raise EngineBrokenError("the GPU is lost")
    with pinned_engine(spec) as fresh:
        assert fresh is not broken
    with pytest.raises(StorageError), pinned_engine(spec) as sound:
        raise StorageError("the store did not answer")
    with pinned_engine(spec) as kept:
        assert kept is sound


def test_the_model_files_of_an_engine_without_digests_are_not_taken_for_known():
    with pytest.raises(AssertionError), pinned_engine(EngineSpec(kind="fake")):
        pass
