"""What could read, as the command line and programs are told of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ocr_tasks import catalogue, storage
from ocr_tasks.engines.ppocr import DETECTOR, RECOGNIZER, recognizer_file
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import RegistryError, SettingsError
from ocr_tasks.jobs.models import compare_models, list_models, measure, show_model
from ocr_tasks.registry.champions import NOBODY, promote, rollback
from ocr_tasks.registry.measured import Measurement, measured_by_us, note_measured
from ocr_tasks.registry.versions import file_url, register
from tests.evaluation.bars import bar_lines, write_bars
from tests.registry.models import CARD, files_of, registered
from tests.tiny_onnx import write_recognizer
from tests.training.detection.pages import write_drawn


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


def told(cer):
    return Measurement({"cer": cer}, "2026-11-22", "2 cores of a toaster", "onnx")


def ours():
    return {name: each.numbers for name, each in measured_by_us()[RECOGNIZER.sha256].items()}


def test_what_was_measured_later_is_told_of_built_in_models_too(root, source):
    version = registered(root, source)
    note_measured(root, "rec", RECOGNIZER.sha256, "hands", told(0.175))
    note_measured(root, "rec", version.digest, "hands", told(0.1))
    note_measured(root, "rec", version.digest, "retention", told(0.02))
    _, built_in, registered_one = list_models(root)
    assert built_in["metrics"] == ours() | {"hands": {"cer": 0.175}}
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


def test_a_damaged_version_is_shown_and_the_command_says_so_by_its_code(root, source, call):
    version = registered(root, source)
    whole = ("models", "show", version.digest[:8].upper(), "--registry", root)
    assert call(*whole)[0] == 0
    storage.write(file_url(root, version), b"weightS")
    for form in ((), ("--json",)):
        code, said, _ = call(*whole, *form)
        assert (code, "inference.onnx" in said) == (1, True)


def test_built_in_weights_that_were_registered_are_shown_with_their_card(root, source):
    weights = recognizer_file(EngineSpec()).path.read_bytes()
    version = registered(root, source, weights)
    promote(root, "rec", version.digest, NOBODY, "back to them")
    told = show_model(root, RECOGNIZER.sha256[:8])
    assert (version.digest, told["champion"]) == (RECOGNIZER.sha256, True)
    assert told["card"]["name"] == CARD.name
    assert [entry["reason"] for entry in told["log"]] == ["back to them"]


def test_a_version_that_is_not_there_is_refused(root):
    with pytest.raises(RegistryError, match="no version"):
        show_model(root, "0" * 64)


def test_a_beginning_that_models_of_both_kinds_have_names_none(root, source, monkeypatch):
    rec = registered(root, source)
    monkeypatch.setattr(
        catalogue, "built_in", lambda kind: replace(rec, digest=f"{rec.digest[:8]}{kind}")
    )
    with pytest.raises(RegistryError, match="3 versions begin with"):
        show_model(root, rec.digest[:8])
    assert show_model(root, rec.digest)["sha256"] == rec.digest


@pytest.mark.parametrize("url", ["http://host/registry", "s3://key:secret@bucket/registry"])
def test_a_registry_that_may_not_be_read_is_refused(url):
    with pytest.raises(SettingsError):
        list_models(url)


def test_the_built_in_models_are_shown_and_compared_as_any_other(root, source):
    alone = show_model(None, RECOGNIZER.sha256[:6])
    assert (alone["name"], alone["champion"], alone["log"]) == (RECOGNIZER.name, True, [])
    assert alone["metrics"] == ours()
    assert alone["measured"].keys() == ours().keys()
    assert storage.exists(alone["url"])
    version = registered(root, source)
    promote(root, "rec", version.digest, NOBODY, "better")
    rollback(root, "rec", "worse in use")
    shown = show_model(root, RECOGNIZER.sha256)
    assert [entry["reason"] for entry in shown["log"]] == ["worse in use"]
    both = compare_models(root, RECOGNIZER.sha256, version.digest)
    assert both["metrics"]["print-val"]["cer"] == [ours()["print-val"]["cer"], None]
    assert both["metrics"]["test"]["cer"] == [None, CARD.metrics["test"]["cer"]]
    with pytest.raises(RegistryError, match="no registry was given"):
        show_model(None, version.digest)


@pytest.fixture
def bars(tmp_path):
    """A dataset of twelve lines that the tiny recognisers read."""
    return write_bars(tmp_path / "bars", bar_lines(4, 3))


def test_what_a_model_reads_in_ones_own_lines_is_noted_and_listed(root, source, bars, call):
    weights = write_recognizer(Path(root.removeprefix("file://")) / "w.onnx", {"c": "b"})
    version = registered(root, source, weights.read_bytes())
    noted = measure(bars, "test", version.digest[:8], root)
    assert (noted["sha256"], noted["set"]) == (version.digest, "bars-test")
    assert noted["numbers"]["lines"] == 12
    assert 0 < noted["numbers"]["cer"] < 1
    assert "cores of" in noted["machine"]
    (listed,) = [each for each in list_models(root) if not each["built_in"]]
    assert listed["metrics"]["bars-test"] == noted["numbers"]
    told = show_model(root, version.digest)["measured"]["bars-test"]
    assert (told["at"], told["engine"]) == (noted["at"], noted["engine"])
    code, said, _ = call("models", "show", version.digest, "--registry", root)
    assert (code, noted["machine"] in said) == (0, True)


def test_without_a_registry_the_built_in_model_is_measured_and_nothing_is_noted(bars, call):
    code, said, _ = call("models", "measure", "--dataset", bars, "--json")
    assert code == 0
    (digest, sets), *_ = json.loads(said).items()
    assert digest == RECOGNIZER.sha256
    assert sets["bars-test"].keys() == {"numbers", "at", "machine", "engine"}
    code, said, _ = call("models", "measure", "--dataset", bars)
    assert (code, "lines_a_second" in said) == (0, True)


def test_a_detector_reads_no_lines(bars):
    with pytest.raises(RegistryError, match="reads no lines"):
        measure(bars, "test", DETECTOR.sha256)


def test_a_detector_is_measured_on_labelled_pages_and_listed_by_what_it_finds(tmp_path, call):
    root = tmp_path / "pages"
    url = write_drawn(root, train=1, val=1, test=2)
    with pytest.raises(RegistryError, match="finds no text on pages"):
        measure(url, "test", RECOGNIZER.sha256)
    code, said, _ = call("models", "measure", "--dataset", url, "--dataset", url, "--json")
    assert code == 0
    ((digest, sets),) = json.loads(said).items()
    assert digest == DETECTOR.sha256
    numbers = sets["pages-test"]["numbers"]
    assert (numbers["pages"], numbers["expected"]) == (2, 6)
    assert 0 < numbers["hmean"] <= 1
    assert numbers["pages_a_second"] > 0


def test_the_table_has_built_in_and_registered_models_in_the_same_columns(root, source, call):
    registered(root, source)
    code, said, _ = call("models", "list", "--registry", root)
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines()]
    numbers = {row[1]: row[2:] for row in rows if len(row) == 5}
    exact, cer = (f"{ours()['print-val'][name]:.4g}" for name in ("exact", "cer"))
    assert numbers["print-val"][:2] == [exact, cer]
    assert numbers["test"] == ["0.1213", "0.0987", ""]
