"""Models in a store are copied once, by their digest, and served under their names."""

import hashlib
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.engines import fetching
from ocr_tasks.engines.fetching import local_path
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import ModelError, SettingsError
from tests.tiny_onnx import write_recognizer

DATA = b"weights"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def copies(tmp_path, monkeypatch):
    """An empty folder of copies."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(fetching.platformdirs, "user_cache_path", lambda name: folder / name)
    return folder


@pytest.fixture
def stored(memory_url):
    """The URL of a folder with a model."""
    storage.write(f"{memory_url}/hands-v1/inference.onnx", DATA)
    return f"{memory_url}/hands-v1"


def test_a_local_model_stays_where_it_lies(tmp_path):
    for given in (str(tmp_path), f"file://{tmp_path}"):
        assert local_path(given, None) == tmp_path
    assert local_path("models/rec", None) == Path("models/rec")


@pytest.mark.parametrize("end", ["", "/", "/inference.onnx"])
def test_a_model_in_a_store_is_copied_and_keeps_its_name(stored, copies, end):
    path = local_path(stored + end, SHA256)
    assert path.read_bytes() == DATA
    assert path.is_relative_to(copies)
    assert path.parts[-3:] == (SHA256, "hands-v1", "inference.onnx")


def test_it_is_copied_once(stored):
    first = local_path(stored, SHA256)
    storage.remove(f"{stored}/inference.onnx")
    assert local_path(stored, SHA256) == first


def test_a_copy_that_was_damaged_is_made_again(stored):
    path = local_path(stored, SHA256)
    path.write_bytes(b"weightS")
    assert local_path(stored, SHA256).read_bytes() == DATA


def test_without_a_digest_nothing_is_fetched(stored, copies):
    with pytest.raises(ModelError, match="by its digest"):
        local_path(stored, None)
    assert not copies.exists()


def test_other_bytes_than_the_pinned_are_refused_and_not_kept(stored, copies):
    with pytest.raises(ModelError, match="not the pinned"):
        local_path(stored, "0" * 64)
    assert not copies.exists()


def test_a_model_that_is_not_there_is_named(memory_url):
    with pytest.raises(ModelError, match="no model at"):
        local_path(f"{memory_url}/nothing", SHA256)


@pytest.mark.parametrize(
    "url", ["http://host/m.onnx", "simplecache::s3://b/m.onnx", "s3://k:s@b/m"]
)
def test_urls_that_may_not_be_used_are_refused(url):
    with pytest.raises(SettingsError):
        local_path(url, SHA256)


@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_an_engine_serves_a_recogniser_from_s3_and_names_its_digest(tmp_path, s3_endpoint, kind):
    data = write_recognizer(tmp_path / "inference.onnx").read_bytes()
    storage.write(s3_endpoint.uri("registry/bars-v1/inference.onnx"), data)
    digest = hashlib.sha256(data).hexdigest()
    spec = EngineSpec(kind=kind, rec_model=s3_endpoint.uri("registry/bars-v1"), rec_sha256=digest)
    recognizer = load_engine(spec).info.recognizer
    assert (recognizer.name, recognizer.sha256) == ("bars-v1", digest)
