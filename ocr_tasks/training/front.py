"""The frozen blocks of a network, run by OpenVINO: several times as fast as in training."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import openvino as ov
from numpy.typing import NDArray
from onnx.utils import Extractor

from ocr_tasks.engines.ppocr import normalised
from ocr_tasks.engines.processor import computes_in_bf16

Front = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def compiled_front(onnx_file: bytes, tensor: str, threads: int) -> Front:
    """From strips of one width (n, LINE_HEIGHT, width, 3) to the graph's ``tensor``.

    It computes in bfloat16 where the processor does.
    """
    model = onnx.load_model_from_string(onnx_file)
    (given,) = (each.name for each in model.graph.input)
    cut = Extractor(model).extract_model([given], [tensor])
    core = ov.Core()
    properties: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if computes_in_bf16() else "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    compiled = core.compile_model(core.read_model(cut.SerializeToString()), "CPU", properties)
    request = compiled.create_infer_request()
    lock = threading.Lock()  # what comes out is the request's own memory

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        with lock:
            output: NDArray[np.float32] = request.infer([normalised(images)])[0]
            return output.copy()

    return run
