"""Models for the registry's tests: a few bytes each, and a card."""

from dataclasses import replace

from ocr_tasks import storage
from ocr_tasks.registry.cards import ModelCard
from ocr_tasks.registry.versions import register

CARD = ModelCard(
    name="hands-v1",
    base="PP-OCRv6_small_rec",
    base_sha256="6f" * 32,
    dataset="s3://bucket/lines",
    data_fingerprint="fa" * 32,
    config={"train": {"epochs": 4, "learning_rate": 0.0005}, "scope": "all"},
    seed=7,
    licence="CC-BY-4.0",
    pipeline_version="0.1.0",
    metrics={"test": {"cer": 0.0987, "exact": 0.1213}, "retention": {"cer": 0.0171}},
)


def files_of(folder, weights=b"weights", **others):
    """Writes a model's files below a URL; returns them by their names."""
    data = {"inference.onnx": weights, "inference/inference.yml": b"Global: {}\n"} | others
    for name, content in data.items():
        storage.write(storage.join(folder, name), content)
    return {name: storage.join(folder, name) for name in data}


def registered(root, source, weights=b"weights", **card):
    """A version of these weights."""
    return register(root, "rec", files_of(source, weights), replace(CARD, **card))
