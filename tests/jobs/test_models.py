"""What could read, as the command line and programs are told of it."""

from dataclasses import replace

import pytest

from ocr_tasks import storage
from ocr_tasks.engines.ppocr import DETECTOR, RECOGNIZER
from ocr_tasks.errors import RegistryError, SettingsError
from ocr_tasks.jobs.models import compare_models, list_models, show_model
from ocr_tasks.registry.champions import NOBODY, promote, rollback
from ocr_tasks.registry.measured import note_measured
from ocr_tasks.registry.versions import file_url, register
from tests.registry.models import CARD, files_of, registered


@pytest.fixture
def root(tmp_path):
    return storage.absolute(str(tmp_path / "registry"))


@pytest.fixture
def source(tmp_path):
    return storage.absolute(str(tmp_path / "export"))


def champions(root):
    return [model["sha256"] for model in list_models(root) if model["champion"]]


def test_the_built_in_models_are_there_without_a_registry():
    told = list_models()
    assert [(each["kind"], each["name"], each["sha256"]) for each in told] == [
        ("det", DETECTOR.name, DETECTOR.sha256),
        ("rec", RECOGNIZER.name, RECOGNIZER.sha256),
    ]
    assert all(each["built_in"] and each["champion"] for each in told)
    assert all(each["bytes"] > 5_000_000 for each in told)


def test_an_empty_registry_has_the_built_in_models_alone(root):
    assert list_models(root) == list_models()


def test_the_champion_of_each_kind_is_marked(root, source):
    version = registered(root, source)
    assert champions(root) == [DETECTOR.sha256, RECOGNIZER.sha256]
    promote(root, "rec", version.digest, NOBODY, "better")
    assert champions(root) == [DETECTOR.sha256, version.digest]
    rollback(root, "rec", "worse in use")
    assert champions(root) == [DETECTOR.sha256, RECOGNIZER.sha256]


def test_a_version_is_listed_with_its_size_and_numbers(root, source):
    version = registered(root, source)
    (told,) = [each for each in list_models(root) if not each["built_in"]]
    assert told == {
        "kind": "rec",
        "name": "hands-v1",
        "sha256": version.digest,
        "bytes": 7,
        "built_in": False,
        "champion": False,
        "registered_at": version.registered_at,
        "metrics": CARD.metrics,
    }


def test_what_was_measured_later_is_told_of_built_in_models_too(root, source):
    version = registered(root, source)
    note_measured(root, "rec", RECOGNIZER.sha256, "hands", {"cer": 0.175})
    note_measured(root, "rec", version.digest, "hands", {"cer": 0.1})
    note_measured(root, "rec", version.digest, "retention", {"cer": 0.02})
    _, built_in, registered_one = list_models(root)
    assert built_in["metrics"] == {"hands": {"cer": 0.175}}
    expected = {
        "test": CARD.metrics["test"],
        "retention": {"cer": 0.02},
        "hands": {"cer": 0.1},
    }
    assert registered_one["metrics"] == expected
    assert show_model(root, version.digest)["metrics"] == expected


def test_a_version_is_shown_with_card_files_and_log(root, source):
    version = registered(root, source)
    promote(root, "rec", version.digest, NOBODY, "better by 0.07")
    told = show_model(root, version.digest[:8])
    assert told["card"] == CARD.as_json()
    assert told["url"] == file_url(root, version)
    assert "inference.onnx" in {each["name"] for each in told["files"]}
    assert [entry["reason"] for entry in told["log"]] == ["better by 0.07"]
    assert (told["champion"], told["faults"]) == (True, [])
    storage.write(file_url(root, version), b"weightS")
    assert len(show_model(root, version.digest)["faults"]) == 1


def test_detectors_are_found_too_but_not_compared_with_recognisers(root, source):
    rec = registered(root, source)
    files = files_of(f"{source}-det", b"detector")
    det = register(root, "det", files, replace(CARD, name="boxes-v1"))
    assert show_model(root, det.digest)["kind"] == "det"
    with pytest.raises(RegistryError, match="is a rec model, but"):
        compare_models(root, rec.digest, det.digest)


def test_a_version_that_is_not_there_is_refused(root):
    with pytest.raises(RegistryError, match="no version"):
        show_model(root, "0" * 64)


@pytest.mark.parametrize("url", ["http://host/registry", "s3://key:secret@bucket/registry"])
def test_a_registry_that_may_not_be_read_is_refused(url):
    with pytest.raises(SettingsError):
        list_models(url)
