"""The documentation says what the code does: commands, settings, errors, columns, links."""

import ast
import dataclasses
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import typer
import yaml

from ocr_tasks import errors
from ocr_tasks.cli import app
from ocr_tasks.engines.fake import load as load_fake
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.jobs.archive_ocr import ArchiveOcrSettings
from ocr_tasks.records import ExpectedPage, Line, PageFacts, PageFailure, PageResult
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.rows import Provenance, ReviewSpec, Row, row_of
from ocr_tasks.results.schema import LINE, PAGE_ROW, Status
from ocr_tasks.results.writer import shard_bytes
from ocr_tasks.settings import parse_overrides

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
ARCHIVE_OCR = ROOT / "docs" / "archive_ocr.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
ERRORS = ROOT / "docs" / "errors.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_every_command_and_option_is_documented() -> None:
    documented = ARCHIVE_OCR.read_text()
    for path, command in _commands():
        assert path == "ocr-tasks archive-ocr" or path in documented
        for option in _options_of(command):
            assert f"`{option}`" in documented, f"{path} {option}"


@every_page
def test_commands_in_the_docs_have_the_options_they_are_given(page: Path) -> None:
    commands = dict(_commands())
    for line in _shell_lines(page):
        words = shlex.split(line, comments=True)
        if words[0] != "ocr-tasks":
            continue
        path = " ".join(words[: 3 if words[1] == "archive-ocr" else 2])
        known = {*_options_of(commands[path]), "--help"}
        assert {word for word in words if word.startswith("-")} <= known, line


@every_page
def test_overrides_in_the_docs_are_settings(page: Path) -> None:
    given = re.findall(r"-o '?([a-z_.]+=[^\s'`]+)", page.read_text())
    ArchiveOcrSettings.load(
        overrides=parse_overrides(given) | {"input": "scans", "output": "results"}
    )


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {
        row[0].strip("`"): row[1].strip("`") for row in _table(ARCHIVE_OCR, "Key", "Default")
    }
    settings = dict(_settings())
    assert documented.keys() == settings.keys()
    for key, default in settings.items():
        if default is not _REQUIRED:
            assert yaml.safe_load(documented[key]) == default, key
        else:
            assert documented[key] == "required"


def test_the_example_configuration_holds_exactly_the_defaults() -> None:
    configured = yaml.safe_load((ROOT / "configs" / "archive_ocr.yaml").read_text())
    defaults = {key: value for key, value in _settings() if value is not _REQUIRED}
    assert dict(_flat(configured)) == defaults


def test_the_table_of_errors_is_the_tree_of_errors() -> None:
    documented = _table(ERRORS, "Code", "Class", "Stage", "Retryable", "What it means", "Remedy")
    expected = [
        [
            f"`{error.code}`",
            error.__name__,
            error.stage,
            "yes" if error.retryable else "no",
            inspect.getdoc(error).splitlines()[0],
            error.remedy,
        ]
        for error in _error_classes()
        if "code" in vars(error)
    ]
    assert sorted(documented) == sorted(expected)


def test_every_error_class_is_documented() -> None:
    documented = ERRORS.read_text()
    for error in _error_classes():
        assert error.__name__ in documented


@pytest.mark.parametrize("page", [ERRORS, ARCHIVE_OCR], ids=lambda page: page.name)
def test_every_exit_code_is_documented(page: Path) -> None:
    codes = {int(row[0]) for row in _table(page, "Exit code", "Meaning")}
    assert codes == {0, 3} | {error.exit_code for error in _error_classes()}


def test_every_column_of_a_row_is_documented_with_its_type() -> None:
    documented = [row[:2] for row in _table(ARCHIVE_OCR, "Column", "Type", "Meaning") if row[1]]
    assert documented == [[f"`{field.name}`", _type_name(field)] for field in PAGE_ROW]


def test_every_field_of_a_line_is_documented_with_its_type() -> None:
    after = ARCHIVE_OCR.read_text().split("### Lines")[1]
    documented = [row[:2] for row in _table_in(after, "Field", "Type", "Meaning")]
    assert documented == [[f"`{field.name}`", _type_name(field)] for field in LINE]


def test_columns_documented_as_always_null_are_those_that_no_row_fills() -> None:
    rows = _rows()
    null = {name for name in PAGE_ROW.names if all(row[name] is None for row in rows)}
    lines = [line for row in rows for line in row["lines"] or []]
    null_in_lines = {field.name for field in LINE if all(x.get(field.name) is None for x in lines)}
    columns = _table(ARCHIVE_OCR, "Column", "Type", "Meaning")
    assert null == {row[0].strip("`") for row in columns if row[2] == "always null"}
    text = ARCHIVE_OCR.read_text()
    sentence = re.search(
        r"\*\*Always null today\*\*: (.*?), and within\s+lines (.*?)\.", text, re.S
    )
    assert sentence is not None
    assert null == set(re.findall(r"`(\w+)`", sentence[1]))
    assert null_in_lines == set(re.findall(r"`(\w+)`", sentence[2]))


def test_every_status_is_documented() -> None:
    documented = {row[0].strip("`") for row in _table(ARCHIVE_OCR, "Status", "Meaning")}
    assert documented == set(Status)


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M)
    assert {"setup", "demo", "test", "lint", "help"} <= set(targets)
    for target in targets:
        assert re.search(rf"\bmake {target}\b", README.read_text()), target


@every_page
def test_make_targets_in_the_docs_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    lines = [line.split() for line in _shell_lines(page)]
    assert {words[1] for words in lines if words[0] == "make"} <= targets


def test_every_param_of_the_dag_is_documented() -> None:
    documented = {row[0].strip("`") for row in _table(ARCHIVE_OCR, "Param", "Type", "Meaning")}
    assert documented == set(_dag_params())


@every_page
def test_confs_in_the_docs_have_only_params_of_the_dag(page: Path) -> None:
    confs = re.findall(r"-conf '({.*?})'(?:\s|$)", page.read_text())
    for conf in confs:
        assert yaml.safe_load(conf).keys() <= set(_dag_params())


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.is_relative_to(ROOT), target
        assert linked.exists(), target
        assert not anchor or anchor in _anchors(linked), target


@every_page
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    found = re.findall(r"(?<![\w./])(?:/(?:work|root|home|tmp)/\S*|~/\S*)", page.read_text())
    assert found == []


def test_every_file_of_the_package_has_its_line_in_the_architecture() -> None:
    documented = {row[0].strip("`") for row in _table(ARCHITECTURE, "File", "What it does")}
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


def test_queries_in_the_docs_run(results: Path) -> None:
    queries = [code for page in PAGES for code in _blocks(page, "sql")]
    assert len(queries) >= 3
    for query in queries:
        assert duckdb.connect().sql(query).fetchall(), query


def test_python_that_reads_results_in_the_docs_runs(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = [code for code in _blocks(ARCHIVE_OCR, "python") if "datasets" not in code]
    assert len(blocks) >= 3
    for block in blocks:
        exec(compile(block, str(ARCHIVE_OCR), "exec"), {})
    assert capsys.readouterr().out.count("doubtful") == 2  # by DuckDB and by Polars


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ``results`` with a run, below the folder that is now the current one."""
    monkeypatch.chdir(tmp_path)
    layout = RunLayout("results", "letters", "june")
    part = Path(layout.part("00000"))
    part.parent.mkdir(parents=True)
    part.write_bytes(shard_bytes(_rows(), {}))
    seal = Path(layout.seal)
    seal.parent.mkdir(parents=True)
    seal.write_text('{"run_id": "june", "pages": 2}\n')
    return tmp_path / "results"


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


def _settings() -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted key, and its default."""
    for name, info in ArchiveOcrSettings.model_fields.items():
        default = _REQUIRED if info.is_required() else info.get_default(call_default_factory=True)
        yield from _flat_default(name, default)


def _flat_default(key: str, default: Any) -> Iterator[tuple[str, Any]]:
    if not dataclasses.is_dataclass(default):
        yield key, default
        return
    for field in dataclasses.fields(default):
        yield from _flat_default(f"{key}.{field.name}", getattr(default, field.name))


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _error_classes() -> list[type[errors.OcrTasksError]]:
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    return [error for error in classes if issubclass(error, errors.OcrTasksError)]


def _type_name(field: pa.Field) -> str:
    name = str(field.type)
    if pa.types.is_list(field.type):
        inner = field.type.value_type
        name = "list of struct" if pa.types.is_struct(inner) else f"list of {inner}"
    return name if field.nullable else f"{name} *"


def _dag_params() -> list[str]:
    """The keys of PARAMS, without importing Airflow."""
    tree = ast.parse((ROOT / "dags" / "archive_ocr.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PARAMS":
            return [ast.literal_eval(key) for key in node.value.keys]
    raise AssertionError("dags/archive_ocr.py has no PARAMS")


def _rows() -> list[Row]:
    """A page with everything that can be known of one, and a failed page."""
    member = ExpectedPage(
        page_id="1" * 32,
        source_id="2" * 32,
        source_uri="file:///scans/box.tar",
        source_member="letter.pdf",
        member_index=0,
        member_offset=512,
        source_bytes=1,
        source_version="v",
        media_type="application/pdf",
        page_index=0,
        page_count=2,
    )
    facts = PageFacts(100, 50, "3" * 64, "4" * 64, 200.0, 2.8, 1, 1.0, 1.0)
    corners = np.array([[1, 1], [9, 1], [9, 5], [1, 5]], np.float32)
    line = Line(0, 0, "a doubtful line", 0.5, 0.9, corners)
    read = PageResult(member, facts, (line,), 1.0, 1.0)
    other = dataclasses.replace(member, page_id="5" * 32, page_index=1)
    failed = PageFailure(other, "decode", "E_BAD_PDF", "page 1 is damaged", False)
    provenance = Provenance(
        "letters", "june", "manual__1", "00000", "a", "0", "c", load_fake(EngineSpec()).info, "h"
    )
    return [row_of(answer, provenance, ReviewSpec()) for answer in (read, failed)]


# What the pages say.


def _table(page: Path, *heads: str) -> list[list[str]]:
    return _table_in(page.read_text(), *heads)


def _table_in(text: str, *heads: str) -> list[list[str]]:
    """The rows of every table whose first heads are these."""
    rows: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if inside and not set(line) <= set("|-: "):
            rows.append(cells)
        inside = inside or cells[: len(heads)] == list(heads)
    assert rows, f"there is no table of {heads}"
    return rows


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.S)


def _shell_lines(page: Path) -> list[str]:
    """The commands in a page's code blocks, continued lines joined."""
    code = "\n".join(_blocks(page, "sh")).replace("\\\n", " ")
    return [line for line in code.splitlines() if line.strip()]


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
