"""OpenVINO: the fastest on x86 CPUs, more so on those that compute in bfloat16."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.ppocr import (
    Network,
    PpocrDetector,
    PpocrRecognizer,
    charset_in,
    detector_file,
    recognizer_file,
)
from ocr_tasks.engines.processor import computes_in_bf16
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError
from ocr_tasks.records import EngineInfo
from ocr_tasks.text.charset import charset_sha256

PRECISIONS = {"fp32": "f32", "bf16": "bf16"}


def load(spec: EngineSpec) -> Engine:
    """The engine that ``spec`` names; ``auto`` is fp32 here.

    Raises:
        ModelError: a file is absent or is not the pinned one, this CPU has not the precision, or
            there are options.
    """
    precision = "bf16" if spec.precision == "bf16" else "fp32"
    if spec.device != "cpu":
        raise ModelError(f"engine.device={spec.device}: OpenVINO runs on the CPU here")
    if spec.options:
        raise ModelError("engine.options are for other engines: OpenVINO takes none")
    if precision == "bf16" and not computes_in_bf16():
        raise ModelError("engine.precision=bf16: this CPU has no instructions for it")
    det, rec = detector_file(spec), recognizer_file(spec)
    core = ov.Core()
    core.set_property("CPU", _properties(spec, precision))
    detector, recognizer = _read(core, det.path), _read(core, rec.path)
    charset = charset_in(rec.path, _characters(recognizer), _classes(recognizer))
    info = EngineInfo(
        engine="openvino",
        engine_version=f"openvino {ov.__version__.partition('-')[0]}",
        device=spec.device,
        precision=precision,
        detector=det.info,
        recognizer=rec.info,
        dict_sha256=charset_sha256(charset),
    )
    return Engine(
        info,
        PpocrDetector(_probabilities(_network(core, _logits(detector))), spec.detection),
        PpocrRecognizer(_network(core, recognizer), charset, together=False),
    )


def _properties(spec: EngineSpec, precision: str) -> dict[str, Any]:
    threads = {"INFERENCE_NUM_THREADS": spec.threads} if spec.threads else {}
    return {
        "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
        "NUM_STREAMS": 1,
        # Pinned to cores, the threads of all workers would share the first one.
        "ENABLE_CPU_PINNING": False,
        **threads,
    }


def _read(core: ov.Core, path: Path) -> ov.Model:
    try:
        return core.read_model(path)
    except RuntimeError as error:
        raise ModelError(f"cannot load the model {path}: {error}") from error


def _characters(recognizer: ov.Model) -> str | None:
    """What stands under ``character`` in the metadata of the ONNX file."""
    place = ["framework", "character"]
    return str(recognizer.get_rt_info(place).value) if recognizer.has_rt_info(place) else None


def _classes(recognizer: ov.Model) -> int | None:
    last = recognizer.output(0).get_partial_shape()[-1]
    return int(last.get_length()) if last.is_static else None


def _logits(detector: ov.Model) -> ov.Model:
    """The network without the sigmoid at its end, for which OpenVINO takes a tenth of its time."""
    last = detector.get_results()[0].input_value(0).get_node()
    if last.get_type_name() != "Sigmoid":
        raise ModelError("the detector does not end with a sigmoid: it is no DB text detector")
    return ov.Model([last.input_value(0)], detector.get_parameters())


def _probabilities(network: Network) -> Network:
    """The network with the sigmoid that ``_logits`` took off."""

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = network(images)
        with np.errstate(over="ignore"):  # exp(-x) of a very certain "no text": its sigmoid is 0
            return np.float32(1) / (np.float32(1) + np.exp(-logits))

    return run


def _network(core: ov.Core, model: ov.Model) -> Network:
    """The network compiled, with normalisation (as ``ppocr.normalised``) inside."""
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).mean(127.5).scale(127.5)
    built = steps.build()

    @functools.cache
    def compiled() -> ov.InferRequest:  # at the first call: a plan only asks for the names
        return core.compile_model(built, "CPU").create_infer_request()

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = compiled().infer([images], share_outputs=True)[0]
        return output

    return run
