"""What only ONNX Runtime has: GPUs, and a silence about those it cannot start."""

import pytest

from ocr_tasks.engines import onnx
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnx.ort.get_available_providers(),
    reason="this ONNX Runtime has CUDA",
)
def test_a_gpu_without_its_package_is_refused_with_the_remedy():
    with pytest.raises(ModelError) as refusal:
        load_engine(EngineSpec(device="gpu:1"))
    assert str(refusal.value) == (
        "engine.device=gpu:1 needs the onnxruntime-gpu package in place of onnxruntime"
    )


def test_a_provider_that_does_not_start_is_no_reason_to_go_on_with_another(monkeypatch):
    """ONNX Runtime falls back to the CPU in silence where a driver is missing."""
    monkeypatch.setattr(
        onnx.ort,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    started = onnx.ort.InferenceSession

    def fall_back(path, options, providers):
        return started(path, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(onnx.ort, "InferenceSession", fall_back)
    with pytest.raises(ModelError, match="gpu:0, but ONNX Runtime could not start it"):
        onnx.load(EngineSpec(device="gpu:0"))
