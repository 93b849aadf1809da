"""The documentation of use says what the code does: commands, settings, params, links, files."""

import ast
import dataclasses
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ocr_tasks.cli.main import app
from ocr_tasks.dataset.rules import Rule
from ocr_tasks.errors import SettingsError
from ocr_tasks.evaluation.gate import GateRules, decide
from ocr_tasks.evaluation.guards import GuardSpec
from ocr_tasks.evaluation.tables import summary_of
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings
from ocr_tasks.jobs.model_finetune import ModelFinetuneSettings
from ocr_tasks.settings import JobSettings, parse_overrides
from tests.docs.pages import (
    ARCHITECTURE,
    ARCHIVE_OCR,
    DATASET_REFRESH,
    MODEL_FINETUNE,
    MODELS,
    README,
    ROOT,
    anchors,
    every_page,
    shell_lines,
    table,
)
from tests.evaluation.planting import champion, honest, sound

PIPELINES: dict[str, tuple[Path, type[JobSettings]]] = {
    "archive_ocr": (ARCHIVE_OCR, ArchiveOcrSettings),
    "dataset_refresh": (DATASET_REFRESH, DatasetRefreshSettings),
    "model_finetune": (MODEL_FINETUNE, ModelFinetuneSettings),
}
# What commands without a setting of their own are documented in.
PAGE_OF = {name: page for name, (page, _) in PIPELINES.items()} | {"models": MODELS}
every_pipeline = pytest.mark.parametrize("name", PIPELINES)


def test_every_command_and_option_is_documented() -> None:
    for path, command in _commands():
        group = [*path.split(), ""][1].replace("-", "_")
        documented = PAGE_OF.get(group, ARCHIVE_OCR).read_text()
        assert path.count(" ") < 2 or path in documented, path
        for option in _options_of(command):
            assert f"`{option}`" in documented, f"{path} {option}"


@every_page
def test_commands_in_the_docs_have_the_options_they_are_given(page: Path) -> None:
    commands = dict(_commands())
    for line in shell_lines(page):
        words = shlex.split(line, comments=True)
        if words[0] != "ocr-tasks":
            continue
        path = " ".join(words[: 3 if words[1].replace("-", "_") in PAGE_OF else 2])
        known = {*_options_of(commands[path]), "--help"}
        assert {word for word in words if word.startswith("-")} <= known, line


@every_page
def test_overrides_in_the_docs_are_settings(page: Path) -> None:
    given = re.findall(r"-o '?([A-Za-z_.]+=[^\s'`]+)", page.read_text())
    for pair in given:
        assert any(_is_taken(kind, pair) for _, kind in PIPELINES.values()), pair


def _is_taken(kind: type[JobSettings], pair: str) -> bool:
    places = {name: "x" for name, info in kind.model_fields.items() if info.is_required()}
    try:
        kind.load(overrides=parse_overrides([pair]) | places)
    except SettingsError:
        return False
    return True


@every_pipeline
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    page, kind = PIPELINES[name]
    documented = {row[0].strip("`"): row[1].strip("`") for row in table(page, "Key", "Default")}
    settings = dict(_settings(kind))
    assert documented.keys() == settings.keys()
    for key, default in settings.items():
        if default is not _REQUIRED:
            assert yaml.safe_load(documented[key]) == default, key
        else:
            assert documented[key] == "required"


@every_pipeline
def test_the_example_configuration_holds_exactly_the_defaults(name: str) -> None:
    configured = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text())
    settings = _settings(PIPELINES[name][1])
    defaults = {key: value for key, value in settings if value is not _REQUIRED}
    assert dict(_flat(configured)) == defaults


def test_every_rule_of_datasets_is_documented_with_its_remedy() -> None:
    documented = table(DATASET_REFRESH, "Finding", "Severity", "What it means", "Remedy")
    assert documented == [
        [f"`{rule.code}`", str(rule.severity), rule.meaning, rule.remedy] for rule in Rule
    ]


def test_every_rule_of_the_gate_is_documented_with_its_limit() -> None:
    documented = {row[0].strip("`"): row[1] for row in table(MODELS, "Rule", "What it wants")}
    verdicts = [decide(each, champion(), GateRules(), sound()) for each in (honest(), None)]
    assert documented.keys() == {each.rule for told in verdicts for each in told.rulings}
    rules, guards = GateRules(), GuardSpec()
    assert f"{guards.min_agreement:.1%}".replace("%", " %") in documented["parity"]
    assert f"{guards.max_difference:g}" in documented["parity"]
    assert f"{guards.max_time_ratio:g}" in documented["speed"]
    assert f"{rules.min_documents} documents" in documented["documents"]
    assert f"{rules.margin:g}" in documented["improvement"]
    assert f"{rules.retention_margin:g}" in documented["retention"]
    assert f"{rules.stratum_lines} lines" in documented["strata"]
    assert f"{rules.stratum_margin:g}" in documented["strata"]


def test_every_number_of_an_evaluation_is_documented() -> None:
    documented = " ".join(row[0] for row in table(MODELS, "Number", "What it is"))
    numbers = summary_of(champion().test).keys() - {"lines"}
    assert set(re.findall(r"`(\w+)`", documented)) == numbers


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M)
    assert {"setup", "demo", "test", "lint", "help"} <= set(targets)
    for target in targets:
        assert re.search(rf"\bmake {target}\b", README.read_text()), target


@every_page
def test_make_targets_in_the_docs_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    lines = [line.split() for line in shell_lines(page)]
    assert {words[1] for words in lines if words[0] == "make"} <= targets


@every_pipeline
def test_every_param_of_the_dag_is_documented(name: str) -> None:
    page = PIPELINES[name][0]
    documented = {row[0].strip("`") for row in table(page, "Param", "Type", "Meaning")}
    assert documented == _dag_params(name)


@every_page
def test_confs_in_the_docs_have_only_params_of_a_dag(page: Path) -> None:
    confs = re.findall(r"-conf '({.*?})'(?:\s|$)|conf such as\s`({.*?})`", page.read_text())
    for conf in filter(None, (first or second for first, second in confs)):
        keys = yaml.safe_load(conf).keys()
        assert any(keys <= _dag_params(name) for name in PIPELINES), conf


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.is_relative_to(ROOT), target
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@every_page
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    found = re.findall(r"(?<![\w./])(?:/(?:work|root|home|tmp)/\S*|~/\S*)", page.read_text())
    assert found == []


def test_every_file_of_the_package_has_its_line_in_the_architecture() -> None:
    documented = {row[0].strip("`") for row in table(ARCHITECTURE, "File", "What it does")}
    files = [
        *(path for path in ROOT.glob("ocr_tasks/**/*.py") if path.name != "__init__.py"),
        *ROOT.glob("ocr_tasks/**/*.sql"),
        *ROOT.glob("dags/*.py"),
    ]
    assert documented == {path.relative_to(ROOT).as_posix() for path in files}


def test_the_floors_are_those_that_are_enforced() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    floors = next(c for c in project["tool"]["importlinter"]["contracts"] if c["id"] == "floors")
    enforced = [set(re.findall(r"\w+", layer)) for layer in floors["layers"]]
    picture = re.search(r"```text\n(.*?)```", ARCHITECTURE.read_text(), re.S)
    assert picture is not None
    drawn = [re.split(r"\s{2,}", line.strip()) for line in picture[1].splitlines()]
    rooms = [set(re.findall(r"\w+", cells[1])) for cells in drawn if len(cells) > 1]
    assert rooms[1:] == enforced[1:]  # the top one is a file, drawn with the DAGs
    assert "cli" in picture[1]


# What the code knows.

_REQUIRED = object()


def _commands() -> Iterator[tuple[str, Any]]:
    """Every command by its whole name, groups included."""
    waiting = [("ocr-tasks", typer.main.get_command(app))]
    while waiting:
        path, command = waiting.pop()
        yield path, command
        for name, below in getattr(command, "commands", {}).items():
            waiting.append((f"{path} {name}", below))


def _options_of(command: Any) -> list[str]:
    return [name for param in command.params for name in param.opts if name.startswith("-")]


def _settings(kind: type[JobSettings]) -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted key, and its default."""
    for name, info in kind.model_fields.items():
        default = _REQUIRED if info.is_required() else info.get_default(call_default_factory=True)
        default = list(default) if isinstance(default, tuple) else default  # as YAML has them
        yield from _flat_default(name, default)


def _flat_default(key: str, default: Any) -> Iterator[tuple[str, Any]]:
    if not dataclasses.is_dataclass(default):
        yield key, default
        return
    for field in dataclasses.fields(default):
        value = getattr(default, field.name)
        value = list(value) if isinstance(value, tuple) else value
        yield from _flat_default(f"{key}.{field.name}", value)


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _dag_params(name: str) -> set[str]:
    """The keys of a DAG's PARAMS, without importing Airflow."""
    return _keys_of("PARAMS", name) | _keys_of("COMMON_PARAMS", "ocr_common")


def _keys_of(constant: str, module: str) -> set[str]:
    tree = ast.parse((ROOT / "dags" / f"{module}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == constant:
            return {ast.literal_eval(key) for key in node.value.keys if key is not None}
    raise AssertionError(f"dags/{module}.py has no {constant}")
