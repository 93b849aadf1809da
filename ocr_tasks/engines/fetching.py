"""Models that lie in a store: copied to this machine once, under their digest."""

import hashlib
from pathlib import Path

import platformdirs

from ocr_tasks import storage
from ocr_tasks.admission import refuse_url
from ocr_tasks.engines.weights import digest_of_file, refuse_other_weights
from ocr_tasks.errors import ModelError
from ocr_tasks.stores import local
from ocr_tasks.stores.filesystems import SCHEMES, is_local, resolve

ONNX_FILE = "inference.onnx"


def local_path(model: str, pinned: str | None) -> Path:
    """Where a model, an ONNX file or a folder with one, lies on this machine.

    One at a URL is copied, and keeps the name of its folder, which names it in rows.

    Raises:
        ModelError: it is at a URL and no digest is ``pinned``, or is absent or not the pinned one.
        SettingsError: the URL may not be used.
        StorageError: the store did not answer.
    """
    refuse_url(model, SCHEMES)
    filesystem, path = resolve(model)
    if is_local(filesystem):
        return Path(path if "://" in model else model)
    if pinned is None:
        raise ModelError(f"{model} is taken only by its digest: give det_sha256 or rec_sha256")
    url = model if model.endswith(".onnx") else storage.join(model, ONNX_FILE)
    copy = _copies() / pinned / Path(*url.split("/")[-2:])
    if not copy.is_file() or digest_of_file(copy) != pinned:
        local.replace(copy, _fetched(url, pinned))
    return copy


def _copies() -> Path:
    """The folder of this user's copies, by their digests."""
    return platformdirs.user_cache_path("ocr-tasks") / "models"


def _fetched(url: str, pinned: str) -> bytes:
    try:
        data = storage.read_bytes(url)
    except FileNotFoundError as error:
        raise ModelError(f"there is no model at {url}") from error
    refuse_other_weights(url, hashlib.sha256(data).hexdigest(), pinned)
    return data
