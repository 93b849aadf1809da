"""The one place that chooses an engine."""

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import cast

from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.processor import computes_in_bf16
from ocr_tasks.engines.spec import EngineKind, EngineSpec, Precision
from ocr_tasks.errors import EngineBrokenError, ModelError

# Each kind that reads real pages: the packages that bring it, and its precisions on CPUs.
KINDS: dict[EngineKind, tuple[tuple[str, ...], tuple[Precision, ...]]] = {
    "openvino": (("openvino",), ("bf16", "fp32")),
    "onnx": (("onnxruntime-gpu", "onnxruntime"), ("fp32",)),
    "paddle": (("paddleocr",), ("fp32",)),
}


@dataclass(frozen=True, slots=True)
class Installed:
    """A kind of engine and the package that brings it here, if one does."""

    kind: EngineKind
    package: str | None
    version: str | None
    precisions: tuple[Precision, ...]


def installed() -> list[Installed]:
    """Every kind that reads real pages, and what of it is here."""
    return [
        Installed(kind, *_version_of_first(packages), _precisions_here(precisions))
        for kind, (packages, precisions) in KINDS.items()
    ]


def _version_of_first(packages: tuple[str, ...]) -> tuple[str | None, str | None]:
    for package in packages:
        with suppress(PackageNotFoundError):
            return package, version(package)
    return None, None


def _precisions_here(precisions: tuple[Precision, ...]) -> tuple[Precision, ...]:
    return tuple(each for each in precisions if each != "bf16" or computes_in_bf16())


@dataclass(frozen=True, slots=True)
class Choice:
    """What ``auto`` comes to on this machine, and why."""

    spec: EngineSpec
    reason: str


def chosen(spec: EngineSpec) -> Choice:
    """The ``spec`` with the fastest kind and precision for its device, where it says ``auto``.

    docs/performance.md has the figures behind it.
    """
    if spec.kind == "auto":
        kind, why = _fastest_kind(spec)
        spec = replace(spec, kind=kind)
    else:
        why = f"engine.kind={spec.kind} is set"
    if spec.precision != "auto":
        return Choice(spec, f"{why}; engine.precision={spec.precision} is set")
    if spec.kind == "openvino" and computes_in_bf16():
        return Choice(replace(spec, precision="bf16"), f"{why}; the CPU computes in bfloat16")
    return Choice(replace(spec, precision="fp32"), f"{why}; nothing faster than fp32 here")


def _fastest_kind(spec: EngineSpec) -> tuple[EngineKind, str]:
    if spec.device != "cpu":
        return "onnx", "OpenVINO runs on no GPU that we know"
    if importlib.util.find_spec("openvino") is None:
        return "onnx", "openvino is not installed"
    return "openvino", "OpenVINO is the fastest on CPUs"


def load_engine(spec: EngineSpec) -> Engine:
    """The engine of ``spec.kind``, loaded and ready. Each kind lives in the module of its name.

    Of several devices it takes the first.

    Raises:
        ModelError: its packages or its models cannot be had.
    """
    spec = chosen(spec.on_device(0)).spec
    try:
        module = importlib.import_module(f"ocr_tasks.engines.{spec.kind}")
    except ImportError as error:
        raise ModelError(f"engine.kind={spec.kind} needs a package: {error}") from error
    return cast(Engine, module.load(spec))


_kept: list[tuple[EngineSpec, Engine]] = []  # the last one, or none yet


@contextmanager
def pinned_engine(spec: EngineSpec) -> Iterator[Engine]:
    """The engine of a spec that pins its models; as long as it is the same, it is loaded once.

    Loading takes a second, and an engine that goes leaves holes in the memory. One that breaks is
    not kept: a lost GPU comes back with a new engine alone. Raises as load_engine does.
    """
    assert spec.det_sha256, "without digests, other files may stand there by now"
    assert spec.rec_sha256
    if not (_kept and _kept[0][0] == spec):
        _kept.clear()  # before the next is loaded: both may not fit
        _kept.append((spec, load_engine(spec)))
    try:
        yield _kept[0][1]
    except EngineBrokenError:
        _kept.clear()
        raise
