"""The options of an engine, which every kind reads."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge

from ocr_tasks.errors import SettingsError
from ocr_tasks.imaging.maps import DetectionSpec

EngineKind = Literal["onnx", "paddle", "fake"]


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Which engine reads the pages, where, and with which models.

    ``det_model`` and ``rec_model`` name local models in place of the default: an ONNX file or a
    folder with ``inference.onnx`` for ``onnx``, a PaddleX model folder for ``paddle``. Where
    ``det_sha256`` and ``rec_sha256`` are given, models of another digest are refused unloaded.
    ``threads`` 0 takes every core the process may use. ``options`` go through to PaddleOCR, or
    to ONNX Runtime's CUDA provider.
    """

    kind: EngineKind = "onnx"
    device: str = "cpu"
    threads: Annotated[int, Ge(0)] = 0
    det_model: str | None = None
    rec_model: str | None = None
    det_sha256: str | None = None
    rec_sha256: str | None = None
    detection: DetectionSpec = field(default_factory=DetectionSpec)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a device that no engine knows.

        Raises:
            SettingsError: the device is neither ``cpu`` nor ``gpu:N``.
        """
        if self.device != "cpu" and not re.fullmatch(r"gpu:\d+", self.device):
            raise SettingsError(f"engine.device={self.device!r}: use cpu or gpu:0, gpu:1, …")


def gpu_index(device: str) -> int:
    """The N of ``gpu:N``."""
    return int(device.removeprefix("gpu:"))
