"""The documentation of results says what the code does: columns, statuses, errors, queries."""

import dataclasses
import inspect
import re
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ocr_tasks import errors
from ocr_tasks.engines.fake import load as load_fake
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import GateRefusedError
from ocr_tasks.records import ExpectedPage, Line, PageFacts, PageFailure, PageResult
from ocr_tasks.results.layout import RunLayout
from ocr_tasks.results.rows import Provenance, ReviewSpec, Row, row_of
from ocr_tasks.results.schema import LINE, PAGE_ROW, Status
from ocr_tasks.results.writer import shard_bytes
from tests.docs.pages import ARCHIVE_OCR, ERRORS, PAGES, code_blocks, table, table_in


def test_the_table_of_errors_is_the_tree_of_errors() -> None:
    documented = table(ERRORS, "Code", "Class", "Stage", "Retryable", "What it means", "Remedy")
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


@pytest.mark.parametrize(
    ("page", "of_models"), [(ERRORS, {4}), (ARCHIVE_OCR, set())], ids=["errors", "archive_ocr"]
)
def test_every_exit_code_is_documented(page: Path, of_models: set[int]) -> None:
    codes = {int(row[0]) for row in table(page, "Exit code", "Meaning")}
    raised = {error.exit_code for error in _error_classes()} - {GateRefusedError.exit_code}
    assert codes == {0, 3, 130} | raised | of_models


def test_every_column_of_a_row_is_documented_with_its_type() -> None:
    documented = [row[:2] for row in table(ARCHIVE_OCR, "Column", "Type", "Meaning") if row[1]]
    assert documented == [[f"`{field.name}`", _type_name(field)] for field in PAGE_ROW]


def test_every_field_of_a_line_is_documented_with_its_type() -> None:
    after = ARCHIVE_OCR.read_text().split("### Lines")[1]
    documented = [row[:2] for row in table_in(after, "Field", "Type", "Meaning")]
    assert documented == [[f"`{field.name}`", _type_name(field)] for field in LINE]


def test_columns_documented_as_always_null_are_those_that_no_row_fills() -> None:
    rows = _rows()
    null = {name for name in PAGE_ROW.names if all(row[name] is None for row in rows)}
    lines = [line for row in rows for line in row["lines"] or []]
    null_in_lines = {field.name for field in LINE if all(x.get(field.name) is None for x in lines)}
    columns = table(ARCHIVE_OCR, "Column", "Type", "Meaning")
    assert null == {row[0].strip("`") for row in columns if row[2] == "always null"}
    text = ARCHIVE_OCR.read_text()
    sentence = re.search(
        r"\*\*Always null today\*\*: (.*?), and within\s+lines (.*?)\.", text, re.S
    )
    assert sentence is not None
    assert null == set(re.findall(r"`(\w+)`", sentence[1]))
    assert null_in_lines == set(re.findall(r"`(\w+)`", sentence[2]))


def test_every_status_is_documented() -> None:
    documented = {row[0].strip("`") for row in table(ARCHIVE_OCR, "Status", "Meaning")}
    assert documented == set(Status)


def test_queries_in_the_docs_run(results: Path) -> None:
    queries = [code for page in PAGES for code in code_blocks(page, "sql")]
    assert len(queries) >= 3
    for query in queries:
        assert duckdb.connect().sql(query).fetchall(), query


def test_python_that_reads_results_in_the_docs_runs(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = [code for code in code_blocks(ARCHIVE_OCR, "python") if "datasets" not in code]
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


def _error_classes() -> list[type[errors.OcrTasksError]]:
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    return [error for error in classes if issubclass(error, errors.OcrTasksError)]


def _type_name(field: pa.Field) -> str:
    name = str(field.type)
    if pa.types.is_list(field.type):
        inner = field.type.value_type
        name = "list of struct" if pa.types.is_struct(inner) else f"list of {inner}"
    return name if field.nullable else f"{name} *"


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
    facts = PageFacts(100, 50, "3" * 64, "4" * 64, 150.0, 2.1, 1, 1.0, 1.0, 2, "150_dpi")
    corners = np.array([[1, 1], [9, 1], [9, 5], [1, 5]], np.float32)
    line = Line(0, 0, "a doubtful line", 0.5, 0.9, corners)
    read = PageResult(member, facts, (line,), 1.0, 1.0)
    other = dataclasses.replace(member, page_id="5" * 32, page_index=1)
    failed = PageFailure(other, "decode", "E_BAD_PDF", "page 1 is damaged", False)
    provenance = Provenance(
        "letters", "june", "manual__1", "00000", "a", "0", "c", load_fake(EngineSpec()).info, "h"
    )
    return [row_of(answer, provenance, ReviewSpec()) for answer in (read, failed)]
