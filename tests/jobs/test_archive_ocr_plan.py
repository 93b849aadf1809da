from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.engines import fake
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import (
    ModelError,
    PlanConflictError,
    SettingsError,
)
from ocr_tasks.jobs import archive_ocr
from ocr_tasks.planning import read_plan
from tests.jobs.runs import (
    PAGES,
    page,
    parts_in,
    settings_for,
    state_of,
)
from tests.makers import fill_folder, png


def test_a_plan_tells_the_pages_and_the_shards(settings):
    planned = archive_ocr.plan(settings, "r1")
    assert planned == {
        "run_id": "r1",
        "output": storage.absolute(settings.output),
        "collection": "default",
        "pages": PAGES,
        "shards": [f"{number:05d}" for number in range(6)],
    }


@pytest.mark.parametrize(
    ("sections", "named"),
    [
        pytest.param({"shards": {"pages": 3}}, "shards.pages", id="shards"),
        pytest.param({"decode": {"pdf_dpi": 100}}, "decode.pdf_dpi", id="decoding"),
        pytest.param({"engine": {"kind": "fake", "threads": 1}}, "engine.threads", id="engine"),
        pytest.param({"failures": {"max_share": 0.5}}, "failures.max_share", id="budget"),
        pytest.param({"review": {"low_confidence": 0.1}}, "review.low_confidence", id="review"),
        pytest.param(
            {"shards": {"pages": 3}, "decode": {"pdf_dpi": 100}},
            "shards.pages, decode.pdf_dpi",
            id="two",
        ),
    ],
)
def test_a_run_id_that_stands_for_other_settings_is_refused(settings, scans, sections, named):
    archive_ocr.plan(settings, "r1")
    before = state_of(settings.output)
    with pytest.raises(PlanConflictError) as refusal:
        archive_ocr.plan(settings_for(scans, settings.output, **sections), "r1")
    assert str(refusal.value) == f"run r1 was planned with other settings of: {named}"
    assert state_of(settings.output) == before


def test_another_input_is_another_run(settings, tmp_path):
    archive_ocr.plan(settings, "r1")
    other = fill_folder(tmp_path / "other", {"a.png": png(page("other"))})
    with pytest.raises(PlanConflictError, match="input"):
        archive_ocr.plan(settings_for(other, settings.output), "r1")


def test_the_input_may_be_named_in_another_way(settings, monkeypatch, tmp_path):
    first = archive_ocr.plan(settings, "r1")
    monkeypatch.chdir(tmp_path)
    assert archive_ocr.plan(settings_for("scans", "./out/"), "r1") == first


def test_a_run_is_planned_once_and_nothing_is_listed_again(settings, scans):
    first = archive_ocr.plan(settings, "r1")
    Path(scans.removeprefix("file://"), "zz-late.png").write_bytes(png(page("late")))
    assert archive_ocr.plan(settings, "r1") == first
    assert archive_ocr.plan(settings, "r2")["pages"] == PAGES + 1


@pytest.mark.parametrize(
    ("source", "output"),
    [
        pytest.param("scans", "scans/out", id="below"),
        pytest.param("scans", "scans", id="the same"),
        pytest.param("scans/", "scans/out", id="a slash at the end"),
        pytest.param("scans", "scans/b/../out", id="a way around"),
        pytest.param(".", "out", id="here"),
        pytest.param("memory://scans", "memory://scans/out", id="in memory"),
        pytest.param("s3://scans", "s3://scans/out", id="a whole bucket"),
    ],
)
def test_an_output_inside_the_input_is_refused(scans, monkeypatch, tmp_path, source, output):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="lies in the input"):
        archive_ocr.plan(settings_for(source, output), "r1")
    assert [path.name for path in tmp_path.iterdir()] == ["scans"]


def test_an_output_beside_the_input_may_begin_with_its_name(settings, scans, tmp_path):
    assert archive_ocr.plan(settings_for(scans, tmp_path / "scans-out"), "r1")["pages"] == PAGES


@pytest.mark.parametrize(
    "made", [pytest.param(False, id="absent"), pytest.param(True, id="an empty folder")]
)
def test_an_input_without_objects_is_refused(tmp_path, made):
    if made:
        (tmp_path / "nothing").mkdir()
    with pytest.raises(SettingsError):
        archive_ocr.plan(settings_for(tmp_path / "nothing", tmp_path / "out"), "r1")
    assert not (tmp_path / "out").exists()


def test_a_run_id_that_is_no_name_is_refused(settings):
    with pytest.raises(SettingsError, match="run id"):
        archive_ocr.plan(settings, "../elsewhere")


def test_a_run_without_a_name_is_given_one_of_its_own(settings):
    given = [archive_ocr.plan(settings)["run_id"] for _ in range(2)]
    assert given[0] != given[1]
    assert len({name[:8] for name in given}) <= 2
    assert all(name.rsplit("-", 1)[0].endswith("Z") for name in given)


def test_models_that_are_not_the_planned_ones_do_not_go_on(settings, monkeypatch):
    planned = archive_ocr.plan(settings, "r1")
    engine = fake.load(EngineSpec(kind="fake"))
    other = replace(engine, info=replace(engine.info, dict_sha256="0" * 64))
    monkeypatch.setattr(archive_ocr, "pinned_engine", lambda spec: nullcontext(other))
    with pytest.raises(ModelError, match="dict_sha256"):
        archive_ocr.infer(planned["output"], "r1", "00000")
    assert parts_in(settings.output) == {}


def config_of(settings, run_id):
    archive_ocr.plan(settings, run_id)
    return read_plan(storage.absolute(settings.output), run_id).frozen.config_sha256


@pytest.mark.parametrize(
    ("sections", "same"),
    [
        pytest.param({"engine": {"kind": "fake", "threads": 3}}, True, id="threads"),
        pytest.param({"engine": {"kind": "fake", "device": "gpu:0"}}, True, id="device"),
        pytest.param({"shards": {"pages": 5}}, True, id="shards"),
        pytest.param({"collection": "letters"}, True, id="collection"),
        pytest.param({"recognition": {"min_confidence": 0.9}}, False, id="what is kept"),
        pytest.param({"decode": {"pdf_dpi": 150}}, False, id="resolution"),
        pytest.param(
            {"engine": {"kind": "fake", "options": {"seconds_a_page": 0.001}}}, False, id="options"
        ),
        pytest.param(
            {"engine": {"kind": "fake", "detection": {"threshold": 0.2}}}, False, id="detection"
        ),
    ],
)
def test_a_digest_of_the_settings_tells_whether_texts_can_differ(settings, scans, sections, same):
    other = settings_for(scans, settings.output, **sections)
    assert (config_of(settings, "r1") == config_of(other, "r2")) is same


def test_the_settings_of_the_plan_count_whatever_the_environment_says(settings, monkeypatch):
    planned = archive_ocr.plan(settings, "r1")
    monkeypatch.setenv("OCR_TASKS_DECODE__MAX_PIXELS", "1")
    assert archive_ocr.infer(planned["output"], "r1", "00000")["by_status"] == {"ok": 2}
