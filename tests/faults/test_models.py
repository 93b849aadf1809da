"""Model files that are not those they should be: nothing is planned or committed with them."""

import shutil
from pathlib import Path

import pytest

from ocr_tasks.engines.ppocr import DETECTOR, RECOGNIZER, WHEEL_FILES, wheel_models
from tests.faults import commands
from tests.faults.comparing import assert_nothing_committed, is_sealed, pages_of
from tests.faults.places import Folder
from tests.faults.sizes import FAULTS
from tests.makers import draw_page, fill_folder, png

pytestmark = FAULTS


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    """Two pages to be read by real models."""
    pages = {f"{text}.png": png(draw_page([text])) for text in ("first", "second")}
    return Folder(fill_folder(tmp_path / "in", pages), str(tmp_path / "out"))


def flip(path: Path, at: float) -> None:
    """Flips a bit at that share of the file's length."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)


def test_a_run_reads_with_the_models_it_was_planned_with_or_not_at_all(
    place: Folder, tmp_path: Path
) -> None:
    model = tmp_path / "models" / "det.onnx"
    model.parent.mkdir()
    shutil.copy(wheel_models() / WHEEL_FILES[DETECTOR], model)
    sound = model.read_bytes()
    options = ("-o", "engine.kind=onnx", "-o", f"engine.det_model={model}")
    commands.do_well(place, tmp_path, commands.plan(place, "r1", *options))
    for at in (0.0, 0.5, 0.99):
        flip(model, at)
        step = commands.infer(place, "r1", "00000")
        assert commands.refused_with(place, tmp_path, step) == "E_MODEL"
        model.write_bytes(sound)
    shutil.copy(wheel_models() / WHEEL_FILES[RECOGNIZER], model)
    assert commands.refused_with(place, tmp_path, commands.infer(place, "r1")) == "E_MODEL"
    assert_nothing_committed(place, "r1")
    model.write_bytes(sound)
    commands.do_well(place, tmp_path, commands.infer(place, "r1"))
    commands.do_well(place, tmp_path, commands.seal(place, "r1"))
    texts = [page[-1].split()[0] for page in pages_of(place, "r1").values()]
    assert sorted(texts) == ["first", "second"]


@pytest.mark.parametrize("model", [DETECTOR, RECOGNIZER], ids=["detector", "recogniser"])
def test_a_pinned_model_with_a_flipped_bit_is_refused(
    place: Folder, tmp_path: Path, model: object
) -> None:
    """A package of the name that carries the weights, before the installed one."""
    models = wheel_models()
    copy = tmp_path / "site" / "rapidocr"
    copy.mkdir(parents=True)
    (copy / "__init__.py").touch()
    below = copy / models.relative_to(next(p for p in models.parents if p.name == "rapidocr"))
    below.mkdir(parents=True, exist_ok=True)
    for name in WHEEL_FILES.values():
        shutil.copy(models / name, below)
    flip(below / WHEEL_FILES[model], 0.5)
    commands.do_well(place, tmp_path, commands.plan(place, "r1", "-o", "engine.kind=onnx"))
    env = {"PYTHONPATH": str(copy.parent)}
    for step in (
        commands.plan(place, "r2", "-o", "engine.kind=onnx"),
        commands.infer(place, "r1"),
        commands.infer(place, "r1", "00000"),
    ):
        assert commands.refused_with(place, tmp_path, step, env=env) == "E_MODEL"
    assert_nothing_committed(place, "r1")
    assert place.keys("_runs/r2") == []
    assert not is_sealed(place, "r1")
