"""The one place that chooses an engine."""

import importlib
from typing import cast

from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError


def load_engine(spec: EngineSpec) -> Engine:
    """The engine of ``spec.kind``, loaded and ready. Each kind lives in the module of its name.

    Raises:
        ModelError: its packages or its models cannot be had.
    """
    try:
        module = importlib.import_module(f"ocr_tasks.engines.{spec.kind}")
    except ImportError as error:
        raise ModelError(f"engine.kind={spec.kind} needs a package: {error}") from error
    return cast(Engine, module.load(spec))
