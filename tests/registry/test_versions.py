"""Versions never change, and are whole or not there."""

import hashlib
import json
from dataclasses import replace

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import DamagedFileError, RegistryError, StorageError, WorkerDiedError
from ocr_tasks.registry.cards import markdown_of
from ocr_tasks.registry.versions import (
    compare,
    damaged_files,
    file_url,
    find,
    register,
    versions,
)
from ocr_tasks.workers import run_in_processes
from tests.registry.models import CARD, files_of, registered
from tests.registry.racers import register_until_killed, register_with_the_others
from tests.stores import names_at


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_what_is_registered_can_be_found_and_read(root, source):
    version = registered(root, source)
    assert version.digest == sha256(b"weights")
    assert version.size == len(b"weights")
    assert version.card == CARD
    assert find(root, "rec", version.digest) == version
    assert find(root, "rec", version.digest[:8]) == version
    assert versions(root, "rec") == [version]
    assert versions(root, "det") == []
    told = {file.name: file.sha256 for file in version.files}
    assert told.keys() == {"inference.onnx", "inference/inference.yml", "card.md"}
    for name, digest in told.items():
        assert sha256(storage.read_bytes(file_url(root, version, name))) == digest
    assert damaged_files(root, version) == []


def test_the_folder_of_a_version_is_named_after_its_model(root, source):
    version = registered(root, source)
    folder = file_url(root, version).split("/")[-2]
    assert folder == version.folder
    assert folder.startswith("hands-v1+")


def test_weights_that_are_registered_stay_as_they_are(root, source):
    first = registered(root, source)
    other = files_of(f"{source}-2", evaluation=b"other")
    again = register(root, "rec", other, replace(CARD, seed=8))
    assert again == first
    assert versions(root, "rec") == [first]


def test_versions_are_listed_the_oldest_first(root, source):
    registered_in_turn = [registered(root, source, bytes([number])) for number in range(4)]
    assert versions(root, "rec") == registered_in_turn


def test_the_card_for_people_tells_all_of_it(root, source):
    version = registered(root, source, notes="Line | one\\two", licence="a|b")
    page = storage.read_bytes(file_url(root, version, "card.md")).decode()
    assert page == markdown_of(version.card, version.digest).decode()
    for said in ("# hands-v1", version.digest, "0.0987", "train.learning_rate | 0.0005", "a\\|b"):
        assert said in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {3}


@pytest.mark.parametrize(
    ("digest", "said"),
    [("abc", "too short"), ("0" * 64, "no version"), ("../../champions", "no version")],
)
def test_a_version_that_is_not_there_is_refused(root, source, digest, said):
    registered(root, source)
    with pytest.raises(RegistryError, match=said):
        find(root, "rec", digest)


def test_a_beginning_that_two_versions_have_names_none(root, source, monkeypatch):
    one, other = (registered(root, source, data) for data in (b"one", b"other"))
    names = {one.digest: "abcdef" + "0" * 58, other.digest: "abcdef" + "1" * 58}
    for version in (one, other):
        there = storage.join(root, "models", "rec", version.digest, "card.json")
        values = json.loads(storage.read_bytes(there)) | {"digest": names[version.digest]}
        moved = storage.join(root, "models", "rec", names[version.digest], "card.json")
        storage.write(moved, json.dumps(values).encode())
    with pytest.raises(RegistryError, match="2 versions"):
        find(root, "rec", "abcdef")


@pytest.mark.parametrize(
    ("files", "card", "said"),
    [
        ({"inference.yml": "memory://x"}, CARD, r"without inference\.onnx"),
        ({"inference.onnx": "memory://nothing/there"}, CARD, "there is no memory"),
        ({"inference.onnx": "x", "../up": "x"}, CARD, "can name no model"),
        ({"inference.onnx": "x", "a//b": "x"}, CARD, "can name no model"),
        ({"inference.onnx": "x"}, replace(CARD, name="a/b"), "can name no model"),
        ({"inference.onnx": "x"}, replace(CARD, name="../.."), "can name no model"),
    ],
)
def test_what_is_no_model_is_not_registered(memory_url, files, card, said):
    with pytest.raises(RegistryError, match=said):
        register(memory_url, "rec", files, card)
    assert storage.names_in(memory_url) == []


@pytest.mark.parametrize("survived", range(4))
def test_a_killed_registration_leaves_no_half_version_and_can_be_done_again(
    tmp_path, source, survived
):
    root = storage.absolute(str(tmp_path / "registry"))
    files = files_of(source)
    item = (root, files, CARD, survived)
    with pytest.raises(WorkerDiedError):
        list(run_in_processes(register_until_killed, [item], 1, lambda _: None))
    assert_no_version_and_register(root, files)


@pytest.mark.parametrize("survived", range(4))
def test_a_registration_that_lost_its_store_leaves_no_half_version(
    root, source, survived, monkeypatch
):
    files = files_of(source)
    create, left = storage.create, iter(range(survived))

    def until_lost(*arguments):
        if next(left, None) is None:
            raise StorageError("the store did not answer")
        return create(*arguments)

    monkeypatch.setattr(storage, "create", until_lost)
    with pytest.raises(StorageError):
        register(root, "rec", files, CARD)
    monkeypatch.undo()
    assert_no_version_and_register(root, files)


@pytest.mark.parametrize("survived", range(1, 4))
def test_what_a_killed_registration_left_goes_with_the_next_one_of_these_weights(
    tmp_path, source, survived
):
    root = storage.absolute(str(tmp_path / "registry"))
    files = files_of(source)
    item = (root, files, CARD, survived)
    with pytest.raises(WorkerDiedError):
        list(run_in_processes(register_until_killed, [item], 1, lambda _: None))
    left = names_at(f"{root}/models")
    assert len(left) == survived
    version = register(root, "rec", files, replace(CARD, metrics={"test": {"cer": 0.09}}))
    folder = f"rec/{version.digest}"
    assert set(names_at(f"{root}/models")) == {
        f"{folder}/card.json",
        *(f"{folder}/{version.folder}/{file.name}" for file in version.files),
    }
    assert damaged_files(root, version) == []


def assert_no_version_and_register(root, files):
    assert versions(root, "rec") == []
    with pytest.raises(RegistryError):
        find(root, "rec", sha256(b"weights"))
    version = register(root, "rec", files, CARD)
    assert versions(root, "rec") == [version]
    assert damaged_files(root, version) == []


def test_of_those_who_register_the_same_weights_at_once_one_version_is_left(source, tmp_path):
    root = storage.absolute(str(tmp_path / "registry"))
    racers = 4
    folder = tmp_path / "racers"
    folder.mkdir()
    items = []
    for number in range(racers):
        files = files_of(f"{source}-{number}", evaluation=bytes([number]))
        items.append((root, files, replace(CARD, seed=number), str(folder), racers))
    folders = set(run_in_processes(register_with_the_others, items, racers, lambda _: None))
    (version,) = versions(root, "rec")
    assert folders == {version.folder}
    assert damaged_files(root, version) == []
    assert len(names_at(f"{root}/models")) == len(version.files) + 1


def test_a_file_that_changed_while_it_was_registered_is_refused(root, source, monkeypatch):
    files = files_of(source)
    read, seen = storage.read_bytes, []

    def changing(uri, *rest, **more):
        seen.append(uri)
        changed = seen.count(files["inference.onnx"]) > 1 and uri == files["inference.onnx"]
        return b"others" if changed else read(uri, *rest, **more)

    monkeypatch.setattr(storage, "read_bytes", changing)
    with pytest.raises(RegistryError, match="changed while"):
        register(root, "rec", files, CARD)
    monkeypatch.undo()
    assert versions(root, "rec") == []


def test_files_that_are_damaged_or_gone_are_named(root, source):
    version = registered(root, source)
    storage.write(file_url(root, version), b"weightS")
    storage.remove(file_url(root, version, "inference/inference.yml"))
    faults = damaged_files(root, version)
    assert faults[0] == "inference/inference.yml is gone" or faults[1].endswith("is gone")
    assert any(sha256(b"weightS") in fault for fault in faults)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"kind": "rec"}', b"[1]"])
def test_a_card_that_is_not_what_was_written_is_named(root, source, data):
    version = registered(root, source)
    card = storage.join(root, "models", "rec", version.digest, "card.json")
    storage.write(card, data)
    with pytest.raises(DamagedFileError, match=r"card\.json"):
        versions(root, "rec")


def test_versions_are_compared_by_what_differs_and_all_numbers(memory_url, source):
    one = registered(memory_url, source)
    config = {"train": {"epochs": 9, "learning_rate": 0.0005}, "scope": "all"}
    other = registered(
        memory_url,
        source,
        b"others",
        seed=8,
        config=config,
        metrics={"test": {"cer": 0.05}},
    )
    told = compare(one, other)
    assert told["versions"] == [one.digest, other.digest]
    assert told["facts"] == {"seed": [7, 8]}
    assert told["config"] == {"train.epochs": [4, 9]}
    assert told["metrics"] == {
        "test": {"cer": [0.0987, 0.05], "exact": [0.1213, None]},
        "retention": {"cer": [0.0171, None]},
    }
