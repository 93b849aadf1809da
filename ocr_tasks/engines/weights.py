"""Weights: only those whose digest is the pinned one, and none that could run code."""

import hashlib
from pathlib import Path

from ocr_tasks.errors import ModelError

# How a pickle begins, and a zip, which is what PyTorch packs its pickles in.
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
PICKLE_NAMES = {".pdparams", ".pdopt", ".pdstates", ".pkl", ".pickle", ".pt", ".pth", ".ckpt"}


def digest_of_file(path: Path) -> str:
    """The sha256 of a file of weights.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error}") from error


def refuse_other_weights(path: Path | str, digest: str, pinned: str | None) -> None:
    """Makes sure that weights are the pinned ones, before anything of them is loaded.

    Raises:
        ModelError: they are not.
    """
    if pinned is not None and digest != pinned:
        raise ModelError(f"{path} has sha256 {digest}, not the pinned {pinned}")


def refuse_pickles(path: Path) -> None:
    """Makes sure that a model, a file or a folder of files, holds no pickle: to load one runs it.

    Raises:
        ModelError: it does, or cannot be read.
    """
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and (file.suffix in PICKLE_NAMES or _head(file).startswith(PICKLES)):
            raise ModelError(
                f"{file} is a pickle, which can run any code: export the model to ONNX, or to "
                "PaddlePaddle's inference format"
            )


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(4)
    except OSError as error:
        raise ModelError(f"cannot read the model {file}: {error}") from error
