"""ONNX Runtime: on every machine, and on GPUs."""

import functools
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.ppocr import (
    Network,
    PpocrDetector,
    PpocrRecognizer,
    charset_in,
    detector_file,
    normalised,
    recognizer_file,
)
from ocr_tasks.engines.spec import EngineSpec, gpu_index
from ocr_tasks.errors import ModelError
from ocr_tasks.records import EngineInfo
from ocr_tasks.text.charset import charset_sha256


def load(spec: EngineSpec) -> Engine:
    """The engine that ``spec`` names.

    Raises:
        ModelError: a file is absent, is not the pinned one, or the device cannot be had.
    """
    det, rec = detector_file(spec), recognizer_file(spec)
    recognizer = _session(rec.path, spec)
    charset = _charset(recognizer, rec.path)
    info = EngineInfo(
        engine="onnx",
        engine_version=f"onnxruntime {ort.__version__}",
        device=spec.device,
        precision="fp32",
        detector=det.info,
        recognizer=rec.info,
        dict_sha256=charset_sha256(charset),
    )
    return Engine(
        info,
        PpocrDetector(_network(_session(det.path, spec)), spec.detection),
        PpocrRecognizer(_network(recognizer), charset, together=True),
    )


def alphabet(spec: EngineSpec) -> tuple[str, ...]:
    """The classes of the recogniser that ``spec`` names: the blank, its characters, the space.

    Raises:
        ModelError: the file is absent, is not the pinned one, or carries no alphabet.
    """
    rec = recognizer_file(spec)
    return _charset(_session(rec.path, spec), rec.path)


def _charset(recognizer: ort.InferenceSession, path: Path) -> tuple[str, ...]:
    characters = recognizer.get_modelmeta().custom_metadata_map.get("character")
    classes = recognizer.get_outputs()[0].shape[-1]
    return charset_in(path, characters, classes if isinstance(classes, int) else None)


def _network(session: ort.InferenceSession) -> Network:
    (name,) = (argument.name for argument in session.get_inputs())

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = session.run(None, {name: normalised(images)})[0]
        return output

    return run


def _session(path: Path, spec: EngineSpec) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = spec.threads or len(os.sched_getaffinity(0))
    # Idle threads that spin take cores from the other workers of a shared machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if spec.device == "cpu":
        _share_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.enable_mem_pattern = False  # a block for each shape, and no two pages have one
    providers = _providers(spec)
    try:
        session = ort.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime raises a dozen private classes
        raise ModelError(f"cannot load the model {path}: {error}") from error
    wanted = "CPUExecutionProvider" if spec.device == "cpu" else "CUDAExecutionProvider"
    if session.get_providers()[0] != wanted:
        raise ModelError(f"engine.device={spec.device}, but ONNX Runtime could not start it")
    return session


@functools.cache
def _share_memory() -> None:
    """Gives this process one arena for all its models, which take turns, in place of one each.

    Without memory patterns, a worker holds 565 to 660 MB so, else 764 and more.
    """
    cpu = ort.OrtMemoryInfo(
        "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    )
    ort.create_and_register_allocator(cpu, ort.OrtArenaCfg({}))


def _providers(spec: EngineSpec) -> list[str | tuple[str, dict[str, Any]]]:
    if spec.device == "cpu":
        if spec.options:
            raise ModelError(
                "engine.options go to ONNX Runtime's CUDA provider: on the CPU is none"
            )
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        raise ModelError(
            f"engine.device={spec.device} needs the onnxruntime-gpu package in place of onnxruntime"
        )
    cuda = {"device_id": gpu_index(spec.device), **spec.options}
    return [("CUDAExecutionProvider", cuda), "CPUExecutionProvider"]
