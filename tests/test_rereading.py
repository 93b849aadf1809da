"""A model reads pages of a past run before it is promoted, and what changes is told."""

import base64
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from ocr_tasks import rereading, storage
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.ppocr import RECOGNIZER, WHEEL_FILES, wheel_models
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import EngineBrokenError, SettingsError
from ocr_tasks.evaluation.canary import CanarySpec
from ocr_tasks.registry.versions import register
from ocr_tasks.rereading import run_canary
from ocr_tasks.stores.filesystems import SCHEMES
from tests.dataset.test_outputs import Tags
from tests.jobs.runs import do_in_turn, settings_for
from tests.makers import blank_pdf, draw_page, fill_folder, png
from tests.registry.models import CARD, files_of

ENGINE = {"kind": "onnx", "threads": 1}
READER = EngineSpec(**ENGINE)
TEXTS = ("The quick brown fox", "jumps over the lazy dog", "and sleeps in the sun")
RED = (0, 0, 255)


def drawn(number):
    """A page with a line of text; the last one is written on red."""
    page = draw_page([TEXTS[number]], width=480)
    if number == len(TEXTS) - 1:
        page[(page == 255).all(axis=2)] = RED
    return page


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A run of the built-in models over three pages with a line each, and a blank one."""
    folder = tmp_path_factory.mktemp("past")
    pages = {f"{number}.png": png(drawn(number)) for number in range(len(TEXTS))}
    scans = fill_folder(folder / "scans", pages | {"blank.pdf": blank_pdf([(300, 200)])})
    settings = settings_for(scans, folder / "out", engine=ENGINE, shards={"pages": 2})
    assert do_in_turn(settings, "june")["by_status"] == {"blank": 1, "ok": 3}
    return folder


@pytest.fixture(scope="module")
def swapped(tmp_path_factory):
    """The built-in recogniser, in whose alphabet e and o have changed places; its file."""
    model = onnx.load(wheel_models() / WHEEL_FILES[RECOGNIZER])
    (entry,) = [each for each in model.metadata_props if each.key == "character"]
    places = str.maketrans("eo", "oe")
    entry.value = entry.value.translate(places)
    path = tmp_path_factory.mktemp("swapped") / "inference.onnx"
    onnx.save(model, path)
    return path


def spec_of(past, **others):
    return replace(CanarySpec(str(past / "out"), "june"), **others)


def canary(past, tmp_path, reader=READER, **others):
    report = storage.absolute(str(tmp_path / "canary"))
    return run_canary(spec_of(past, **others), reader, report, SCHEMES, lambda *_: None)


def test_the_model_that_read_them_reads_them_as_before(past, tmp_path):
    told = canary(past, tmp_path)
    assert (told["pages"], told["lines"], told["agreement"]) == (3, 3, 1.0)
    assert (told["changed_pages"], told["edit_rate"], told["confidence_shift"]) == (0, 0.0, 0.0)
    assert told["before"] == told["after"] == {"name": RECOGNIZER.name, "sha256": RECOGNIZER.sha256}


def test_what_another_model_changes_is_told_in_numbers_and_shown_in_pictures(
    past, swapped, tmp_path
):
    told = canary(past, tmp_path, replace(READER, rec_model=str(swapped)))
    vowels = sum(text.count("e") + text.count("o") for text in TEXTS)
    assert (told["changed_pages"], told["changed_lines"], told["lost"], told["new"]) == (3, 3, 0, 0)
    assert told["edit_rate"] == pytest.approx(vowels / len("".join(TEXTS)))
    assert told["confidence_shift"] == 0.0
    written = json.loads((tmp_path / "canary" / "canary.json").read_text())
    assert {key: written[key] for key in told} == told
    texts = {line["before"]: line["after"] for line in written["changed"]}
    assert texts == {text: text.translate(str.maketrans("eo", "oe")) for text in TEXTS}
    page = (tmp_path / "canary" / "canary.html").read_text()
    pictures = re.findall(r"data:image/jpeg;base64,([^\"]+)", page)
    heights = {Image.open(io.BytesIO(base64.b64decode(data))).height for data in pictures}
    assert (len(pictures), heights) == (3, {48})
    assert set(TEXTS) <= set(re.findall(r"<code>(.*?)</code>", page))
    assert "".join(re.findall(r"<mark>(.*?)</mark>", page)).count("e") > 0
    assert not {"script", "link", "iframe"} & Tags(page).tags


class FailsOnRed:
    """A recogniser that fails on lines that are written on red."""

    def __init__(self, other):
        self.other = other

    def recognize(self, crops):
        if (np.abs(crops - np.array(RED)) < 40).all(axis=3).any():
            raise ArithmeticError("the network put out what is no number")
        return self.other.recognize(crops)


class Fails:
    def recognize(self, crops):
        raise ArithmeticError("the network put out what is no number")


@pytest.fixture
def reads_with(monkeypatch):
    """Has another recogniser read in the place of the loaded one."""

    def arrange(kind):
        def load(spec):
            engine = load_engine(spec)
            return replace(engine, recognizer=kind(engine.recognizer))

        monkeypatch.setattr(rereading, "load_engine", load)

    return arrange


def test_a_model_that_fails_on_a_page_is_refused_and_the_page_is_named(past, tmp_path, reads_with):
    reads_with(FailsOnRed)
    said = canary(past, tmp_path)["ruling"]["said"]
    assert said.startswith("it fails on 1 pages that were read before")
    written = json.loads((tmp_path / "canary" / "canary.json").read_text())
    assert written["ruling"]["passed"] is False
    (page_id,) = written["failed"]
    assert page_id in (tmp_path / "canary" / "canary.html").read_text()


def test_a_model_that_fails_on_every_page_is_no_champion_either(past, tmp_path, reads_with):
    reads_with(lambda _: Fails())
    with pytest.raises(EngineBrokenError):
        canary(past, tmp_path)


def test_pages_whose_files_are_gone_stop_nobody(past, tmp_path):
    scan = past / "scans" / "0.png"
    there = scan.read_bytes()
    times = scan.stat()
    scan.unlink()
    try:
        told = canary(past, tmp_path)
    finally:
        scan.write_bytes(there)
        os.utime(scan, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (told["pages"], told["lines"], len(told["unreadable"])) == (3, 2, 1)
    assert told["ruling"]["passed"] is True


def test_as_many_pages_are_read_as_are_wanted_and_each_is_heard_of(past, tmp_path):
    heard = []
    report = storage.absolute(str(tmp_path / "canary"))
    run_canary(spec_of(past, pages=2), READER, report, SCHEMES, lambda *done: heard.append(done))
    assert heard[-1][0] == heard[-1][1] <= 2


@pytest.mark.parametrize("others", [{"run_id": "july"}, {"output": "http://host/out"}])
def test_a_run_that_is_not_there_or_may_not_be_read_is_refused(past, tmp_path, others):
    with pytest.raises(SettingsError):
        canary(past, tmp_path, **others)


def test_a_run_without_a_page_that_was_read_has_no_canary(tmp_path):
    scans = fill_folder(tmp_path / "scans", {"blank.pdf": blank_pdf([(300, 200)])})
    do_in_turn(settings_for(scans, tmp_path / "out"), "june")
    with pytest.raises(SettingsError, match="no page that a recogniser read"):
        canary(tmp_path, tmp_path)


def test_results_and_report_may_lie_in_s3(past, s3_endpoint, tmp_path):
    root = s3_endpoint.uri(tmp_path.name)
    for path in (past / "out").rglob("*"):
        if path.is_file():
            storage.write(f"{root}/out/{path.relative_to(past / 'out')}", path.read_bytes())
    spec = CanarySpec(f"{root}/out", "june")
    run_canary(spec, READER, f"{root}/canary", SCHEMES, lambda *_: None)
    assert json.loads(storage.read_bytes(f"{root}/canary/canary.json"))["agreement"] == 1.0


def test_the_command_ends_with_4_where_the_model_fails(past, swapped, tmp_path, call, reads_with):
    root = storage.absolute(str(tmp_path / "registry"))
    files = files_of(storage.absolute(str(tmp_path / "export")), Path(swapped).read_bytes())
    digest = register(root, "rec", files, CARD).digest
    given = ["models", "canary", digest[:8], "--registry", root, "--run-id", "june"]
    given += ["--output", past / "out", "--report", tmp_path / "report", "--pages", "3"]
    code, said, _ = call(*given)
    assert code == 0
    assert "pages with another text" in said
    code, said, _ = call(*given, "--json")
    assert (code, json.loads(said)["after"]["sha256"]) == (0, digest)
    reads_with(FailsOnRed)
    code, _, said = call(*given)
    assert (code, "E_GATE" in said) == (4, True)
    code, _, said = call(*given[:2], "0" * 64, *given[3:])
    assert (code, "E_REGISTRY" in said) == (1, True)
