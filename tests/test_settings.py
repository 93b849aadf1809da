import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.errors import SettingsError
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from ocr_tasks.settings import JobSettings, digest_of, parse_overrides


@dataclass(frozen=True, slots=True)
class Lens:
    focus: int = 50
    coated: bool = True


@dataclass(frozen=True, slots=True)
class Camera:
    name: str = "plain"
    lens: Lens = field(default_factory=Lens)
    extras: dict[str, Any] = field(default_factory=dict)


class Photo(JobSettings):
    title: str = "untitled"
    shots: int = 1
    camera: Camera = field(default_factory=Camera)


@pytest.fixture
def yaml_file(tmp_path):
    def write(text):
        path = tmp_path / "photo.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_without_any_source_the_defaults_hold():
    assert Photo.load() == Photo()


@pytest.mark.parametrize(
    ("in_file", "in_environment", "in_overrides", "focus"),
    [
        pytest.param(10, None, None, 10, id="the file over the default"),
        pytest.param(10, "20", None, 20, id="the environment over the file"),
        pytest.param(10, "20", 30, 30, id="an override over both"),
        pytest.param(None, "20", None, 20, id="the environment alone"),
        pytest.param(10, None, 30, 30, id="an override over the file"),
    ],
)
def test_the_file_yields_to_the_environment_and_both_to_overrides(
    yaml_file, monkeypatch, in_file, in_environment, in_overrides, focus
):
    config = yaml_file(f"camera: {{lens: {{focus: {in_file}}}}}") if in_file else None
    if in_environment:
        monkeypatch.setenv("OCR_TASKS_CAMERA__LENS__FOCUS", in_environment)
    overrides = {"camera": {"lens": {"focus": in_overrides}}} if in_overrides else None
    assert Photo.load(config, overrides).camera.lens.focus == focus


def test_sources_are_merged_key_by_key_at_every_depth(yaml_file, monkeypatch):
    config = yaml_file("title: of the file\ncamera:\n  name: of the file\n  lens: {focus: 10}\n")
    monkeypatch.setenv("OCR_TASKS_CAMERA__LENS__COATED", "false")
    loaded = Photo.load(config, {"shots": 3})
    expected = Camera("of the file", Lens(focus=10, coated=False))
    assert loaded == Photo(title="of the file", shots=3, camera=expected)


def test_settings_that_are_revived_do_not_hear_the_environment(monkeypatch):
    monkeypatch.setenv("OCR_TASKS_TITLE", "of the environment")
    assert Photo.revive({"shots": 2}).title == "untitled"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"shotz": 1}, "shotz", id="at the top"),
        pytest.param({"camera": {"nam": "x"}}, "camera.nam", id="one level down"),
        pytest.param({"camera": {"lens": {"fokus": 1}}}, "camera.lens.fokus", id="two levels down"),
    ],
)
def test_an_unknown_key_is_refused_by_its_full_name(values, named):
    with pytest.raises(SettingsError) as refusal:
        Photo.load(None, values)
    assert str(refusal.value) == f"{named}: there is no such setting"


def test_an_unknown_nested_key_in_the_environment_is_refused(monkeypatch):
    monkeypatch.setenv("OCR_TASKS_CAMERA__LENS__FOKUS", "1")
    with pytest.raises(SettingsError, match=r"camera\.lens\.fokus: there is no such setting"):
        Photo.load()


def test_every_wrong_key_is_named_at_once():
    with pytest.raises(SettingsError) as refusal:
        Photo.load(None, {"shots": "many", "camera": {"lens": {"focus": []}}})
    assert str(refusal.value).startswith("shots: ")
    assert "; camera.lens.focus: " in str(refusal.value)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"shots": "many"}, "shots", id="words for a number"),
        pytest.param({"shots": 2.5}, "shots", id="half a number"),
        pytest.param({"shots": None}, "shots", id="nothing for a number"),
        pytest.param({"title": ["a"]}, "title", id="a list for text"),
        pytest.param(
            {"camera": {"lens": {"coated": "perhaps"}}}, "camera.lens.coated", id="no bool"
        ),
        pytest.param({"camera": "a good one"}, "camera", id="text for a section"),
        pytest.param({"camera": {"lens": 3}}, "camera.lens", id="a number for a nested section"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_its_full_name(values, named):
    with pytest.raises(SettingsError) as refusal:
        Photo.load(None, values)
    message = str(refusal.value)
    assert message.startswith(f"{named}: ")
    assert "\n" not in message
    assert "http" not in message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("title: [unclosed", id="broken YAML"),
        pytest.param(b"title: \xff\xfe\x00", id="bytes that are no text"),
        pytest.param("- a\n- list\n", id="a list"),
        pytest.param("just words", id="a string"),
        pytest.param("1: one\n", id="a key that is no name"),
        pytest.param("title: !!python/object/apply:os.getcwd []", id="a tag that makes objects"),
    ],
)
def test_a_file_that_holds_no_settings_is_refused(yaml_file, text):
    with pytest.raises(SettingsError):
        Photo.load(yaml_file(text))


def test_a_file_that_is_not_there_is_refused_by_its_name(tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.yaml"):
        Photo.load(str(tmp_path / "absent.yaml"))


def test_an_empty_file_is_no_settings(yaml_file):
    assert Photo.load(yaml_file("# nothing yet\n")) == Photo()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a good one", id="words for a section"),
        pytest.param("[1, 2]", id="a list for a section"),
        pytest.param("{", id="broken JSON"),
    ],
)
def test_a_section_in_the_environment_that_is_none_is_refused(monkeypatch, value):
    monkeypatch.setenv("OCR_TASKS_CAMERA", value)
    with pytest.raises(SettingsError, match="camera"):
        Photo.load()


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        pytest.param([], {}, id="none"),
        pytest.param(["shots=3"], {"shots": 3}, id="a number"),
        pytest.param(["a.b.c=x"], {"a": {"b": {"c": "x"}}}, id="dots nest"),
        pytest.param(["a.b=1", "a.c=2"], {"a": {"b": 1, "c": 2}}, id="pairs of one section join"),
        pytest.param(["a=1", "a=2"], {"a": 2}, id="the last of equal keys counts"),
        pytest.param(["a=b=c"], {"a": "b=c"}, id="only the first equals sign parts"),
        pytest.param(["device=gpu:0"], {"device": "gpu:0"}, id="a colon inside a word"),
        pytest.param(["a="], {"a": None}, id="nothing is null"),
        pytest.param(["a=null"], {"a": None}, id="null"),
        pytest.param(["a=true"], {"a": True}, id="a truth"),
        pytest.param(["a={b: 1}"], {"a": {"b": 1}}, id="a mapping"),
        pytest.param(["input=s3://bucket/x"], {"input": "s3://bucket/x"}, id="a URL"),
    ],
)
def test_overrides_are_dotted_keys_and_yaml_values(pairs, values):
    assert parse_overrides(pairs) == values


@pytest.mark.parametrize("pair", ["shots", "=3", "  =3"])
def test_an_override_that_is_no_pair_is_refused_as_it_was_written(pair):
    with pytest.raises(SettingsError) as refusal:
        parse_overrides([pair])
    assert repr(pair) in str(refusal.value)


@pytest.mark.parametrize("value", ["[planted", ": planted: :", "'planted", "{planted: \x07}"])
def test_a_value_that_is_no_yaml_is_not_repeated_as_it_may_be_secret(value, yaml_file):
    with pytest.raises(SettingsError, match="shots: the value is no YAML") as refusal:
        parse_overrides([f"shots={value}"])
    assert "planted" not in str(refusal.value)
    with pytest.raises(SettingsError, match=r"photo\.yaml: ") as refusal:
        Photo.load(yaml_file(f"title: x\nshots: {value}"))
    assert "planted" not in str(refusal.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=4)
    ),
    max_leaves=12,
)


def reordered(value, chance):
    if isinstance(value, dict):
        items = list(value.items())
        chance.shuffle(items)
        return {key: reordered(item, chance) for key, item in items}
    if isinstance(value, list):
        return [reordered(item, chance) for item in value]
    return value


@given(json_values, st.randoms(use_true_random=False))
def test_a_digest_does_not_depend_on_the_order_of_keys(values, chance: random.Random):
    assert digest_of(reordered(values, chance)) == digest_of(values)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"a": 1}, {"a": 2}, id="another value"),
        pytest.param({"a": 1}, {"b": 1}, id="another key"),
        pytest.param({"a": 1}, {"a": "1"}, id="another type"),
        pytest.param({"a": [1, 2]}, {"a": [2, 1]}, id="another order of a list"),
        pytest.param({"a": None}, {}, id="null and absent"),
    ],
)
def test_other_values_have_another_digest(one, other):
    assert digest_of(one) != digest_of(other)


PLACES = {"input": "in", "output": "out"}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"engine": {"device": "tpu"}}, "engine.device='tpu'", id="device"),
        pytest.param({"engine": {"kind": "tesseract"}}, "engine.kind", id="engine"),
        pytest.param({"shards": {"pages": 0}}, "shards.pages", id="no pages a shard"),
        pytest.param({"shards": {"pages": -1}}, "shards.pages", id="fewer than no pages a shard"),
        pytest.param({"shards": {"target_seconds": 0}}, "target_seconds", id="no time a shard"),
        pytest.param({"decode": {"pdf_dpi": 0}}, "decode.pdf_dpi", id="no dots"),
        pytest.param({"decode": {"max_pixels": 0}}, "decode.max_pixels", id="no pixels"),
        pytest.param({"recognition": {"batch_lines": 0}}, "batch_lines", id="empty batches"),
        pytest.param({"recognition": {"open_pages": 0}}, "open_pages", id="no page at a time"),
        pytest.param({"engine": {"threads": -3}}, "engine.threads", id="less than no threads"),
        pytest.param({"engine": {"detection": {"min_side": -1}}}, "min_side", id="negative side"),
        pytest.param({"review": {"low_confidence": 2}}, "low_confidence", id="above all"),
        pytest.param({"failures": {"max_share": 1.5}}, "failures.max_share", id="share"),
        pytest.param({"decode": {"dpi": 1}}, "decode.dpi", id="unknown option of a room"),
        pytest.param({"engine": {"detection": {"x": 1}}}, "engine.detection.x", id="two deep"),
        pytest.param({"inputs": "in"}, "inputs", id="unknown option of the job"),
    ],
)
def test_settings_of_the_job_that_make_no_sense_are_refused_by_name(values, named):
    with pytest.raises(SettingsError) as refusal:
        ArchiveOcrSettings.load(None, PLACES | values)
    assert named in str(refusal.value)


@pytest.mark.parametrize("missing", ["input", "output"])
def test_the_job_needs_to_know_where_from_and_where_to(missing):
    with pytest.raises(SettingsError, match=missing):
        ArchiveOcrSettings.load(None, {key: PLACES[key] for key in PLACES if key != missing})


def test_a_name_may_look_like_a_number():
    overrides = parse_overrides(["collection=1884"])
    assert ArchiveOcrSettings.load(None, PLACES | overrides).collection == "1884"
