"""The options of an engine, which every kind reads."""

import re
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge

from ocr_tasks.errors import SettingsError
from ocr_tasks.imaging.maps import DetectionSpec

EngineKind = Literal["auto", "onnx", "openvino", "paddle", "fake"]
Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Which engine reads the pages, where, how exactly, and with which models.

    ``auto`` leaves kind and precision to ``loading.chosen``: the fastest of this machine. Of
    several devices, ``gpu:0,gpu:1``, each worker takes one.
    ``det_model`` and ``rec_model`` name models in place of the default: an ONNX file or a folder
    with ``inference.onnx``, local or, if its digest is given, at a URL; for ``paddle`` a local
    PaddleX model folder. Where ``det_sha256`` and ``rec_sha256`` are given, models of another
    digest are refused unloaded. ``threads`` 0 takes
    every core the process may use. ``options`` go through to PaddleOCR, or to ONNX Runtime's CUDA
    provider; ``fake`` has one, ``seconds_a_page``.
    """

    kind: EngineKind = "auto"
    device: str = "cpu"
    precision: Precision = "auto"
    threads: Annotated[int, Ge(0)] = 0
    det_model: str | None = None
    rec_model: str | None = None
    det_sha256: str | None = None
    rec_sha256: str | None = None
    detection: DetectionSpec = field(default_factory=DetectionSpec)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a device that no engine knows, and a precision that the engine has not.

        Raises:
            SettingsError: the device is neither ``cpu`` nor some of ``gpu:N``, or only OpenVINO
                could compute as exactly as that.
        """
        if not re.fullmatch(r"cpu|gpu:\d+(,gpu:\d+)*", self.device):
            raise SettingsError(f"engine.device={self.device!r}: use cpu or gpu:0, gpu:1, …")
        if self.precision == "bf16" and self.kind not in {"auto", "openvino"}:
            raise SettingsError(
                f"engine.precision=bf16 needs engine.kind=openvino, not {self.kind}"
            )

    def on_device(self, number: int) -> "EngineSpec":
        """The spec with one of its devices: they are given out in turn, from ``number`` 0."""
        devices = self.device.split(",")
        return replace(self, device=devices[number % len(devices)])


def gpu_index(device: str) -> int:
    """The N of ``gpu:N``."""
    return int(device.removeprefix("gpu:"))
